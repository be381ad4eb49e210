// `holdfast sessions close`: ends what runs and the agent, and says how. Done when no process of the session is left.

import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { openGateway } from '../gateway.ts'

export interface SessionsCloseOptions {
  readonly deleteConversation?: boolean
}

export async function sessionsClose(
  context: CommandContext,
  { deleteConversation = false }: SessionsCloseOptions,
  idOrKey: string,
): Promise<number> {
  const { screen } = context
  using gateway = await openGateway(context)
  const query = deleteConversation ? { delete_conversation: true } : {}
  const closed = await gateway.client.closeSession(idOrKey, query)
  const { session, stopped, turns, conversation_deleted: isDeleted } = closed
  const survivors = stopped?.survivors ?? []
  if (screen.json) screen.record(closed)
  else {
    const how =
      stopped === null ? '' : ` (agent ended in ${Math.round(stopped.ms)} ms${stopped.forced ? ', by force' : ''})`
    screen.print(`closed ${session.id}${how}\n`)
    if (isDeleted) screen.print('its conversation was deleted at the agent\n')
    else if (deleteConversation) screen.print('its agent has no conversation of it\n')
    if (turns.length > 0) screen.print(`ended ${turns.join(' ')}\n`)
    if (survivors.length > 0) screen.note(`processes that could not be ended: ${survivors.join(' ')}`)
  }
  return survivors.length === 0 ? EXIT.done : EXIT.failed
}
