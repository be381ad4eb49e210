// The border where an agent's failures become ours. The ACP error and the stderr tail stay in the details, without what looks like a
// credential (C-18, C-41).

import { RPC_CODES } from '../acp/rpc.ts'
import { HoldfastError, isHoldfastError } from '../base/errors.ts'
import type { ErrorDetails } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { redactJson, redactSecrets } from '../base/redact.ts'
import type { ProcessExit } from '../keeper/agent-host.ts'

export interface RpcFailure {
  readonly code: number
  readonly message: string
  readonly data?: unknown
}

/** An error response of the agent. Login is recognised by its code only, never by its text (C-11). */
export function fromRpcFailure(agent: string, failure: RpcFailure, details: ErrorDetails = {}): HoldfastError {
  const raw = {
    code: failure.code,
    message: redactSecrets(failure.message.slice(0, 2_000)),
    data: boundedData(failure.data),
  }
  // The agent's words stand in a sentence of ours, which has its own end.
  const reason = raw.message.replace(/\.+$/, '')
  const code = failure.code === RPC_CODES.authRequired ? 'AGENT_AUTH_REQUIRED' : 'AGENT_ERROR'
  return new HoldfastError(code, { agent, reason, ...details, raw })
}

/** The code of the agent's own error answer; undefined when `error` is not one. */
export function answeredCodeOf(error: unknown): number | undefined {
  if (!isHoldfastError(error)) return undefined
  const raw = error.details['raw']
  return typeof raw === 'object' && raw !== null && 'code' in raw && typeof raw.code === 'number' ? raw.code : undefined
}

export function fromExit(agent: string, exit: ProcessExit, details: ErrorDetails): HoldfastError {
  return new HoldfastError('AGENT_EXITED', {
    agent,
    exit: describeExit(exit),
    code: exit.code,
    signal: exit.signal,
    ...(exit.memoryKills === undefined ? {} : { memoryKills: exit.memoryKills }),
    ...details,
  })
}

export function describeExit(exit: ProcessExit): string {
  // Neither is known of a process that ended with its keeper.
  const code = exit.code === null ? 'with the keeper that held it' : `code ${exit.code}`
  const how = exit.signal === null ? code : `signal ${exit.signal}`
  return exit.memoryKills === undefined ? how : `${how}, its memory limit was reached`
}

const DATA_BYTES_MAX = 4_096

/** Agents put whole stack traces into `data`; a row is not the place for them. */
function boundedData(data: unknown): unknown {
  if (data === undefined || data === null) return null
  const clean = redactJson(data as Json)
  const text = JSON.stringify(clean)
  return text.length <= DATA_BYTES_MAX ? clean : `${text.slice(0, DATA_BYTES_MAX)}…`
}
