// Why an agent does not get a file, or what it asked to be written, in words for the agent.
// -32602: it has asked for something that it is not given; -32002: there is no such file; -32603: the system failed.

import { pathToFileURL } from 'node:url'

import { RPC_CODES } from '../../acp/rpc.ts'
import type { RpcErrorBody } from '../../acp/rpc.ts'
import type { JsonObject } from '../../base/json.ts'

export class FileRefusal extends Error {
  readonly body: RpcErrorBody

  constructor(code: number, message: string, data?: JsonObject) {
    super(message)
    this.body = { code, message, ...(data !== undefined && { data }) }
  }
}

/** `reason` goes on after the path, such as `is a directory`. */
export function notGiven(path: string, reason: string): FileRefusal {
  return new FileRefusal(RPC_CODES.invalidParams, `${path} ${reason}`, { path })
}

/** In the words of the protocol for -32002: there are agents that look at the text. */
export function notThere(path: string): FileRefusal {
  const data = { path, uri: pathToFileURL(path).href }
  return new FileRefusal(RPC_CODES.resourceNotFound, `Resource not found: ${path}`, data)
}

/** An error of the system, by its code: the texts of the system have paths of ours. */
export function systemRefusal(path: string, error: unknown): FileRefusal {
  const code = codeOf(error)
  if (code === 'ENAMETOOLONG') return notGiven(path, 'has a name that is too long')
  return new FileRefusal(RPC_CODES.internalError, `${path}: ${SYSTEM_TEXTS[code] ?? code}`, { path, code })
}

const SYSTEM_TEXTS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  ENOSPC: 'no space left',
  EDQUOT: 'no space left in the quota',
  EROFS: 'the file system is read-only',
}

/** Such as `ENOENT`; `unknown` for what is no error of the system. */
export function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : 'unknown'
}
