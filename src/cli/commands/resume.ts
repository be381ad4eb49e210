// `holdfast resume`: decides what becomes of an interrupted turn, so that its session goes on.

import type { ResumeAction } from '../choices.ts'
import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { openGateway } from '../gateway.ts'
import { sessionFacts } from '../output/session-text.ts'

export async function resume(
  context: CommandContext,
  options: { action: ResumeAction },
  idOrKey: string,
): Promise<number> {
  const { screen } = context
  using gateway = await openGateway(context)
  const session = await gateway.client.resume(idOrKey, options.action)
  if (screen.json) screen.record(session)
  else screen.print(sessionFacts(session, screen.style))
  return EXIT.done
}
