// Identifiers: a prefix that says what it names, then 26 characters of Crockford base32 (48 bits of time, 80 of randomness).
// Sorts by creation time. Owns no state; randomness is a port so that the simulator can replay a seed.

import { randomBytes } from 'node:crypto'

export type SessionId = string & { readonly __id: 'session' }
export type TurnId = string & { readonly __id: 'turn' }
/** Made of the id of its turn: one task for a turn, whoever writes it. */
export type TaskId = string & { readonly __id: 'task' }
export type PermissionId = string & { readonly __id: 'permission' }
export type ElicitationId = string & { readonly __id: 'elicitation' }
/** A standing answer to permission requests. */
export type RuleId = string & { readonly __id: 'rule' }
/** The id an agent gave to its own session (ACP `sessionId`). */
export type AgentSessionId = string & { readonly __id: 'agentSession' }

export interface Ids {
  session(): SessionId
  turn(): TurnId
  permission(): PermissionId
  elicitation(): ElicitationId
  rule(): RuleId
}

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

/** Ids from the system clock and the system's randomness. */
export const systemIds: Ids = {
  session: () => newId('ses') as SessionId,
  turn: () => newId('turn') as TurnId,
  permission: () => newId('perm') as PermissionId,
  elicitation: () => newId('elic') as ElicitationId,
  rule: () => newId('rule') as RuleId,
}

/** The id of the task that the turn is for the session's parent. */
export function taskIdOf(turnId: TurnId): TaskId {
  return turnId.replace(/^turn_/, 'task_') as TaskId
}

export function newId(prefix: string, nowMs: number = Date.now()): string {
  return `${prefix}_${encodeTime(nowMs)}${encodeRandom()}`
}

function encodeTime(nowMs: number): string {
  let rest = nowMs
  let text = ''
  for (let i = 0; i < 10; i++) {
    text = ALPHABET.charAt(rest % 32) + text
    rest = Math.floor(rest / 32)
  }
  return text
}

function encodeRandom(): string {
  let text = ''
  for (const byte of randomBytes(16)) text += ALPHABET.charAt(byte & 31)
  return text
}
