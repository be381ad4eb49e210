// Records and writes for tests of stores; ids count up within a process.

import type { PermissionId, SessionId, TurnId } from '../../../src/base/ids.ts'
import { newId } from '../../../src/base/ids.ts'
import type {
  LeaseRecord,
  NewEvent,
  PermissionRecord,
  SessionRecord,
  TurnOutcome,
  TurnRecord,
} from '../../../src/store/records.ts'
import type { Fence, NewSession, SessionWrite, Store } from '../../../src/store/store.ts'

export const NODE = 'local'
export const NOW = 1_790_000_000_000

export function newSession(parts: Partial<NewSession> = {}): NewSession {
  return {
    id: newId('ses') as SessionId,
    key: undefined,
    agent: 'echo',
    cwd: '/work',
    mode: 'persistent',
    onInterrupt: 'hold',
    createdAt: NOW,
    ...parts,
  }
}

export interface OwnedSession {
  readonly session: SessionRecord
  readonly fence: Fence
}

/** A new session that this node owns. */
export async function ownSession(store: Store, parts: Partial<NewSession> = {}): Promise<OwnedSession> {
  const { no } = await store.createSession(newSession(parts))
  const session = await store.acquireSession(no, NODE)
  return { session, fence: { sessionNo: no, node: NODE, epoch: session.epoch } }
}

export function newTurn(fence: Fence, n: number, parts: Partial<TurnRecord> = {}): TurnRecord {
  return {
    id: newId('turn') as TurnId,
    sessionNo: fence.sessionNo,
    n,
    state: 'queued',
    place: parts.state === 'running' || parts.state === 'dispatching' ? 0 : n,
    origin: 'user',
    prompt: '[{"type":"text","text":"hello"}]',
    idempotencyKey: undefined,
    bodyHash: 'hash',
    retryOf: undefined,
    onInterrupt: undefined,
    delivery: 'no',
    generation: undefined,
    acceptedAt: NOW,
    expiresAt: undefined,
    deadlineMs: undefined,
    lane: 'interactive',
    dispatchedAt: undefined,
    runningAt: undefined,
    cancelling: undefined,
    outcome: undefined,
    ...parts,
  }
}

export function outcome(parts: Partial<TurnOutcome> = {}): TurnOutcome {
  return {
    state: 'completed',
    delivery: 'yes',
    stopReason: 'end_turn',
    forced: false,
    error: undefined,
    usage: undefined,
    endedAt: NOW + 5,
    ...parts,
  }
}

export function newEvent(data: unknown = { text: 'x' }, turnId?: TurnId): NewEvent {
  return { type: 'update', turnId, at: NOW, data: JSON.stringify(data) }
}

export function newPermission(fence: Fence, parts: Partial<PermissionRecord> = {}): PermissionRecord {
  return {
    id: newId('perm') as PermissionId,
    sessionNo: fence.sessionNo,
    turnId: undefined,
    generation: 1,
    requestId: 7,
    line: 12,
    toolCall: '{"toolCallId":"1"}',
    options: '[]',
    state: 'open',
    optionId: undefined,
    answeredBy: undefined,
    requestedAt: NOW,
    dueAt: NOW + 1_000,
    closedAt: undefined,
    ...parts,
  }
}

export function newLease(parts: Partial<LeaseRecord> = {}): Omit<LeaseRecord, 'id' | 'updatedAt'> {
  return {
    keeperNo: 1,
    sessionId: 'ses_1' as SessionId,
    generation: 1,
    agent: 'echo',
    nodeEpoch: 1,
    state: 'spawning',
    bootId: 'boot',
    tag: '42',
    commandDigest: 'digest',
    pid: undefined,
    startTicks: undefined,
    createdAt: NOW,
    exit: undefined,
    ...parts,
  }
}

export const write = {
  turn: (turn: TurnRecord): SessionWrite => ({ kind: 'turn.insert', turn }),
  end: (turnId: TurnId, parts: Partial<TurnOutcome> = {}): SessionWrite => ({
    kind: 'turn.end',
    turnId,
    outcome: outcome(parts),
  }),
  event: (data?: unknown, turnId?: TurnId): SessionWrite => ({ kind: 'event', event: newEvent(data, turnId) }),
  permission: (permission: PermissionRecord): SessionWrite => ({ kind: 'permission.insert', permission }),
} as const

/** All events of a session, read in pages of `pageSize`. */
export async function readAll(store: Store, sessionNo: number, pageSize = 100): Promise<readonly number[]> {
  const seqs: number[] = []
  for (;;) {
    const page = await store.readEvents(sessionNo, seqs.at(-1) ?? 0, pageSize)
    if (page.length === 0) return seqs
    seqs.push(...page.map(({ seq }) => seq))
  }
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i)
}
