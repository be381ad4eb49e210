// What tests of sessions do again and again: make a session, send a prompt, wait for the end of its turn.

import { expect } from 'vitest'

import type { SessionId, TurnId } from '../../src/base/ids.ts'
import type { PromptRequest, SessionRequest } from '../../src/session/service.ts'
import type { TurnRecord } from '../../src/store/records.ts'
import type { TestSessions } from './test-sessions.ts'

export interface OpenSession {
  readonly id: SessionId
  readonly no: number
}

export async function openSession(at: TestSessions, parts: Partial<SessionRequest> = {}): Promise<OpenSession> {
  return (await at.service.ensure({ agent: 'fake', cwd: '/tmp', ...parts })).status.session
}

export async function send(
  at: TestSessions,
  id: SessionId,
  text: string,
  parts: Omit<PromptRequest, 'prompt'> = {},
): Promise<TurnId> {
  return (await at.service.prompt(id, { prompt: [{ type: 'text', text }], ...parts })).turn.id
}

/** The turn when it has ended, at most 5 s later. */
export async function turnEnded(at: TestSessions, id: SessionId, turnId: TurnId): Promise<TurnRecord> {
  const hasEnded = async (): Promise<boolean> => (await at.service.turn(id, turnId)).outcome !== undefined
  await expect.poll(hasEnded, { timeout: 5_000 }).toBe(true)
  return at.service.turn(id, turnId)
}
