// `holdfast sessions show`: one session and its latest turns.

import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { openGateway } from '../gateway.ts'
import { sessionDetail } from '../output/controls-text.ts'
import { turnTable } from '../output/session-text.ts'

const TURNS_SHOWN = 10

export async function sessionsShow(context: CommandContext, _: object, idOrKey: string): Promise<number> {
  const { screen } = context
  using gateway = await openGateway(context)
  const session = await gateway.client.getSession(idOrKey)
  const { turns } = await gateway.client.listTurns(session.id, { limit: TURNS_SHOWN })
  if (screen.json) screen.record({ session, turns })
  else {
    screen.print(sessionDetail(session, screen.style))
    if (turns.length > 0) screen.print(`\n${turnTable(turns, screen.style, Date.now())}`)
  }
  return EXIT.done
}
