// session/close and session/delete. Closing is leaving: the last editor that leaves ends what runs. Deleting ends the session for everybody.

import { isHoldfastError } from '../base/errors.ts'
import type { SessionId } from '../base/ids.ts'
import type { JsonObject } from '../base/json.ts'
import type { AttachedSession } from './attached-session.ts'
import type { Editor, Outcome } from './methods.ts'
import { sessionIdParam, textParam } from './params.ts'
import { Refusal } from './rpc-errors.ts'

/** F-23: "last controller" is the last editor in which the session is open; other clients of the gateway are not asked. */
export async function closeSession(editor: Editor, params: JsonObject): Promise<Outcome> {
  const id = sessionIdParam(params)
  const attached = editor.sessions.get(id)
  await editor.service.get(id)
  await cancelOnLeave(editor, id, attached)
  await attached?.untilIdle()
  if (editor.sessions.get(id) === attached) editor.sessions.detach(id)
  return { kind: 'answer', result: {} }
}

/** F-22: also of a session that is gone already or never was. */
export async function deleteSession(editor: Editor, params: JsonObject): Promise<Outcome> {
  textParam(params, 'sessionId')
  try {
    const id = sessionIdParam(params)
    await editor.service.close(id)
    await editor.sessions.get(id)?.untilIdle()
    editor.sessions.detach(id)
  } catch (error) {
    const isGone = isHoldfastError(error) && error.code === 'SESSION_NOT_FOUND'
    if (!isGone && !(error instanceof Refusal)) throw error
  }
  return { kind: 'answer', result: {} }
}

async function cancelOnLeave(editor: Editor, id: SessionId, attached: AttachedSession | undefined): Promise<void> {
  await attached?.accepted()
  for (const turn of attached?.ownTurns.toReversed() ?? []) await editor.service.cancel(id, turn)
  if (editor.others(id).length === 0) await editor.service.cancel(id)
}
