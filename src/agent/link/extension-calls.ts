// Extension methods (`_…`) between an agent and whoever knows them: what is said of a session is kept and shown, what is asked of the agent
// is passed on. Nothing here knows what a method means.

import type { AgentPeer } from './agent-peer.ts'
import type { IncomingNotification } from '../../acp/peer.ts'
import { isTold } from '../../acp/warnings.ts'
import { deadline } from '../../base/deadline.ts'
import type { AgentSessionId } from '../../base/ids.ts'
import type { Json, JsonObject } from '../../base/json.ts'
import { fromRpcFailure } from '../agent-errors.ts'

export interface ExtensionCall {
  readonly method: string
  /** `sessionId` is put in. */
  readonly params: JsonObject
}

/** For an answer to somebody who waits. */
const CALL_MS = 60_000
/** Of one notification, as text; of a longer one only the method is kept. */
const PARAMS_CHARS_MAX = 64 * 1024
/** Notifications of one process that are all kept; of what comes then, the first 20 and every doubling. */
const KEPT_MAX = 5_000

/** The agent's result. AGENT_ERROR and the like with its answer in the details, DEADLINE after a minute, or why the connection is lost. */
export function callExtension(
  peer: Pick<AgentPeer, 'request' | 'cancelRequest'>,
  agent: string,
  sessionId: AgentSessionId,
  { method, params }: ExtensionCall,
): Promise<Json> {
  let id: string | number = ''
  const answered = new Promise<Json>((resolve, reject) => {
    id = peer.request(method, { ...params, sessionId }, (result) => {
      if (result.kind === 'result') resolve(result.result)
      else reject(result.kind === 'closed' ? result.error : fromRpcFailure(agent, result.error, { stage: method }))
    })
  })
  return deadline(answered, { ms: CALL_MS, stage: method }).finally(() => peer.cancelRequest(id))
}

/** What one process says in notifications of its own. */
export class ExtensionNotes {
  #count = 0

  /** The event's data as JSON text, without the agent's id of the session; undefined for what is about no session, or one too many. */
  take({ method, params }: IncomingNotification): { readonly sessionId: string; readonly data: string } | undefined {
    const { sessionId, ...rest } = params
    if (!method.startsWith('_') || typeof sessionId !== 'string') return undefined
    const count = ++this.#count - KEPT_MAX
    if (count > 0 && !isTold(count)) return undefined
    const text = JSON.stringify(rest)
    const said = text.length > PARAMS_CHARS_MAX ? { params: null, chars: text.length } : { params: rest }
    return { sessionId, data: JSON.stringify({ method: method.slice(0, 200), ...said }) }
  }
}
