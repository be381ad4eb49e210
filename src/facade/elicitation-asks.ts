// The questions of one session that one editor was asked, of the modes that it can show (F-09). Every editor gets its own; the first
// valid answer of anybody counts, the others are cancelled (F-50). Whatever is no valid answer only takes this editor out of the race.

import type { JsonRpcPeer, RpcResult } from '../acp/peer.ts'
import type { ElicitationAnswer } from '../acp/elicitation.ts'
import { isHoldfastError } from '../base/errors.ts'
import type { ElicitationId, SessionId } from '../base/ids.ts'
import { isJsonObject } from '../base/json.ts'
import type { JsonObject } from '../base/json.ts'
import type { EditorFacts } from './initialize.ts'
import { META } from './meta.ts'
import type { FacadePorts } from './ports.ts'

export interface ElicitationAskPorts extends Pick<FacadePorts, 'elicitations' | 'logger'> {
  readonly peer: JsonRpcPeer
  readonly facts: EditorFacts
  readonly sessionId: SessionId
  /** Who answers, for the record. */
  readonly answeredBy: string
  /** A JSON-RPC id for the request; no other one that waits on this connection has it. */
  requestId(elicitation: ElicitationId): string
}

export type AskedElicitation = {
  readonly id: ElicitationId
  readonly message: string
  readonly toolCallId: string | undefined
} & ({ readonly mode: 'form'; readonly requestedSchema: JsonObject } | { readonly mode: 'url'; readonly url: string })

/** URLs that the editor was given and whose end it is told; older ones are forgotten. */
const URLS_MAX = 64

export class ElicitationAsks implements Disposable {
  readonly #ports: ElicitationAskPorts
  readonly #open = new Map<ElicitationId, string>()
  #urls: ElicitationId[] = []

  constructor(ports: ElicitationAskPorts) {
    this.#ports = ports
  }

  /** Once for each question, of a mode that the editor has said it can show. */
  ask(asked: AskedElicitation): void {
    const { peer, facts, sessionId, requestId } = this.#ports
    const { id, message, toolCallId, mode } = asked
    if (this.#open.has(id) || !facts.elicitation[mode]) return
    const rpcId = requestId(id)
    this.#open.set(id, rpcId)
    const about = mode === 'form' ? { requestedSchema: asked.requestedSchema } : { url: asked.url, elicitationId: id }
    if (mode === 'url') this.#urls = [...this.#urls, id].slice(-URLS_MAX)
    const call = toolCallId === undefined ? {} : { toolCallId }
    const params = { sessionId, ...call, mode, message, ...about, _meta: { [META.elicitation]: id } }
    peer.request('elicitation/create', params, (result) => this.#answered(id, result), { id: rpcId })
  }

  /** Somebody has answered, or nobody is asked any more. */
  close(id: ElicitationId): void {
    const rpcId = this.#open.get(id)
    if (rpcId === undefined) return
    this.#open.delete(id)
    this.#ports.peer.cancelRequest(rpcId)
  }

  /** What a URL was for is done: told to an editor that was given it. */
  completed(id: ElicitationId): void {
    if (!this.#urls.includes(id)) return
    this.#urls = this.#urls.filter((url) => url !== id)
    this.#ports.peer.notify('elicitation/complete', { elicitationId: id })
  }

  /** The editor is not asked any more; the questions wait for others. */
  [Symbol.dispose](): void {
    for (const id of this.#open.keys()) this.close(id)
  }

  #answered(id: ElicitationId, result: RpcResult): void {
    if (!this.#open.delete(id)) return
    const answer = answerIn(result)
    if (answer === undefined) return
    const { elicitations, answeredBy, sessionId, logger } = this.#ports
    elicitations.answer(id, answer, answeredBy).catch((err: unknown) => {
      // Another one was first: the event that says so is on its way.
      if (isHoldfastError(err) && err.code === 'ELICITATION_CLOSED') return
      logger.warn({ err, sessionId, elicitationId: id }, 'answer of an editor failed')
    })
  }
}

/** `cancel` of a person is an answer too: the dialog was closed without a choice. */
function answerIn(result: RpcResult): ElicitationAnswer | undefined {
  if (result.kind !== 'result' || !isJsonObject(result.result)) return undefined
  const { action, content } = result.result
  if (action === 'decline' || action === 'cancel') return { action }
  if (action !== 'accept') return undefined
  return { action, content: isJsonObject(content) ? content : undefined }
}
