// Extension methods between an editor and the agent of a session: passed on with the other's id of the session, and never understood.

import { RPC_CODES } from '../acp/rpc.ts'
import { isHoldfastError } from '../base/errors.ts'
import type { SessionId } from '../base/ids.ts'
import type { Json, JsonObject } from '../base/json.ts'
import type { Editor, Outcome } from './methods.ts'
import { SESSION_ID } from './params.ts'
import { Refusal } from './rpc-errors.ts'

/** A request of the editor that is about a session of ours; any other one is not known here. The agent's error is the answer as well. */
export async function callAgent(editor: Editor, method: string, params: JsonObject): Promise<Outcome> {
  const { sessionId } = params
  if (!method.startsWith('_') || typeof sessionId !== 'string' || !SESSION_ID.test(sessionId))
    throw new Refusal(RPC_CODES.methodNotFound, 'Method not found', { method: method.slice(0, 200) })
  try {
    const result = await editor.service.extension(sessionId as SessionId, { method, params })
    return { kind: 'answer', result }
  } catch (error) {
    throw answeredBy(error) ?? error
  }
}

/** What the agent itself has answered. */
function answeredBy(error: unknown): Refusal | undefined {
  const raw = isHoldfastError(error) ? (error.details['raw'] as RawError | undefined) : undefined
  return raw && new Refusal(raw.code, raw.message, raw.data as JsonObject | undefined)
}

interface RawError {
  readonly code: number
  readonly message: string
  readonly data?: Json
}

/** What an agent has notified of, as an editor is told; undefined for what was too long to be kept. */
export function extensionNote({ method, params }: JsonObject, sessionId: string): [string, JsonObject] | undefined {
  if (typeof method !== 'string' || typeof params !== 'object' || params === null) return undefined
  return [method, { ...(params as JsonObject), sessionId }]
}
