// What the client is answered when something went wrong: by the kind of the error, never by its text.

import { RPC_CODES, type RpcErrorBody } from '../../../src/acp/rpc.ts'
import { HoldfastError } from '../../../src/base/errors.ts'
import { CompactionFailed } from '../compaction/summarise.ts'
import { TurnFailed } from '../session/turn-failed.ts'
import { Refusal } from './refusal.ts'

/** Undefined for an error that nobody has foreseen: it is answered without its text, and said on stderr. */
export function answerOf(error: unknown): RpcErrorBody | undefined {
  if (error instanceof Refusal) return error.body
  if (error instanceof TurnFailed) {
    const code = error.kind === 'keyRefused' ? RPC_CODES.authRequired : RPC_CODES.internalError
    return { code, message: error.message, data: { kind: error.kind } }
  }
  if (error instanceof CompactionFailed) return { code: RPC_CODES.internalError, message: error.message }
  if (!(error instanceof HoldfastError)) return undefined
  const { code, message, details } = error
  const data = { code, details: details as never }
  if (code === 'TRANSCRIPT_NOT_FOUND') return { code: RPC_CODES.resourceNotFound, message, data }
  return { code: code === 'BAD_REQUEST' ? RPC_CODES.invalidParams : RPC_CODES.internalError, message, data }
}
