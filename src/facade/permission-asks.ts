// The permission requests of one session that one editor was asked. Every editor gets its own; the first valid answer of anybody
// counts, the others are cancelled (F-45). Whatever is no valid answer only takes this editor out of the race (F-44, F-46).

import type { JsonRpcPeer, RpcResult } from '../acp/peer.ts'
import { narrowPermissionRequest } from '../acp/permission-request.ts'
import { isHoldfastError } from '../base/errors.ts'
import type { PermissionId, SessionId } from '../base/ids.ts'
import { isJsonObject } from '../base/json.ts'
import type { Json, JsonObject } from '../base/json.ts'
import type { FacadePorts } from './ports.ts'
import { editorToolCall } from './editor-update.ts'
import { META } from './meta.ts'

export interface AskPorts extends Pick<FacadePorts, 'service' | 'logger'> {
  readonly peer: JsonRpcPeer
  readonly sessionId: SessionId
  /** Who answers, for the record. */
  readonly answeredBy: string
  /** A JSON-RPC id for the request; no other one that waits on this connection has it. */
  requestId(permission: PermissionId): string
  /** Tells the editor of the tool call, unless it knows it. */
  introduce(toolCall: JsonObject): void
}

export interface AskedPermission {
  readonly id: PermissionId
  readonly toolCall: JsonObject
  readonly options: readonly Json[]
}

export class PermissionAsks implements Disposable {
  readonly #ports: AskPorts
  readonly #open = new Map<PermissionId, string>()

  constructor(ports: AskPorts) {
    this.#ports = ports
  }

  /** Once for each request; nothing when the editor could choose none of the options. */
  ask({ id, toolCall, options }: AskedPermission): void {
    if (this.#open.has(id)) return
    const { peer, sessionId, requestId, introduce } = this.#ports
    const call = editorToolCall(toolCall)
    const offered = options.filter((option) => isShown(call, option))
    if (offered.length === 0) return
    introduce(call)
    const rpcId = requestId(id)
    this.#open.set(id, rpcId)
    const params = { sessionId, toolCall: call, options: offered, _meta: { [META.permission]: id } }
    peer.request('session/request_permission', params, (result) => this.#answered(id, result, offered), { id: rpcId })
  }

  /** Somebody has decided, or there is nothing to decide any more. */
  close(id: PermissionId): void {
    const rpcId = this.#open.get(id)
    if (rpcId === undefined) return
    this.#open.delete(id)
    this.#ports.peer.cancelRequest(rpcId)
  }

  /** The editor is not asked any more; the requests wait for others. */
  [Symbol.dispose](): void {
    for (const id of this.#open.keys()) this.close(id)
  }

  #answered(id: PermissionId, result: RpcResult, offered: readonly Json[]): void {
    if (!this.#open.delete(id)) return
    const optionId = chosenOption(result, offered)
    if (optionId === undefined) return
    const { service, answeredBy, sessionId, logger } = this.#ports
    service.answerPermission(id, { optionId, answeredBy }).catch((err: unknown) => {
      // Another one was first: the event that says so is on its way.
      if (isHoldfastError(err) && err.code === 'PERMISSION_CLOSED') return
      logger.warn({ err, sessionId, permissionId: id }, 'answer of an editor failed')
    })
  }
}

function chosenOption(result: RpcResult, offered: readonly Json[]): string | undefined {
  if (result.kind !== 'result' || !isJsonObject(result.result)) return undefined
  const { outcome } = result.result
  if (!isJsonObject(outcome) || outcome['outcome'] !== 'selected') return undefined
  const { optionId } = outcome
  const isOffered = offered.some((option) => isJsonObject(option) && option['optionId'] === optionId)
  return typeof optionId === 'string' && isOffered ? optionId : undefined
}

/** Whether a request with this option is what the schema allows. */
function isShown(toolCall: JsonObject, option: Json): boolean {
  const narrowed = narrowPermissionRequest({ sessionId: '', toolCall, options: [option] })
  return narrowed.kind === 'request' && narrowed.warning === undefined
}
