// An error answer to the client, thrown by whoever finds the reason.

import { RPC_CODES, type RpcErrorBody } from '../../../src/acp/rpc.ts'
import type { JsonObject } from '../../../src/base/json.ts'

export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly body: RpcErrorBody

  constructor(code: number, message: string, data?: JsonObject) {
    super(message)
    this.body = { code, message, ...(data === undefined ? {} : { data }) }
  }
}

export function badParams(message: string): Refusal {
  return new Refusal(RPC_CODES.invalidParams, message)
}

export function noSuchSession(sessionId: string): Refusal {
  return new Refusal(RPC_CODES.resourceNotFound, 'There is no such session.', { sessionId })
}
