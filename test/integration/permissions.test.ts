// Permission modes, standing rules, the inbox and unattended turns through a real gateway process and a real agent process.

import { afterEach, beforeEach, expect, test } from 'vitest'

import type { PermissionStep } from '../../src/client/permission-stream.ts'
import { TestGateway } from '../_support/test-gateway.ts'
import { until } from '../_support/until.ts'

let gateway: TestGateway
beforeEach(async () => {
  gateway = await TestGateway.start()
})
afterEach(() => gateway[Symbol.asyncDispose]())

const outcomes = async () => (await gateway.received('permission')).map(({ outcome, optionId }) => [outcome, optionId])
const history = async () => (await gateway.client.listPermissions()).permissions
const open = async () => (await gateway.client.listPermissions({ state: 'open' })).permissions

async function waits(): Promise<string> {
  await until(async () => (await open()).length > 0, { ms: 10_000, what: () => `a request waits: ${gateway.output}` })
  return (await open())[0]!.id
}

test('a mode and a rule decide without a person, over a kill -9 of the gateway, and the agent hears exactly that', async () => {
  const session = await gateway.newSession('scripted', { permission_mode: 'approve-all' })
  await gateway.ask(session, '@perm')
  const rule = await gateway.client.addPermissionRule({ effect: 'deny', scope: 'everywhere', path: 'notes.txt' })
  await gateway.ask(session, '@perm')
  await gateway.kill('SIGKILL')
  await gateway.start()
  await gateway.ask(session, '@perm')
  await gateway.client.revokePermissionRule(rule.id)
  await gateway.ask(session, '@perm')
  const told = ['yes', 'no', 'no', 'yes'].map((optionId) => ['selected', optionId])
  expect(await outcomes()).toEqual(told)
  const decided = (await history()).toReversed().map(({ answered_by: by }) => by)
  expect(decided).toEqual(['mode:approve-all', `rule:${rule.id}`, `rule:${rule.id}`, 'mode:approve-all'])
  expect(await gateway.client.listPermissionRules({ all: true })).toMatchObject({
    rules: [{ hits: 2, revoked_by: 'api' }],
  })
})

test('hostile options: no mode approves what may mean for ever, deny-all picks only what was offered (H 137)', async () => {
  const session = await gateway.newSession('scripted', { permission_mode: 'approve-all' })
  const { turn } = await gateway.client.prompt(session, { prompt: '@perm-options-evil' })
  await waits()
  await gateway.client.cancel(session)
  await gateway.ended(session, turn.id)
  await gateway.client.changeSession(session, { permission_mode: 'deny-all' })
  await gateway.ask(session, '@perm-options-evil')
  expect(await outcomes()).toEqual([
    ['cancelled', undefined],
    ['selected', '../../etc'],
  ])
})

test('the inbox tells a client of a request, and that another one answered it', async () => {
  const session = await gateway.newSession()
  const leave = new AbortController()
  const steps: PermissionStep[] = []
  const following = (async () => {
    for await (const step of gateway.client.followPermissions({ signal: leave.signal })) steps.push(step)
  })()
  await until(() => steps.length === 1, { ms: 5_000, what: () => 'the snapshot' })
  const { turn } = await gateway.client.prompt(session, { prompt: '@perm' })
  await until(() => steps.length === 2, { ms: 10_000, what: () => 'the request' })
  await gateway.client.answerPermission(await waits(), { option_id: 'no', answered_by: 'alice' })
  await until(() => steps.length === 3, { ms: 5_000, what: () => 'the answer' })
  expect(steps).toMatchObject([
    { kind: 'snapshot', permissions: [] },
    { kind: 'requested', permission: { session_id: session, state: 'open' } },
    { kind: 'closed', permission: { session_id: session, state: 'answered', answered_by: 'alice', option_id: 'no' } },
  ])
  await gateway.ended(session, turn.id)
  leave.abort()
  await following
})

test('unattended fail ends the turn with PERMISSION_NEEDED; with a reader of its stream it waits', async () => {
  const session = await gateway.newSession()
  const leave = new AbortController()
  const reading = (async () => {
    for await (const event of gateway.client.events(session, { signal: leave.signal }))
      if (event.type === 'permission.requested') return event.seq
    return 0
  })()
  const { turn } = await gateway.client.prompt(session, { prompt: '@perm', unattended: 'fail' })
  expect(await reading).toBeGreaterThan(0)
  await waits()
  leave.abort()
  const ended = await gateway.ended(session, turn.id)
  expect(ended.outcome).toMatchObject({ state: 'failed', error: { code: 'PERMISSION_NEEDED' } })
  expect(await history()).toMatchObject([{ state: 'cancelled', answered_by: 'unattended:fail' }])
  expect(await outcomes()).toEqual([['cancelled', undefined]])
})
