// `holdfast cancel`: asks for the end of one turn, or of the one that runs.

import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { openGateway } from '../gateway.ts'

export const CANCEL_SAID = {
  ended: 'cancelled',
  requested: 'asked the agent to stop',
  none: 'nothing to cancel',
} as const

export async function cancel(context: CommandContext, _: object, session: string, turnId?: string): Promise<number> {
  const { screen } = context
  using gateway = await openGateway(context)
  const evidence = await gateway.client.cancel(session, turnId)
  if (screen.json) screen.record(evidence)
  else screen.print(`${[CANCEL_SAID[evidence.outcome], ...evidence.turns].join(' ')}\n`)
  return EXIT.done
}
