// The only place where an agent is treated otherwise than the others: before its conversation is loaded.

import type { AgentCapabilities } from '../../acp/initialize.ts'
import type { Clock } from '../../base/clock.ts'
import { CancelledError } from '../../base/errors.ts'
import type { AgentLink } from '../link/agent-link.ts'
import { gemini } from './gemini.ts'
import type { Quirk } from './quirk.ts'

const QUIRKS: readonly Quirk[] = [gemini]

/** No quirk makes a start wait for longer, whatever the clock does. Not part of the deadline of any request. */
export const LOAD_WAIT_MS_MAX = 61_000

const STAGE = 'load_wait'

export interface LoadWait {
  readonly capabilities: AgentCapabilities
  /** When the conversation began, epoch ms; undefined when nobody knows: then nothing is waited for. */
  readonly begunAt: number | undefined
  readonly clock: Clock
  readonly signal: AbortSignal
}

/**
 * Resolves when the conversation can be loaded without harm. Rejects with CANCELLED, stage `load_wait`, when `signal` aborts, and
 * with AGENT_* as soon as the agent is lost.
 */
export async function waitToLoad(link: AgentLink, { capabilities, begunAt, clock, signal }: LoadWait): Promise<void> {
  const quirk = QUIRKS.find(({ agent }) => agent === capabilities.agent?.name)
  if (quirk === undefined || begunAt === undefined) return
  const ms = Math.min(quirk.loadAfter(begunAt) - clock.now(), LOAD_WAIT_MS_MAX)
  if (ms <= 0) return
  link.warn('load_delayed', `${quirk.agent} destroys a conversation that is loaded too early: waited ${ms} ms`)
  try {
    await waitUntil(clock.now() + ms, { link, clock, signal })
  } finally {
    link.onLost = () => {}
  }
}

interface Waiting extends Pick<LoadWait, 'clock' | 'signal'> {
  readonly link: AgentLink
}

function waitUntil(at: number, { link, clock, signal }: Waiting): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new CancelledError(STAGE))
    const settle = (finish: () => void): void => {
      timer.cancel()
      signal.removeEventListener('abort', onAbort)
      finish()
    }
    const onAbort = (): void => settle(() => reject(new CancelledError(STAGE)))
    const timer = clock.at(at, () => settle(resolve))
    link.onLost = (error) => settle(() => reject(error))
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
