// The checker is checked: each rule finds the one thing that was planted for it in a small world that is otherwise right.

import { expect, test } from 'vitest'

import type { AgentSessionId, PermissionId, SessionId, TurnId } from '../../../src/base/ids.ts'
import type { EventRecord, EventType, PermissionRecord, TurnOutcome, TurnRecord } from '../../../src/store/records.ts'
import { NEW_TERMS } from '../../_support/new-terms.ts'
import { NO_FAMILY } from '../../_support/no-family.ts'
import type { JournalEntry } from './facts.ts'
import { History } from './history.ts'
import { findBreaks, RULES, RULES_AT_REST } from './rules.ts'
import type { World } from './world.ts'

const SESSION = 'ses_1' as SessionId
const ALL = { ...RULES, ...RULES_AT_REST }

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** What a plant may change: the same facts, writable. */
interface SmallWorld {
  readonly history: History
  readonly turns: Mutable<TurnRecord>[]
  readonly events: Mutable<EventRecord>[]
  readonly permissions: Mutable<PermissionRecord>[]
  readonly journal: Record<string, unknown>[]
  readonly verify: string[]
}

const PLANTS: Readonly<Record<keyof typeof ALL, (world: SmallWorld) => void>> = {
  'what clients saw fits together': ({ history }) =>
    history.see(SESSION, { seq: 1, type: 'update', turn_id: null, at: '', data: {} }),
  'the database verifies (E5)': ({ verify }) => verify.push('event 3 is missing'),
  'an accepted prompt is a stored turn (S1)': ({ history }) =>
    history.accepted.push({ session: SESSION, key: 'c9', turnId: 'turn_9', text: 'c9 plain' }),
  'a key names one turn': ({ turns }) => (turns[1]!.idempotencyKey = 'c1'),
  'an agent receives a turn at most once (S5)': ({ journal }) => journal.push(recv('turn_1', 'c1 @perm')),
  'an agent receives what was accepted': ({ journal }) => (journal[0]!['text'] = 'c1 @perm and more'),
  'a process that was replaced receives nothing (S4)': ({ journal }) => journal.push(recv('turn_3', 'c2 @hang')),
  'delivery is honest (S11)': ({ journal }) => void journal.splice(2, 1),
  'an end that was told stays (S8)': ({ history }) => history.endedByCancel.push('turn_1'),
  'a turn whose agent lives is not interrupted (S15)': (small) =>
    small.history.looked({ facts: worldOf(small).facts, keepersDead: 0 }),
  'an interrupted turn is followed by its policy': ({ turns }) => (turns[2]!.retryOf = 'turn_1' as TurnId),
  'seq is gapless (E1)': ({ events }) => (events.at(-1)!.seq += 1),
  'an event that was shown is in the log, the same (E2, N4)': ({ history }) =>
    history.see(SESSION, { seq: 99, type: 'update', turn_id: null, at: '', data: {} }),
  'one turn.ended for each end, with its facts (S8)': ({ turns }) => (turns[0]!.outcome = outcome('failed', 'yes')),
  'a turn is told in legal steps (S2, S8, N3)': ({ events }) => (events[2]!.turnId = 'turn_2' as TurnId),
  'prompts leave in the order of their acceptance (S12)': ({ turns }) => (turns[0]!.n = 9),
  'a closed session says so once and stays closed (S10)': ({ events }) => (events.at(-1)!.type = 'session.closed'),
  'a completed turn has the whole output of its agent': ({ events }) =>
    (events[5]!.data = chunk('permission: yes no ')),
  'an answer that was taken stays (S9)': ({ history }) =>
    history.answered.push({ permissionId: 'perm_1', optionId: 'no' }),
  'a permission request is told as it is stored': ({ events }) =>
    (events[4]!.data = JSON.stringify({ permission_id: 'perm_1', state: 'void', option_id: null })),
  'an agent gets the answer that is stored (S9)': ({ journal }) => (journal[1]!['optionId'] = 'always'),
  'every accepted turn has ended (S6)': ({ turns, events }) => {
    turns[2]!.outcome = undefined
    events.pop()
  },
  'nothing holds a session': ({ permissions }) =>
    permissions.push({ ...permissions[0]!, id: 'x' as PermissionId, state: 'open' }),
}

test('a world in which all is right breaks no rule', () => {
  expect(findBreaks(ALL, worldOf(smallWorld()))).toEqual([])
})

test.each(Object.entries(PLANTS))('%s: what was planted is found', (rule, plant) => {
  const small = smallWorld()
  plant(small)
  expect(findBreaks(ALL, worldOf(small)).map((found) => found.rule)).toContain(rule)
})

test.each([
  [[0, 1], []],
  [[1, 1], []],
  [[1, 1, 1], ['turn_2']],
])(
  'with %j keepers dead at each look, an interruption that shows at the last one is no fault or %j',
  (dead, freely) => {
    const small = smallWorld()
    const { facts } = worldOf(small)
    const earlier = { ...facts, sessions: [] }
    dead.forEach((keepersDead, i) =>
      small.history.looked({ facts: i === dead.length - 1 ? facts : earlier, keepersDead }),
    )
    expect(small.history.interruptedFreely).toEqual(freely)
  },
)

function smallWorld(): SmallWorld {
  const history = new History()
  history.accepted.push({ session: SESSION, key: 'c1', turnId: 'turn_1', text: 'c1 @perm' })
  history.answered.push({ permissionId: 'perm_1', optionId: 'yes' })
  const turns = [
    turn(1, 'c1 @perm', outcome('completed', 'yes', 'end_turn')),
    turn(2, 'c2 @hang', outcome('interrupted', 'yes')),
    { ...turn(3, 'c2 @hang', outcome('cancelled', 'no')), origin: 'retry' as const, retryOf: 'turn_2' as TurnId },
  ]
  const events = eventsOf([
    ['turn.queued', 'turn_1', '{}'],
    ['turn.dispatched', 'turn_1', '{}'],
    ['turn.running', 'turn_1', '{}'],
    ['permission.requested', 'turn_1', '{}'],
    ['permission.closed', 'turn_1', JSON.stringify({ permission_id: 'perm_1', state: 'answered', option_id: 'yes' })],
    ['update', 'turn_1', chunk('permission: yes ')],
    ['turn.ended', 'turn_1', '{"state":"completed","delivery":"yes"}'],
    ['turn.queued', 'turn_2', '{}'],
    ['turn.dispatched', 'turn_2', '{}'],
    ['turn.ended', 'turn_2', '{"state":"interrupted","delivery":"yes"}'],
    ['session.blocked', 'turn_2', '{}'],
    ['session.resumed', 'turn_2', '{"action":"retry"}'],
    ['turn.queued', 'turn_3', '{}'],
    ['turn.ended', 'turn_3', '{"state":"cancelled","delivery":"no"}'],
  ])
  const journal = [
    recv('turn_1', 'c1 @perm'),
    { kind: 'permission', pid: 7, id: 'turn_1', toolCallId: 'call-1', outcome: 'selected', optionId: 'yes' },
    { ...recv('turn_2', 'c2 @hang'), pid: 8 },
  ]
  const { at, data, seq, type, turnId } = events[0]!
  history.see(SESSION, {
    seq,
    type,
    turn_id: turnId ?? null,
    at: new Date(at).toISOString(),
    data: JSON.parse(data) as unknown,
  })
  return { history, turns, events, permissions: [permission()], journal, verify: [] }
}

function worldOf({ history, turns, events, permissions, journal, verify }: SmallWorld): World {
  const record = {
    no: 1,
    id: SESSION,
    key: undefined,
    agent: 'scripted',
    cwd: '/',
    mode: 'persistent' as const,
    onInterrupt: 'hold' as const,
    state: 'open' as const,
    blockedBy: undefined,
    agentSessionId: 'a' as AgentSessionId,
    generation: 1,
    agentLine: undefined,
    agentCapabilities: undefined,
    permissionMode: 'ask' as const,
    terms: NEW_TERMS,
    node: 'local',
    epoch: 1,
    lastSeq: events.length,
    lastTurnN: turns.length,
    createdAt: 0,
    updatedAt: 0,
    closedAt: undefined,
    family: NO_FAMILY,
  }
  const sessions = [{ record, turns, events, permissions }]
  return { history, facts: { sessions, journal: journal as unknown as JournalEntry[], verify } }
}

function turn(n: number, text: string, end: TurnOutcome): Mutable<TurnRecord> {
  return {
    id: `turn_${n}` as TurnId,
    sessionNo: 1,
    n,
    state: end.state,
    place: undefined,
    origin: 'user',
    prompt: JSON.stringify([{ type: 'text', text }]),
    idempotencyKey: `c${n}`,
    bodyHash: '',
    retryOf: undefined,
    onInterrupt: undefined,
    delivery: end.delivery,
    generation: 1,
    acceptedAt: 0,
    expiresAt: undefined,
    deadlineMs: undefined,
    lane: 'interactive',
    dispatchedAt: undefined,
    runningAt: undefined,
    cancelling: undefined,
    outcome: end,
  }
}

function outcome(state: TurnOutcome['state'], delivery: TurnOutcome['delivery'], stopReason?: string): TurnOutcome {
  return { state, delivery, stopReason, forced: false, error: undefined, usage: undefined, endedAt: 5 }
}

function permission(): PermissionRecord {
  return {
    id: 'perm_1' as PermissionId,
    sessionNo: 1,
    turnId: 'turn_1' as TurnId,
    generation: 1,
    requestId: 1,
    line: 1,
    toolCall: '{"toolCallId":"call-1"}',
    options: '[]',
    state: 'answered',
    optionId: 'yes',
    answeredBy: undefined,
    requestedAt: 0,
    dueAt: 0,
    closedAt: 1,
  }
}

function eventsOf(rows: readonly [EventType, string, string][]): Mutable<EventRecord>[] {
  return rows.map(([type, turnId, data], i) => ({ seq: i + 1, type, turnId: turnId as TurnId, at: 1_000 + i, data }))
}

function recv(id: string, text: string): Record<string, unknown> {
  return { kind: 'recv', pid: 7, sessionId: 'a', id, text }
}

function chunk(text: string): string {
  return JSON.stringify({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } })
}
