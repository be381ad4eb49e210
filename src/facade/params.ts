// What methods read from their params. Refuses with -32602 and the name of the field; never with a value.

import { isAbsolute } from 'node:path'

import type { SessionId } from '../base/ids.ts'
import type { JsonObject } from '../base/json.ts'
import { invalidParams, sessionNotFound } from './rpc-errors.ts'

export const SESSION_ID = /^ses_[0-9a-z]{26}$/

export function textParam(params: JsonObject, name: string): string {
  const value = params[name]
  if (typeof value === 'string' && value !== '') return value
  throw invalidParams(`${name} is not a text`)
}

/** Ids only: a key names different sessions at different times (F-25). */
export function sessionIdParam(params: JsonObject): SessionId {
  const id = textParam(params, 'sessionId')
  if (!SESSION_ID.test(id)) throw sessionNotFound(id.slice(0, 200))
  return id as SessionId
}

/** F-13 */
export function cwdParam(params: JsonObject): string {
  const cwd = textParam(params, 'cwd')
  if (isAbsolute(cwd)) return cwd
  throw invalidParams('cwd is not absolute')
}
