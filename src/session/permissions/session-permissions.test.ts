// Modes, rules, the inbox and being there, on real rows with fake agents: what is stored, what the agent hears, who is named.

import { expect, test } from 'vitest'

import type { OnPrompt } from '../../../test/_support/fake-connector.ts'
import { TestSessions } from '../../../test/_support/test-sessions.ts'
import { manualClock } from '../../../test/_support/manual-clock.ts'
import { until } from '../../../test/_support/until.ts'
import type { SessionId } from '../../base/ids.ts'
import type { JsonObject } from '../../base/json.ts'
import type { PermissionMode } from '../../store/permission-rule-record.ts'
import type { PermissionRecord } from '../../store/records.ts'
import type { SessionsPorts } from '../open-sessions.ts'
import type { InboxStep, InboxStream } from '../inbox.ts'
import type { PromptRequest } from '../service.ts'
import type { SessionLimits } from '../state.ts'

const OPTIONS: readonly JsonObject[] = [
  { optionId: 'yes', name: 'Allow', kind: 'allow_once' },
  { optionId: 'always', name: 'Always', kind: 'allow_always' },
  { optionId: 'no', name: 'Reject', kind: 'reject_once' },
  { optionId: 'never', name: 'Never', kind: 'reject_always' },
]
const CWD = '/work'
const READ: JsonObject = { toolCallId: 't', kind: 'read', rawInput: { path: 'a.ts' } }
const RUN: JsonObject = { toolCallId: 't', kind: 'execute', rawInput: { command: 'npm test' } }
const HELLO: PromptRequest['prompt'] = [{ type: 'text', text: 'hello' }]

/** Asks once, and ends the turn with what it was told; a cancel ends it too. */
function asks(toolCall: JsonObject, options = OPTIONS): OnPrompt {
  return ({ listener, outcomes }, turnId) => {
    const answer = (stopReason: string) => listener.answered(turnId, { kind: 'stopped', stopReason, usage: undefined })
    outcomes.push = (outcome) => {
      Array.prototype.push.call(outcomes, outcome)
      answer(outcome?.outcome === 'selected' ? 'end_turn' : 'cancelled')
      return outcomes.length
    }
    listener.permissionAsked({ requestId: turnId, toolCall: JSON.stringify(toolCall), options })
  }
}

interface Opened extends AsyncDisposable {
  readonly at: TestSessions
  readonly id: SessionId
  /** Sends a prompt and waits until its request is stored. */
  ask(toolCall?: JsonObject, more?: Partial<PromptRequest>, options?: readonly JsonObject[]): Promise<PermissionRecord>
  told(): unknown
}

async function open(
  mode?: PermissionMode,
  limits: Partial<SessionLimits> = {},
  ports: Partial<SessionsPorts> = {},
): Promise<Opened> {
  const at = await TestSessions.start(limits, { attendanceGraceMs: 20, ...ports })
  const given = mode === undefined ? {} : { permissionMode: mode }
  const { status } = await at.service.ensure({ agent: 'fake', cwd: CWD, ...given })
  const { id, no } = status.session
  return {
    at,
    id,
    ask: async (toolCall = READ, more = {}, options = OPTIONS) => {
      const before = (await at.store.listPermissions({ sessionNo: no }, 100)).length
      at.connector.onPrompt = asks(toolCall, options)
      await at.service.prompt(id, { prompt: HELLO, ...more })
      const all = () => at.store.listPermissions({ sessionNo: no }, 100)
      await until(async () => (await all()).length > before, { ms: 2_000, what: () => 'a request is stored' })
      return (await all())[0]!
    },
    told: () => at.connector.agents.at(-1)?.outcomes.at(-1),
    [Symbol.asyncDispose]: () => at[Symbol.asyncDispose](),
  }
}

const selected = (optionId: string) => ({ outcome: 'selected', optionId })

test.each<[PermissionMode, JsonObject, Partial<PermissionRecord>]>([
  ['ask', READ, { state: 'open' }],
  ['approve-reads', READ, { state: 'answered', optionId: 'yes', answeredBy: 'mode:approve-reads' }],
  ['approve-reads', RUN, { state: 'open' }],
  ['approve-all', RUN, { state: 'answered', optionId: 'yes', answeredBy: 'mode:approve-all' }],
  ['deny-all', READ, { state: 'answered', optionId: 'no', answeredBy: 'mode:deny-all' }],
])('in mode %s a request for %j is %o', async (mode, toolCall, expected) => {
  await using opened = await open(mode)
  expect(await opened.ask(toolCall)).toMatchObject(expected)
  if (expected.optionId !== undefined) await until(() => opened.told() !== undefined, { ms: 1_000, what: () => 'told' })
  expect(opened.told()).toEqual(expected.optionId === undefined ? undefined : selected(expected.optionId))
})

test('what a mode decides is asked and closed in one commit, and the log says who', async () => {
  await using opened = await open('approve-all')
  const { sessionNo } = await opened.ask()
  const events = await opened.at.store.readEvents(sessionNo, 0, 100)
  const asked = events.findIndex(({ type }) => type === 'permission.requested')
  expect(events[asked + 1]).toMatchObject({ type: 'permission.closed', at: events[asked]?.at })
  expect(JSON.parse(events[asked + 1]?.data ?? '')).toMatchObject({
    state: 'answered',
    answered_by: 'mode:approve-all',
  })
})

test.each<[string, readonly JsonObject[]]>([
  ['only for ever', [OPTIONS[1]!, OPTIONS[2]!]],
  ['twice under one id', [OPTIONS[0]!, { optionId: 'yes', kind: 'allow_always' }, OPTIONS[2]!]],
  ['under a kind that is not known', [{ optionId: 'yes', kind: 'allow' }, OPTIONS[2]!]],
])('a mode that approves asks a person when yes is offered %s', async (_, options) => {
  await using opened = await open('approve-all')
  expect(await opened.ask(READ, {}, options)).toMatchObject({ state: 'open' })
})

test('deny-all without an offered refusal tells the agent `cancelled`', async () => {
  await using opened = await open('deny-all')
  const permission = await opened.ask(READ, {}, OPTIONS.slice(0, 1))
  expect(permission).toMatchObject({ state: 'cancelled', optionId: undefined, answeredBy: 'mode:deny-all' })
  await until(() => opened.told() !== undefined, { ms: 1_000, what: () => 'told' })
  expect(opened.told()).toEqual({ outcome: 'cancelled' })
})

test('a changed mode is an event, holds for later requests, and outlives the gateway', async () => {
  await using opened = await open()
  const { at, id } = opened
  await at.sessions.permissions.setMode(id, 'approve-all', 'me')
  const { session } = await at.service.get(id)
  expect(session.permissionMode).toBe('approve-all')
  const [event] = (await at.store.readEvents(session.no, 0, 100)).filter(({ type }) => type.endsWith('mode_changed'))
  expect(JSON.parse(event?.data ?? '')).toEqual({ from: 'ask', to: 'approve-all', by: 'me' })
  await at.restart()
  expect(await opened.ask(RUN)).toMatchObject({ answeredBy: 'mode:approve-all' })
})

test('a rule decides, is counted, and decides no more when it is revoked; also after a restart', async () => {
  await using opened = await open('deny-all')
  const { at } = opened
  const rule = await at.sessions.permissions.addRule(
    { effect: 'allow', scope: 'everywhere', command: 'npm test' },
    'me',
  )
  expect(await opened.ask(RUN)).toMatchObject({ optionId: 'yes', answeredBy: `rule:${rule.id}` })
  await at.restart()
  expect(await opened.ask(RUN)).toMatchObject({ answeredBy: `rule:${rule.id}` })
  expect(await at.store.findPermissionRule(rule.id)).toMatchObject({ hits: 2, createdBy: 'me' })
  const revoked = await at.sessions.permissions.revokeRule(rule.id, 'you')
  expect(await at.sessions.permissions.revokeRule(rule.id, 'again')).toEqual(revoked)
  expect(revoked).toMatchObject({ revokedBy: 'you', hits: 2 })
  expect(await opened.ask(RUN)).toMatchObject({ answeredBy: 'mode:deny-all' })
  await at.restart()
  expect(await opened.ask(RUN)).toMatchObject({ answeredBy: 'mode:deny-all' })
})

test('a rule of one session is in its log, and is about no other', async () => {
  await using opened = await open('deny-all')
  const { at, id } = opened
  const { permissions } = at.sessions
  const rule = await permissions.addRule({ effect: 'allow', scope: 'session', sessionId: id, path: '*.ts' }, 'me')
  const other = (await at.service.ensure({ agent: 'fake', cwd: CWD, permissionMode: 'deny-all' })).status.session
  expect(await opened.ask()).toMatchObject({ answeredBy: `rule:${rule.id}` })
  at.connector.onPrompt = asks(READ)
  await at.service.prompt(other.id, { prompt: HELLO })
  const asked = async () => (await at.store.listPermissions({ sessionNo: other.no }, 1))[0]
  await until(async () => (await asked()) !== undefined, { ms: 2_000, what: () => 'asked' })
  expect(await asked()).toMatchObject({ answeredBy: 'mode:deny-all' })
  await permissions.revokeRule(rule.id, 'you')
  const history = await at.history(rule.sessionNo!)
  expect(history.filter((name) => name.startsWith('permission.rule'))).toEqual([
    'permission.rule_added',
    'permission.rule_revoked',
  ])
})

test('an expired rule decides nothing', async () => {
  await using opened = await open()
  const { permissions } = opened.at.sessions
  const soon = Date.now() + 30
  await permissions.addRule({ effect: 'allow', scope: 'agent', agent: 'fake', path: '**', expiresAt: soon }, 'me')
  await until(() => Date.now() > soon, { ms: 1_000, what: () => 'it has expired' })
  expect(await opened.ask()).toMatchObject({ state: 'open' })
  const late = permissions.addRule({ effect: 'deny', scope: 'everywhere', expiresAt: soon }, 'me')
  await expect(late).rejects.toMatchObject({ code: 'PERMISSION_RULE_INVALID' })
})

test.each([
  [{ effect: 'allow', scope: 'everywhere', toolKind: 'read' }, 'PERMISSION_RULE_INVALID'],
  [{ effect: 'deny', scope: 'session' }, 'PERMISSION_RULE_INVALID'],
  [{ effect: 'deny', scope: 'everywhere', agent: 'fake' }, 'PERMISSION_RULE_INVALID'],
  [{ effect: 'deny', scope: 'agent', agent: 'nobody' }, 'AGENT_UNKNOWN'],
  [{ effect: 'deny', scope: 'session', sessionId: 'ses_no' as SessionId }, 'SESSION_NOT_FOUND'],
] as const)('%o is refused with %s', async (request, code) => {
  await using opened = await open()
  await expect(opened.at.sessions.permissions.addRule(request, 'me')).rejects.toMatchObject({ code })
})

test('"always" of a person is a rule of ours; the agent hears once, and the next request asks nobody', async () => {
  await using opened = await open()
  const { at } = opened
  const { id } = await opened.ask(RUN)
  await at.service.answerPermission(id, { optionId: 'always', answeredBy: 'me' })
  await until(() => opened.told() !== undefined, { ms: 1_000, what: () => 'told' })
  expect(opened.told()).toEqual(selected('yes'))
  const [rule] = await at.sessions.permissions.rules({ all: false }, 10)
  expect(rule).toMatchObject({ effect: 'allow', scope: 'session', command: 'npm test', createdBy: 'me', hits: 0 })
  expect(await opened.ask(RUN)).toMatchObject({ optionId: 'yes', answeredBy: `rule:${rule?.id}` })
  expect(await opened.ask({ ...RUN, rawInput: { command: 'npm test; rm x' } })).toMatchObject({ state: 'open' })
})

test.each([
  [{ optionId: 'never' }, 'no', { effect: 'deny', scope: 'session', path: 'a.ts' }],
  [{ optionId: 'yes', remember: 'agent' }, 'yes', { effect: 'allow', scope: 'agent', agent: 'fake', path: 'a.ts' }],
  [{ optionId: 'always', remember: 'everywhere' }, 'yes', { effect: 'allow', scope: 'everywhere' }],
  [{ optionId: 'always', agentRemembers: true }, 'always', undefined],
  [{ optionId: 'yes' }, 'yes', undefined],
] as const)('the answer %o tells the agent %s and leaves the rule %o', async (answer, told, rule) => {
  await using opened = await open()
  const { id } = await opened.ask()
  await opened.at.service.answerPermission(id, { ...answer, answeredBy: 'me' })
  await until(() => opened.told() !== undefined, { ms: 1_000, what: () => 'told' })
  expect(opened.told()).toEqual(selected(told))
  const rules = await opened.at.sessions.permissions.rules({ all: true }, 10)
  if (rule === undefined) expect(rules).toEqual([])
  else expect(rules).toMatchObject([rule])
})

test('"always" to what is no plain request is refused and leaves it open', async () => {
  await using opened = await open()
  const { id } = await opened.ask({ ...RUN, rawInput: { command: 'npm test | tee x' } })
  const answer = opened.at.service.answerPermission(id, { optionId: 'always', answeredBy: 'me' })
  await expect(answer).rejects.toMatchObject({ code: 'PERMISSION_NOT_REMEMBERED' })
  expect(await opened.at.service.permission(id)).toMatchObject({ state: 'open' })
  expect(await opened.at.sessions.permissions.rules({ all: true }, 10)).toEqual([])
})

test('a late answer is told who was first, and when', async () => {
  await using opened = await open()
  const { id } = await opened.ask()
  const answers = ['first', 'second'].map((answeredBy) =>
    opened.at.service.answerPermission(id, { optionId: 'no', answeredBy }),
  )
  const [first, second] = await Promise.allSettled(answers)
  expect(first?.status).toBe('fulfilled')
  const details = {
    permission: id,
    state: 'answered',
    answered_by: 'first',
    option_id: 'no',
    at: expect.any(String) as string,
  }
  expect(second).toMatchObject({ reason: { code: 'PERMISSION_CLOSED', details } })
})

test('nobody answers in time: the deadline is named as who refused', async () => {
  await using opened = await open('ask', { permissionMs: 30 })
  const { id } = await opened.ask()
  const closed = () => opened.at.service.permission(id)
  await until(async () => (await closed()).state !== 'open', { ms: 2_000, what: () => 'it is over' })
  expect(await closed()).toMatchObject({ state: 'timed_out', optionId: 'no', answeredBy: 'timeout' })
})

test('unattended deny: the offered refusal once nobody has come for the grace', async () => {
  await using opened = await open()
  const { id } = await opened.ask(READ, { unattended: 'deny' })
  const closed = () => opened.at.service.permission(id)
  await until(async () => (await closed()).state !== 'open', { ms: 2_000, what: () => 'it is refused' })
  expect(await closed()).toMatchObject({ state: 'answered', optionId: 'no', answeredBy: 'unattended:deny' })
})

test('unattended fail: the turn ends failed with PERMISSION_NEEDED, the agent is cancelled', async () => {
  await using opened = await open()
  const { at } = opened
  at.connector.onCancel = () => {}
  const { id, turnId } = await opened.ask(READ, { unattended: 'fail' })
  const turn = () => at.service.turn(opened.id, turnId!)
  await until(async () => (await turn()).outcome !== undefined, { ms: 2_000, what: () => 'the turn ends' })
  expect(await turn()).toMatchObject({ state: 'failed', outcome: { error: { code: 'PERMISSION_NEEDED' } } })
  expect(await at.service.permission(id)).toMatchObject({ state: 'cancelled', answeredBy: 'unattended:fail' })
  expect(at.connector.agents.at(-1)?.cancels).toBe(1)
})

test('unattended fail with several requests open closes each once, and the session goes on', async () => {
  await using opened = await open()
  const { at } = opened
  const { turnId, sessionNo } = await opened.ask(READ, { unattended: 'fail' })
  at.connector.agents[0]?.listener.permissionAsked({
    requestId: 'two',
    toolCall: JSON.stringify(RUN),
    options: OPTIONS,
  })
  const turn = () => at.service.turn(opened.id, turnId!)
  await until(async () => (await turn()).outcome !== undefined, { ms: 2_000, what: () => 'the turn ends' })
  expect(await turn()).toMatchObject({ state: 'failed', outcome: { error: { code: 'PERMISSION_NEEDED' } } })
  const closed = await at.store.listPermissions({ sessionNo, state: 'cancelled' }, 10)
  expect(closed).toHaveLength(2)
})

test.each(['session', 'inbox'] as const)('with a reader of the %s an unattended policy waits', async (where) => {
  const clock = manualClock()
  await using opened = await open('ask', { unattended: 'deny' }, { clock, attendanceGraceMs: 100 })
  const { session } = await opened.at.service.get(opened.id)
  const reader = opened.at.sessions.permissions.attend(where === 'session' ? session.no : undefined)
  const { id } = await opened.ask()
  const closed = () => opened.at.service.permission(id)
  clock.advance(1_000)
  expect(await closed()).toMatchObject({ state: 'open' })
  reader[Symbol.dispose]()
  clock.advance(99)
  expect(await closed()).toMatchObject({ state: 'open' })
  clock.advance(1)
  await until(async () => (await closed()).state !== 'open', { ms: 2_000, what: () => 'the reader has left' })
  expect(await closed()).toMatchObject({ answeredBy: 'unattended:deny' })
})

test('a request that outlived the gateway has the grace for a client to come back', async () => {
  await using opened = await open('ask', { unattended: 'deny' }, { attendanceGraceMs: 60 })
  const { at } = opened
  using _ = at.sessions.permissions.attend()
  const { id } = await opened.ask()
  await at.restart({ keepAgents: true })
  expect(await at.service.permission(id)).toMatchObject({ state: 'open' })
  const closed = () => at.service.permission(id)
  await until(async () => (await closed()).state !== 'open', { ms: 2_000, what: () => 'nobody came back' })
  expect(await closed()).toMatchObject({ answeredBy: 'unattended:deny' })
})

test('the inbox begins with what is open, then tells each request and who answered it; what a mode decided only as closed', async () => {
  await using opened = await open()
  const { at, id } = opened
  const first = await opened.ask(RUN)
  using inbox = at.sessions.permissions.inbox()
  const told: string[] = []
  void follow(inbox, (step) => told.push(nameOf(step)))
  await until(() => told.length === 1, { ms: 1_000, what: () => 'the snapshot' })
  await at.service.answerPermission(first.id, { optionId: 'no', answeredBy: 'me' })
  await opened.ask(RUN)
  await until(() => told.length === 3, { ms: 1_000, what: () => 'a request' })
  const [second] = await at.service.permissions({ state: 'open' }, 1)
  await at.service.answerPermission(second!.id, { optionId: 'yes', answeredBy: 'you' })
  await at.sessions.permissions.setMode(id, 'approve-all', 'me')
  await opened.ask(RUN)
  await until(() => told.length === 5, { ms: 1_000, what: () => 'all' })
  expect(told).toEqual(['open 1', 'closed me', 'requested ', 'closed you', 'closed mode:approve-all'])
})

test('a reader of the inbox that falls behind gets what is open anew, and no more than that is kept for it', async () => {
  await using opened = await open('approve-all')
  const { at } = opened
  using inbox = at.sessions.permissions.inbox()
  const reader = inbox[Symbol.asyncIterator]()
  await reader.next()
  const { no } = (await at.service.get(opened.id)).session
  await opened.ask()
  for (let i = 0; i < 1_001; i++)
    at.connector.agents[0]?.listener.permissionAsked({ requestId: i, toolCall: JSON.stringify(READ), options: OPTIONS })
  const count = async () => (await at.store.listPermissions({ sessionNo: no }, 2_000)).length
  await until(async () => (await count()) === 1_002, { ms: 5_000, what: () => 'all are decided' })
  expect((await reader.next()).value).toEqual({ kind: 'snapshot', permissions: [], elicitations: [] })
})

async function follow(inbox: InboxStream, each: (step: InboxStep) => void): Promise<void> {
  for await (const step of inbox) each(step)
}

function nameOf(step: InboxStep): string {
  if (step.kind === 'snapshot') return `open ${step.permissions.length}`
  if ('elicitation' in step) return `question ${step.kind}`
  return `${step.kind} ${step.permission.answeredBy ?? ''}`
}
