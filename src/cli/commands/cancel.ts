// `holdfast cancel`: asks for the end of one turn, or of the one that runs.

import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { openGateway } from '../gateway.ts'

export const CANCEL_SAID = {
  ended: 'cancelled',
  requested: 'asked the agent to stop',
  none: 'nothing to cancel',
} as const

export interface CancelOptions {
  /** Seconds. */
  readonly wait?: number
}

export async function cancel(
  context: CommandContext,
  { wait = 0 }: CancelOptions,
  session: string,
  turnId?: string,
): Promise<number> {
  const { screen } = context
  using gateway = await openGateway(context)
  const waitMs = Math.round(wait * 1000)
  const evidence = await gateway.client.cancelAndWait(session, { waitMs, ...(turnId !== undefined && { turnId }) })
  if (screen.json) screen.record(evidence)
  else {
    screen.print(`${[CANCEL_SAID[evidence.outcome], ...evidence.turns].join(' ')}\n`)
    for (const { state, forced, ms } of evidence.ended)
      screen.print(`${state} after ${ms} ms${forced ? ', by force' : ''}\n`)
  }
  return EXIT.done
}
