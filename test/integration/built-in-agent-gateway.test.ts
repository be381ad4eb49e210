// The built-in agent under a real gateway, with a model on loopback: a small piece of work with its tests, and what becomes of it when
// it is cancelled, when the agent is killed and when the gateway is.

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, test, vi } from 'vitest'

import { type FakeLlm, startFakeLlm } from '../_support/fake-llm/server.ts'
import { killPid } from '../_support/kill.ts'
import { TestGateway } from '../_support/test-gateway.ts'

const AGENT = 'holdfast'
const KEY = 'sk-very-secret-123'
const WAIT = { timeout: 20_000 }
/** Of a stop that cancels a summary first: far below the time that turns have, and that is left to an agent that does not listen. */
const CANCEL_MS_MAX = 4_000

async function startWith(llm: FakeLlm, config: Readonly<Record<string, object>> = {}): Promise<TestGateway> {
  const gateway = await TestGateway.prepare({ config: { permissions: { mode: 'approve-all' }, ...config } })
  await gateway.start(environment(llm))
  return gateway
}

function environment({ url }: FakeLlm): Record<string, string> {
  return { HOLDFAST_AGENT_BASE_URL: `${url}/v1`, HOLDFAST_AGENT_MODEL: 'fake-model', HOLDFAST_AGENT_API_KEY: KEY }
}

const SUM = 'export const sum = (a, b) => a - b\n'
const TEST = `import assert from 'node:assert'
import { test } from 'node:test'
import { sum } from './sum.mjs'
test('adds', () => assert.equal(sum(2, 3), 5))
`
const WORK = [
  '@call plan {"steps":[{"content":"Fix sum","status":"in_progress"},{"content":"Test it","status":"pending"}]}',
  '@call read {"path":"sum.mjs"}',
  '@call edit {"path":"sum.mjs","old_string":"a - b","new_string":"a + b"}',
  `@call write ${JSON.stringify({ path: 'sum.test.mjs', content: TEST })}`,
  '@call search {"pattern":"sum\\\\(","glob":"*.mjs"}',
  `@call shell ${JSON.stringify({ command: `${process.execPath} --test` })}`,
].join('\n')

test('a small piece of work in several files is done, its tests run, and all of it is in the events', async () => {
  await using llm = await startFakeLlm()
  await using gateway = await startWith(llm)
  await writeFile(join(gateway.workspace, 'sum.mjs'), SUM)
  const session = await gateway.newSession(AGENT)
  expect(await gateway.ask(session, WORK)).toMatchObject({ state: 'completed' })
  expect(await readFile(join(gateway.workspace, 'sum.mjs'), 'utf8')).toContain('a + b')
  expect(await gateway.text(session)).toContain('after 6 calls')
  const events = JSON.stringify(await gateway.events(session))
  for (const part of ['pass 1', 'fail 0', 'Edit sum.mjs', 'Create sum.test.mjs', 'Fix sum', 'usage_update'])
    expect(events).toContain(part)
})

test('what it runs in terminals of the gateway gets no key, which the gateway has for the agent', async () => {
  await using llm = await startFakeLlm()
  await using gateway = await startWith(llm, { agents: { [AGENT]: { terminals: true } } })
  const session = await gateway.newSession(AGENT)
  expect(await gateway.ask(session, '@call shell {"command":"env"}')).toMatchObject({ state: 'completed' })
  const events = JSON.stringify(await gateway.events(session))
  expect(events).toContain('PATH=')
  expect(events).toContain('"terminalId"')
  expect(events).not.toContain(KEY)
})

test('its files go through the gateway where that is offered: in the directory of the session, and nothing of git', async () => {
  await using llm = await startFakeLlm()
  await using gateway = await startWith(llm, { agents: { [AGENT]: { files: 'write' } } })
  const session = await gateway.newSession(AGENT)
  const work = [
    '@call write {"path":"deep/er/a.mjs","content":"export const a = 1\\n"}',
    '@call edit {"path":"deep/er/a.mjs","old_string":"a = 1","new_string":"a = 2"}',
    '@call read {"path":"deep/er/a.mjs"}',
    '@call write {"path":".git/hooks/pre-commit","content":"x"}',
  ]
  expect(await gateway.ask(session, work.join('\n'))).toMatchObject({ state: 'completed' })
  expect(await readFile(join(gateway.workspace, 'deep/er/a.mjs'), 'utf8')).toBe('export const a = 2\n')
  const events = JSON.stringify(await gateway.events(session))
  expect(events).toContain('a = 2')
  expect(events).toContain("is git's own: change it with git")
  expect(await gateway.text(session)).toContain('after 4 calls')
})

test('a turn is cancelled in the middle of a command, and what it ran is gone; the session goes on', async () => {
  await using llm = await startFakeLlm()
  await using gateway = await startWith(llm)
  const session = await gateway.newSession(AGENT)
  const { turn } = await gateway.client.prompt(session, { prompt: '@call shell {"command":"sleep 61; true"}' })
  const sleepers = () => gateway.agents().filter(({ command }) => command.includes('sleep 61'))
  await vi.waitFor(() => expect(sleepers().length).toBeGreaterThan(0), WAIT)
  await gateway.client.cancel(session, turn.id)
  expect(await gateway.ended(session, turn.id)).toMatchObject({ state: 'cancelled' })
  expect(sleepers()).toEqual([])
  expect(await gateway.ask(session, 'hi')).toMatchObject({ state: 'completed' })
})

test('after SIGKILL of the agent its conversation goes on in a new process', async () => {
  await using llm = await startFakeLlm({ tokensMax: 10_000, everyMs: 20 })
  await using gateway = await startWith(llm)
  const session = await gateway.newSession(AGENT)
  await gateway.ask(session, 'the word is heliotrope')
  const { turn } = await gateway.client.prompt(session, { prompt: '@slow' })
  await vi.waitFor(async () => expect(await gateway.text(session)).toContain('tok3'), WAIT)
  for (const { pid } of gateway.agents()) killPid(pid, 'SIGKILL')
  expect((await gateway.ended(session, turn.id)).state).not.toBe('completed')
  await gateway.client.resume(session, 'continue').catch(() => undefined) // only when it is held
  expect(await gateway.ask(session, '@recall')).toMatchObject({ state: 'completed' })
  expect(await gateway.text(session)).toContain('first user text: the word is heliotrope')
})

test('a turn that runs when the gateway is killed goes on and ends in the next life', async () => {
  await using llm = await startFakeLlm({ tokensMax: 100, everyMs: 20 })
  await using gateway = await startWith(llm)
  const session = await gateway.newSession(AGENT)
  const { turn } = await gateway.client.prompt(session, { prompt: '@slow' })
  await vi.waitFor(async () => expect(await gateway.text(session)).toContain('tok3'), WAIT)
  await gateway.kill()
  await gateway.start(environment(llm))
  expect(await gateway.ended(session, turn.id)).toMatchObject({ state: 'completed' })
  expect(await gateway.text(session)).toBe(Array.from({ length: 100 }, (_, n) => `tok${n + 1} `).join(''))
})

test('a summary that hangs when the gateway is stopped is cancelled at once; the next life goes on with a whole transcript', async () => {
  await using llm = await startFakeLlm()
  await using gateway = await startWith(llm, { deadlines: { drainMs: 60_000 } })
  const session = await gateway.newSession(AGENT)
  await gateway.ask(session, 'the word is heliotrope @hang-summary')
  const { turn } = await gateway.client.prompt(session, { prompt: '/compact' })
  const detail = async () => (await gateway.client.getSession(session)).activity_detail
  await vi.waitFor(async () => expect(await detail()).toBe('compacting'), WAIT)
  await vi.waitFor(() => expect(llm.requests.at(-1)).toMatchObject({ answer: 'hang', state: 'open' }), WAIT)
  const stoppedAt = performance.now()
  killPid(gateway.pid, 'SIGTERM')
  await vi.waitFor(() => expect(llm.requests.at(-1)?.state).toBe('aborted'), WAIT)
  expect(performance.now() - stoppedAt).toBeLessThan(CANCEL_MS_MAX)
  expect(await gateway.died()).toMatchObject({ code: 0 })
  await gateway.start(environment(llm))
  expect(await gateway.client.getTurn(session, turn.id)).toMatchObject({ state: 'interrupted' })
  await gateway.client.resume(session, 'discard').catch(() => undefined) // only when it is held
  expect(await gateway.ask(session, '@recall')).toMatchObject({ state: 'completed' })
  expect(await gateway.text(session)).toContain('first user text: the word is heliotrope')
})
