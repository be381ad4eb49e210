// Failpoints: named moments at which a gateway ends itself or stands still, so that a test can hit a window of microseconds for sure.
// One environment variable, no option: nothing of it exists in a gateway that is not started with it.

import { invalid } from './invalid.ts'
import type { Environment } from './environment.ts'

export const FAILPOINT_VARIABLE = 'HOLDFAST_FAILPOINT'

const POINTS = [
  /** A prompt is stored; its caller was not told. */
  'accept.stored',
  /** A dispatch is stored; not a byte of the prompt was written. */
  'dispatch.stored',
  /** The end of a turn is known; it is not stored. */
  'end.unstored',
  /** The intent to start an agent is stored; nothing was started. */
  'lease.intended',
  /** An agent was started; that is not stored. */
  'lease.started',
] as const

export type FailpointName = (typeof POINTS)[number]

export interface Failpoint {
  readonly name: FailpointName
  /**
   * `kill`: as SIGKILL does. `throw`: an exception that nobody catches. `hang`: from then on the store answers nothing. `block`: the event
   * loop stands still, once, for `blockMs`.
   */
  readonly action: 'kill' | 'throw' | 'hang' | 'block'
  readonly blockMs: number
}

/** `HOLDFAST_FAILPOINT=<name>[=throw|=hang|=block:<ms>]`; undefined when it is not set. CONFIG_INVALID for another name. */
export function failpointOf(env: Environment): Failpoint | undefined {
  const text = env[FAILPOINT_VARIABLE]
  if (text === undefined || text === '') return undefined
  const [, word, action = 'kill', ms = '0'] = /^([a-z.]+)(?:=([a-z]+)(?::(\d+))?)?$/.exec(text) ?? []
  const name = POINTS.find((point) => point === word)
  if (name !== undefined && isAction(action)) return { name, action, blockMs: Number(ms) }
  const place = { origin: 'env', name: FAILPOINT_VARIABLE } as const
  throw invalid(
    FAILPOINT_VARIABLE,
    `must be one of ${POINTS.join(', ')}, alone or with =throw, =hang or =block:<ms>`,
    place,
  )
}

function isAction(text: string): text is Failpoint['action'] {
  return ['kill', 'throw', 'hang', 'block'].includes(text)
}
