// The built-in agent with models: every provider's own API on a loopback server, compaction, tool servers, and the official SDK as its
// client. No key leaves this machine.

import { spawn } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'

import { client, ndJsonStream } from '@agentclientprotocol/sdk'
import { describe, expect, test, vi } from 'vitest'

import { AgentHome, type BuiltInAgent } from '../_support/built-in-agent.ts'
import { type FakeLlm, startFakeLlm } from '../_support/fake-llm/server.ts'
import { AGENT_MAIN } from '../_support/launcher.ts'
import { choose } from '../agents/bare-client.ts'

const TOOL_SERVER = join(import.meta.dirname, '../../builtin-agent/test/tool-server.ts')
const CHARS = 500_000

function local({ url }: FakeLlm, more: Record<string, string> = {}): Record<string, string> {
  return { HOLDFAST_AGENT_BASE_URL: `${url}/v1`, HOLDFAST_AGENT_MODEL: 'fake-model', ...more }
}

/** The entries of the only transcript of a home, by type. */
async function stored(home: AgentHome): Promise<string[]> {
  const folder = join(home.state, 'transcripts')
  const [file] = (await readdir(folder)).filter((name) => name.endsWith('.jsonl'))
  const lines = (await readFile(join(folder, file!), 'utf8')).trim().split('\n').slice(1)
  return lines.map((line) => (JSON.parse(line) as { type: string }).type)
}

describe('a model', () => {
  test.each([
    ['anthropic', 'anthropic/claude-sonnet-5', (url: string) => ({ ANTHROPIC_API_KEY: 'k', ANTHROPIC_BASE_URL: url })],
    ['openai-responses', 'openai/gpt-5.5', (url: string) => ({ OPENAI_API_KEY: 'k', OPENAI_BASE_URL: `${url}/v1` })],
    [
      'gemini',
      'google/gemini-3.1-pro-preview',
      (url: string) => ({ GEMINI_API_KEY: 'k', GOOGLE_GEMINI_BASE_URL: `${url}/v1beta` }),
    ],
    ['openai-chat', 'local/fake-model', (url: string) => ({ HOLDFAST_AGENT_BASE_URL: `${url}/v1` })],
  ])('of %s is chosen (%s), answers, and calls a tool that asks', async (api, id, env) => {
    await using home = await AgentHome.open()
    await using llm = await startFakeLlm()
    await using agent = home.start(env(llm.url))
    agent.answer('session/request_permission', choose('allow_once'))
    await agent.request('initialize', { protocolVersion: 1 })
    expect((await agent.request('authenticate', { methodId: 'environment' }))['result']).toEqual({})
    const { result } = await agent.request('session/new', { cwd: home.cwd, mcpServers: [] })
    expect(result.configOptions[0]).toMatchObject({ id: 'model', category: 'model', currentValue: id })
    const write = await agent.prompt(result.sessionId, '@tool write a.txt hello', 30_000)
    expect(write['result']).toEqual({ stopReason: 'end_turn' })
    expect(await readFile(join(home.cwd, 'a.txt'), 'utf8')).toContain('hello')
    expect(agent.text()).toContain('Created a.txt.')
    expect(llm.requests.map((request) => request.api)).toEqual([api, api])
  })

  test('that refuses the key leads to -32000, one that fails to -32603 with its reason; the next prompt works', async () => {
    await using home = await AgentHome.open()
    await using llm = await startFakeLlm()
    await using agent = home.start(local(llm))
    const session = await agent.start(home.cwd)
    expect((await agent.prompt(session, '@error 401'))['error']).toMatchObject({ code: -32000 })
    const failed = (await agent.prompt(session, '@error 400'))['error']
    expect(failed).toMatchObject({ code: -32603, data: { kind: 'modelFailed' } })
    expect(failed.message).toContain('scripted error 400')
    expect((await agent.prompt(session, 'hi'))['result']).toEqual({ stopReason: 'end_turn' })
  })

  test('that hangs or streams is aborted by a cancel: its connection is closed', async () => {
    await using home = await AgentHome.open()
    await using llm = await startFakeLlm({ tokensMax: 10_000, everyMs: 10 })
    await using agent = home.start(local(llm))
    const session = await agent.start(home.cwd)
    for (const prompt of ['@slow', '@hang']) {
      const turn = agent.prompt(session, prompt)
      await vi.waitFor(() => expect(llm.requests.at(-1)).toMatchObject({ lastUserText: prompt, state: 'open' }), 10_000)
      agent.notify('session/cancel', { sessionId: session })
      expect((await turn)['result']).toEqual({ stopReason: 'cancelled' })
      await vi.waitFor(() => expect(llm.requests.at(-1)?.state).toBe('aborted'), 5_000)
    }
  })

  test('is not asked again when a command is cancelled', async () => {
    await using home = await AgentHome.open()
    await using llm = await startFakeLlm()
    await using agent = home.start(local(llm))
    agent.answer('session/request_permission', choose('allow_once'))
    const session = await agent.start(home.cwd)
    const turn = agent.prompt(session, '@call shell {"command":"sleep 60"}')
    await agent.waitFor(() => agent.calls().at(-1)?.['status'] === 'in_progress', 'the command')
    agent.notify('session/cancel', { sessionId: session })
    expect((await turn)['result']).toEqual({ stopReason: 'cancelled' })
    expect((await stored(home)).filter((type) => type === 'assistant')).toHaveLength(1)
    expect(llm.requests).toHaveLength(1)
  })

  test('gets neither keys nor variables of ours in what it runs', async () => {
    await using home = await AgentHome.open()
    await using llm = await startFakeLlm()
    await using agent = home.start(local(llm, { HOLDFAST_AGENT_API_KEY: 'sk-hidden', OPENAI_API_KEY: 'sk-hidden' }))
    agent.answer('session/request_permission', choose('allow_once'))
    const session = await agent.start(home.cwd)
    await agent.prompt(session, '@call shell {"command":"env"}')
    expect(JSON.stringify(agent.calls())).toContain('PATH=')
    expect(JSON.stringify(agent.calls())).not.toMatch(/sk-hidden|HOLDFAST_AGENT/)
  })
})

describe('compaction', () => {
  /** Four prompts of half a megabyte, with a context that takes them all. */
  async function talkLong(home: AgentHome, llm: FakeLlm): Promise<string> {
    await using agent = home.start(local(llm, { HOLDFAST_AGENT_CONTEXT_WINDOW: '2000000' }))
    const session = await agent.start(home.cwd)
    for (let n = 1; n <= 4; n++) {
      const text = `part ${n} ${'lorem ipsum '.repeat(CHARS / 12)}`
      expect((await agent.prompt(session, text, 30_000))['result']).toEqual({ stopReason: 'end_turn' })
    }
    return session
  }

  async function reopen(agent: BuiltInAgent, home: AgentHome, session: string, capabilities = {}): Promise<void> {
    await agent.request('initialize', { protocolVersion: 1, clientCapabilities: capabilities })
    await agent.request('session/resume', { sessionId: session, cwd: home.cwd, mcpServers: [] })
  }

  test('of 2 MB comes by itself before a request that would not fit, in parts, and the turn goes on; nothing is lost', async () => {
    await using home = await AgentHome.open()
    await using llm = await startFakeLlm()
    const session = await talkLong(home, llm)
    await using agent = home.start(local(llm, { HOLDFAST_AGENT_CONTEXT_WINDOW: '200000' }))
    await reopen(agent, home, session, { session: { compaction: {} } })
    const before = llm.requests.length
    expect((await agent.prompt(session, 'and now?', 30_000))['result']).toEqual({ stopReason: 'end_turn' })
    const asked = llm.requests.slice(before)
    expect(asked.map(({ lastUserText }) => lastUserText.startsWith('<conversation>'))).toEqual([
      ...Array.from({ length: asked.length - 1 }, () => true),
      false,
    ])
    expect(asked.length).toBeGreaterThan(3)
    for (const { body } of asked) expect(JSON.stringify(body).length / 4).toBeLessThan(200_000)
    const steps = agent.updates('compaction_update')
    expect(steps.map(({ status }) => status as string)).toEqual(['in_progress', 'completed'])
    expect(agent.text()).toContain('fake answer to: and now?')
    expect((await stored(home)).filter((type) => type === 'compaction')).toHaveLength(1)
    await agent.request('session/load', { sessionId: session, cwd: home.cwd, mcpServers: [] }, 30_000)
    const said = agent.updates('user_message_chunk').map((update) => (update['content'].text as string).slice(0, 8))
    expect(said.map((text) => text.trim())).toEqual(['part 1 l', 'part 2 l', 'part 3 l', 'part 4 l', 'and now?'])
    const replayed = agent.updates('compaction_update').at(-1)
    expect(replayed).toMatchObject({ compactionId: steps[0]?.['compactionId'], status: 'completed' })
  })

  test('on request is told as a thought to a client without compaction updates; its summary takes the place of what was said', async () => {
    await using home = await AgentHome.open()
    await using llm = await startFakeLlm()
    await using agent = home.start(local(llm))
    const session = await agent.start(home.cwd)
    await agent.prompt(session, 'the word is heliotrope')
    expect((await agent.prompt(session, '/compact'))['result']).toEqual({ stopReason: 'end_turn' })
    expect(JSON.stringify(agent.updates('agent_thought_chunk'))).toContain('Summarising the conversation so far')
    await agent.prompt(session, 'go on')
    const { body } = llm.requests.at(-1)!
    expect(JSON.stringify(body)).toContain('summary of')
    expect(JSON.stringify(body['messages'])).toContain('heliotrope') // of the summary, which quotes it
    expect((body['messages'] as unknown[]).length).toBe(3) // instructions, summary, prompt
  })

  test('that hangs before a request that fits all the same is given up, and the turn goes on meanwhile', async () => {
    await using home = await AgentHome.open()
    await using llm = await startFakeLlm({ tokensMax: 100, everyMs: 10 })
    const limits = { HOLDFAST_AGENT_CONTEXT_WINDOW: '10000', HOLDFAST_AGENT_COMPACTION_SECONDS: '1' }
    await using agent = home.start(local(llm, limits))
    const session = await agent.start(home.cwd)
    await agent.prompt(session, `@hang-summary ${'lorem ipsum '.repeat(2_500)}`)
    const turn = agent.prompt(session, '@slow')
    await agent.waitFor(() => agent.text().includes('tok3'), 'some of the answer')
    expect(llm.requests.map(({ answer, state }) => `${answer} ${state}`)).toEqual([
      'text finished',
      'hang aborted',
      'slow open',
    ])
    expect((await turn)['result']).toEqual({ stopReason: 'end_turn' })
    expect(JSON.stringify(agent.updates('agent_thought_chunk'))).toContain('could not be summarised')
  })

  test('that hangs ends at its deadline, or at once with a cancel, and leaves the transcript as it was', async () => {
    await using home = await AgentHome.open()
    await using llm = await startFakeLlm()
    await using agent = home.start(local(llm, { HOLDFAST_AGENT_COMPACTION_SECONDS: '1' }))
    const session = await agent.start(home.cwd)
    await agent.prompt(session, 'hello @hang-summary')
    const before = await stored(home)
    const failed = (await agent.prompt(session, '/compact'))['error']
    expect(failed.message).toBe('The model took too long.')
    await vi.waitFor(() => expect(llm.requests.at(-1)?.state).toBe('aborted'), 5_000)
    const turn = agent.prompt(session, '/compact')
    await vi.waitFor(() => expect(llm.requests.at(-1)?.state).toBe('open'), 5_000)
    agent.notify('session/cancel', { sessionId: session })
    expect((await turn)['result']).toEqual({ stopReason: 'cancelled' })
    await vi.waitFor(() => expect(llm.requests.at(-1)?.state).toBe('aborted'), 5_000)
    expect((await stored(home)).filter((type) => type !== 'attempt')).toEqual(
      before.filter((type) => type !== 'attempt'),
    )
    expect((await agent.prompt(session, 'still there?'))['result']).toEqual({ stopReason: 'end_turn' })
  })
})

describe('tool servers of the client', () => {
  test('on stdio and over HTTP: their tools are offered, ask, and answer; one that is not there is told once', async () => {
    await using home = await AgentHome.open()
    await using llm = await startFakeLlm()
    const http = spawn(process.execPath, [TOOL_SERVER, '--http'], { stdio: ['ignore', 'pipe', 'inherit'] })
    using _ = { [Symbol.dispose]: () => void http.kill('SIGKILL') }
    const port = await new Promise<string>((resolve) =>
      http.stdout.once('data', (text) => resolve(String(text).trim())),
    )
    await using agent = home.start(local(llm, { HOLDFAST_AGENT_API_KEY: 'sk-hidden' }))
    const asked: string[] = []
    agent.answer('session/request_permission', (params) => {
      asked.push(
        agent.calls().find((call) => call['toolCallId'] === params['toolCall'].toolCallId)?.['title'] as string,
      )
      return choose('allow_once')(params)
    })
    await agent.request('initialize', { protocolVersion: 1 })
    const mcpServers = [
      { name: 'near', command: process.execPath, args: [TOOL_SERVER], env: [{ name: 'WORD', value: 'heliotrope' }] },
      { type: 'http', name: 'far', url: `http://127.0.0.1:${port}/mcp`, headers: [] },
      { name: 'gone', command: '/no/such/program', args: [], env: [] },
    ]
    const { result } = await agent.request('session/new', { cwd: home.cwd, mcpServers })
    const calls = ['@call near__add {"a":2,"b":3}', '@call far__note {"text":"noted"}', '@call near__env {}'].join('\n')
    expect((await agent.prompt(result.sessionId, calls, 30_000))['result']).toEqual({ stopReason: 'end_turn' })
    expect(asked).toEqual(['near: add', 'far: note', 'near: env'])
    const [sum, note, env] = agent.calls().map((call) => JSON.stringify(call['content']))
    expect(sum).toContain('"5"')
    expect(note).toContain('noted')
    expect(env).toContain('heliotrope')
    expect(env).not.toContain('sk-hidden')
    await agent.prompt(result.sessionId, 'once more')
    const thoughts = agent.updates('agent_thought_chunk').map((update) => update['content'].text as string)
    expect(thoughts.filter((text) => text.includes('gone cannot be used'))).toHaveLength(1)
  })
})

test('the official SDK drives a whole turn: new, prompt with a permission, list, load', async () => {
  await using home = await AgentHome.open()
  const child = spawn(process.execPath, [AGENT_MAIN], {
    env: { ...process.env, ...home.env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  using _ = { [Symbol.dispose]: () => void child.kill('SIGKILL') }
  const updates: string[] = []
  const app = client({ name: 'sdk-client' })
    .onNotification('session/update', ({ params }) => void updates.push(params.update.sessionUpdate))
    .onRequest('session/request_permission', ({ params }) => ({
      outcome: { outcome: 'selected' as const, optionId: params.options[0]!.optionId },
    }))
  const input = Writable.toWeb(child.stdin) as WritableStream<Uint8Array>
  const output = Readable.toWeb(child.stdout) as ReadableStream<Uint8Array>
  await app.connectWith(ndJsonStream(input, output), async (agent) => {
    await agent.request('initialize', { protocolVersion: 1, clientCapabilities: {} })
    const { sessionId, configOptions } = await agent.request('session/new', { cwd: home.cwd, mcpServers: [] })
    expect(configOptions).toHaveLength(3)
    const prompt = [{ type: 'text' as const, text: 'create a.txt with one then read a.txt' }]
    expect(await agent.request('session/prompt', { sessionId, prompt })).toEqual({ stopReason: 'end_turn' })
    expect(await readFile(join(home.cwd, 'a.txt'), 'utf8')).toBe('one\n')
    const { sessions } = await agent.request('session/list', { cwd: home.cwd })
    expect(sessions).toMatchObject([{ sessionId, cwd: home.cwd }])
    await agent.request('session/load', { sessionId, cwd: home.cwd, mcpServers: [] })
  })
  expect(new Set(updates)).toEqual(
    new Set([
      'available_commands_update',
      'session_info_update',
      'agent_message_chunk',
      'plan',
      'usage_update',
      'tool_call',
      'tool_call_update',
      'user_message_chunk',
    ]),
  )
})
