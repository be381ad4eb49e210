// Continuity, options and reset through a real gateway and a real agent process, over its API and its command line.

import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'

import { TestGateway } from '../_support/test-gateway.ts'
import type { GatewaySetup } from '../_support/test-gateway.ts'
import { until } from '../_support/until.ts'

const SCRIPTED = join(import.meta.dirname, '../agents/scripted-agent.mjs')

/** Agents die with the gateway, so that each life starts its own. */
const INLINE: GatewaySetup = { config: { keeper: { hosting: 'inline' } } }

function agentOf(gateway: TestGateway, ...flags: string[]): readonly [string, ...string[]] {
  return [process.execPath, SCRIPTED, `--journal=${gateway.journal}`, `--state=${gateway.home}`, ...flags]
}

/** Another command for the agent `scripted`, from the next life on. */
async function redefine(gateway: TestGateway, ...flags: string[]): Promise<void> {
  const file = join(gateway.home, 'config.jsonc')
  const config = JSON.parse(await readFile(file, 'utf8')) as { agents: { scripted: object } }
  config.agents.scripted = { command: agentOf(gateway, ...flags) }
  await writeFile(file, JSON.stringify(config))
}

/** The agent's own record of the conversation is gone, as after a clean-up of its home. */
async function loseConversation(gateway: TestGateway, session: string): Promise<void> {
  const { agent_session_id: id } = await gateway.client.getSession(session)
  await rm(join(gateway.home, `${id}.jsonl`))
  await gateway.kill('SIGTERM')
  await gateway.start()
}

async function typesOf(gateway: TestGateway, session: string): Promise<string[]> {
  return (await gateway.events(session)).map(({ type }) => type)
}

test('a conversation that the agent has lost fails the prompt, and goes on only as somebody has decided', async () => {
  await using gateway = await TestGateway.start(INLINE)
  const session = await gateway.newSession()
  await gateway.ask(session, 'one')
  const { agent_session_id: before, agent_session_source: source } = await gateway.client.getSession(session)
  expect([source, before === null]).toEqual(['new', false])
  await loseConversation(gateway, session)
  const failed = await gateway.ask(session, 'two')
  expect(failed.outcome).toMatchObject({ delivery: 'no', error: { code: 'AGENT_CONVERSATION_LOST' } })
  const shown = await gateway.run('sessions', 'set', session, 'continuity=ask')
  expect(shown.stdout).toMatch(/continuity\s+ask/)
  const waiting = await gateway.run('prompt', '-s', session, 'three')
  expect([waiting.code, waiting.stderr]).toEqual([1, expect.stringContaining('a decision about a lost conversation')])
  const [turn] = (await gateway.client.listTurns(session)).turns
  const isBlocked = async (): Promise<boolean> => (await gateway.client.getSession(session)).blocked !== null
  await until(isBlocked, { ms: 10_000, what: () => 'the session waits for a decision' })
  const held = await gateway.run('prompt', '-s', session, 'four')
  expect([held.code, held.stderr]).toEqual([1, expect.stringContaining('--action fresh|retry|discard')])
  expect((await gateway.run('resume', session, '--action', 'fresh')).code).toBe(0)
  expect((await gateway.ended(session, turn?.id ?? '')).state).toBe('completed')
  const types = await typesOf(gateway, session)
  const replaced = types.indexOf('conversation.replaced')
  expect(replaced).toBeGreaterThan(types.indexOf('session.resumed'))
  expect(types.slice(replaced)).toContain('update')
  expect((await gateway.received('recv')).map(({ text }) => text)).toEqual(['one', 'three'])
})

test.each([
  ['fresh', [], 'policy', 'new'],
  ['fork', ['--fork'], 'forked', 'fork'],
] as const)(
  'with the policy %s the prompt runs in another conversation, and that is told first',
  async (policy, flags, reason, source) => {
    await using gateway = await TestGateway.start(INLINE)
    await redefine(gateway, '--no-load', ...flags)
    await gateway.kill('SIGTERM')
    await gateway.start()
    const session = await gateway.newSession('scripted', { continuity: policy })
    await gateway.ask(session, 'one')
    await gateway.kill('SIGTERM')
    await gateway.start()
    expect((await gateway.ask(session, 'two')).state).toBe('completed')
    const events = await gateway.events(session)
    const replaced = events.findIndex(({ type }) => type === 'conversation.replaced')
    expect(events[replaced]?.data).toMatchObject({ reason })
    expect(events.slice(replaced).some(({ type }) => type === 'update')).toBe(true)
    expect((await gateway.client.getSession(session)).agent_session_source).toBe(source)
  },
)

test('options are applied before the first prompt, changed while the agent lives, and cleared by a reset', async () => {
  await using gateway = await TestGateway.start(INLINE)
  await redefine(gateway, '--modes', '--config')
  await gateway.kill('SIGTERM')
  await gateway.start()
  const session = await gateway.newSession('scripted', { options: { mode: 'code', thinking: 'high' } })
  await gateway.ask(session, 'one')
  const messages = async (): Promise<unknown[]> =>
    (await gateway.received('message')).filter(({ method }) => String(method).startsWith('session/set'))
  expect(await messages()).toMatchObject([{ method: 'session/set_mode', params: { modeId: 'code' } }])
  const refused = (await gateway.events(session)).find(({ type }) => type === 'option.refused')
  expect(refused?.data).toMatchObject({ option: 'thinking', reason: 'not_advertised', advertised: ['mode', 'model'] })
  const set = await gateway.run('sessions', 'set', session, 'model=LARGE', 'thinking=')
  expect(set.stdout).toMatch(/model\s+large\s+small large/)
  const [, model] = (await messages()) as [unknown, { params: object }]
  expect(model.params).toMatchObject({ configId: 'model', value: 'large' })
  const unknown = await gateway.run('sessions', 'set', session, 'model=huge')
  expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('CONTROL_UNSUPPORTED')])
  await gateway.ask(session, 'two')
  expect(await messages()).toHaveLength(2)
  const reset = await gateway.run('sessions', 'reset', session, '--what', 'options', '--json')
  expect(JSON.parse(reset.stdout)).toMatchObject({ cleared: ['mode', 'model'], stopped: { survivors: [] } })
  await gateway.ask(session, 'three')
  const { controls, options } = await gateway.client.getSession(session)
  expect([controls?.modes?.current, options.mode, options.model]).toEqual(['ask', null, null])
  expect(await messages()).toHaveLength(2)
})

test('an agent that is configured otherwise by now is replaced before the next prompt, and that is told', async () => {
  await using gateway = await TestGateway.start()
  const session = await gateway.newSession()
  await gateway.ask(session, 'one')
  await gateway.kill('SIGKILL')
  await gateway.start()
  await gateway.ask(session, 'two')
  expect(await typesOf(gateway, session)).not.toContain('agent.retired')
  await gateway.kill('SIGKILL')
  await redefine(gateway, '--modes')
  await gateway.start()
  await gateway.ask(session, '@recall')
  const retired = (await gateway.events(session)).find(({ type }) => type === 'agent.retired')
  expect(retired?.data).toEqual({ generation: 1, reason: 'definition_changed' })
  const { generation, controls } = await gateway.client.getSession(session)
  expect([generation, controls?.modes?.current]).toEqual([2, 'ask'])
  expect(await gateway.text(session)).toContain('recall 2: one | two')
  expect((await gateway.received('start')).length).toBe(2)
})
