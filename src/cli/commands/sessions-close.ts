// `holdfast sessions close`: ends what runs and the agent, and says how. Done when no process of the session is left.

import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { openGateway } from '../gateway.ts'

export async function sessionsClose(context: CommandContext, _: object, idOrKey: string): Promise<number> {
  const { screen } = context
  using gateway = await openGateway(context)
  const { session, stopped, turns } = await gateway.client.closeSession(idOrKey)
  const survivors = stopped?.survivors ?? []
  if (screen.json) screen.record({ session, stopped, turns })
  else {
    const how =
      stopped === null ? '' : ` (agent ended in ${Math.round(stopped.ms)} ms${stopped.forced ? ', by force' : ''})`
    screen.print(`closed ${session.id}${how}\n`)
    if (turns.length > 0) screen.print(`ended ${turns.join(' ')}\n`)
    if (survivors.length > 0) screen.note(`processes that could not be ended: ${survivors.join(' ')}`)
  }
  return survivors.length === 0 ? EXIT.done : EXIT.failed
}
