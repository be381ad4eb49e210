// ACP v2 through a real gateway, with an agent on the official SDK: turns, a tool with permission, options, cancel, the death of the
// gateway and of the agent, and the way back to v1.

import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { killPid } from '../_support/kill.ts'
import { TestGateway } from '../_support/test-gateway.ts'
import { until } from '../_support/until.ts'

const AGENT = join(import.meta.dirname, '../agents/v2-agent.mjs')
const SCRIPTED = join(import.meta.dirname, '../agents/scripted-agent.mjs')

let gateway: TestGateway
beforeAll(async () => {
  const command = [process.execPath, AGENT, '--state=.'] as const
  const agents = {
    v2: { command, protocol: 2 },
    auto: { command, protocol: 'auto' },
    old: { command: [process.execPath, SCRIPTED], protocol: 'auto' },
    only: { command: [process.execPath, SCRIPTED], protocol: 2 },
  } as const
  gateway = await TestGateway.start({ agents })
}, 60_000)
afterAll(() => gateway[Symbol.asyncDispose]())

async function openRequest(): Promise<{ id: string; tool_call: unknown }> {
  const open = async () => (await gateway.client.listPermissions({ state: 'open' })).permissions
  await until(async () => (await open()).length > 0, { ms: 10_000, what: () => `a request waits: ${gateway.output}` })
  return (await open())[0]!
}

async function warnings(session: string): Promise<unknown[]> {
  const told = (await gateway.events(session)).filter(({ type }) => type === 'agent.warning').map(({ data }) => data)
  return told.filter((data) => 'warning' in (data as object))
}

test('turns, a tool with permission, an option and a cancel: the log has the shape of v1, and no warning', async () => {
  const session = await gateway.newSession('auto', { options: { model: 'large' } })
  expect(await gateway.ask(session, 'hello')).toMatchObject({
    state: 'completed',
    outcome: { stop_reason: 'end_turn' },
  })
  expect(await gateway.text(session)).toBe('You said: hello')
  const { controls, protocol_version: version } = await gateway.client.getSession(session)
  expect(version).toBe(2)
  const [shown, agents] = [await gateway.run('sessions', 'show', session), await gateway.run('agents', 'ls')]
  expect(shown.stdout).toMatch(/^protocol +ACP version 2$/m)
  expect(agents.stderr).toContain('auto is spoken to in version 2 of ACP, or 1 if it knows no other')
  expect(controls?.config).toMatchObject([{ id: 'model', current: 'large' }])
  const { turn } = await gateway.client.prompt(session, { prompt: '@tool' })
  const request = await openRequest()
  expect(request.tool_call).toMatchObject({ title: 'Run ls?', kind: 'execute', rawInput: { command: 'ls' } })
  await gateway.client.answerPermission(request.id, { option_id: 'yes' })
  expect(await gateway.ended(session, turn.id)).toMatchObject({ state: 'completed' })
  const updates = (await gateway.events(session)).filter(({ type }) => type === 'update').map(({ data }) => data)
  const tools = updates.filter((data) => (data as { sessionUpdate: string }).sessionUpdate.startsWith('tool_call'))
  expect(tools[0]).toMatchObject({ sessionUpdate: 'tool_call', title: 'Run ls', status: 'pending' })
  expect(tools.at(-1)).toMatchObject({ sessionUpdate: 'tool_call_update', status: 'completed' })
  expect(JSON.stringify(tools)).toContain(String.raw`a.txt\n\n[exit code 0]`)
  const long = await gateway.client.prompt(session, { prompt: '@stream 1000 20' })
  await until(async () => (await gateway.text(session)).includes('chunk 2 '), { ms: 10_000, what: () => 'it streams' })
  await gateway.client.cancel(session)
  expect(await gateway.ended(session, long.turn.id)).toMatchObject({ state: 'cancelled' })
  expect(await gateway.ask(session, '@fail')).toMatchObject({
    state: 'failed',
    outcome: { error: { code: 'AGENT_ERROR' } },
  })
  expect(await warnings(session)).toEqual([])
}, 60_000)

test('a running turn goes on over a kill -9 of the gateway, told whole and once; the conversation over the death of the agent', async () => {
  const session = await gateway.newSession('v2')
  const { turn } = await gateway.client.prompt(session, { prompt: '@stream 60 25' })
  await until(async () => (await gateway.text(session)).includes('chunk 3 '), { ms: 10_000, what: () => 'it streams' })
  await gateway.kill('SIGKILL')
  await gateway.start()
  expect(await gateway.ended(session, turn.id)).toMatchObject({ state: 'completed', delivery: 'yes' })
  const whole = Array.from({ length: 60 }, (_, no) => `chunk ${no + 1} `).join('')
  expect(await gateway.text(session)).toBe(whole)
  const { agent_pid: pid } = await gateway.client.getSession(session)
  killPid(pid, 'SIGKILL')
  await until(async () => (await gateway.client.getSession(session)).agent_pid === null, {
    ms: 10_000,
    what: () => 'the death was seen',
  })
  await gateway.ask(session, '@recall')
  expect(await gateway.text(session)).toBe(whole + whole)
  expect(await warnings(session)).toEqual([])
}, 60_000)

test('a question that waits over a kill -9 of the gateway is answered in the next life, and the tool goes on as the one it was', async () => {
  const session = await gateway.newSession('v2')
  const { turn } = await gateway.client.prompt(session, { prompt: '@tool' })
  const request = await openRequest()
  await gateway.kill('SIGKILL')
  await gateway.start()
  await gateway.client.answerPermission(request.id, { option_id: 'yes' })
  expect(await gateway.ended(session, turn.id)).toMatchObject({ state: 'completed' })
  const events = (await gateway.events(session)).map(({ data }) => JSON.stringify(data))
  expect(events.filter((data) => data.includes('"sessionUpdate":"tool_call"'))).toHaveLength(1)
  expect(events.filter((data) => data.includes('a.txt'))).not.toEqual([])
  expect(await warnings(session)).toEqual([])
}, 60_000)

test('an agent that speaks 1 alone is spoken to in version 1 with auto, and refused with 2', async () => {
  const session = await gateway.newSession('old')
  expect(await gateway.ask(session, 'hello')).toMatchObject({ state: 'completed' })
  expect(await gateway.client.getSession(session)).toMatchObject({
    protocol_version: 1,
    agent_info: { name: 'scripted-agent', version: '1.0.0' },
  })
  const ready = (await gateway.events(session)).find(({ type }) => type === 'agent.ready')
  expect(ready?.data).toMatchObject({ agent_info: { name: 'scripted-agent', version: '1.0.0' } })
  const refused = await gateway.newSession('only')
  expect(await gateway.ask(refused, 'hello')).toMatchObject({
    outcome: { error: { code: 'AGENT_PROTOCOL_VERSION', details: { answered: 1, supported: 2 } } },
  })
}, 60_000)
