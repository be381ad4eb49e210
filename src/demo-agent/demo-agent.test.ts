// The demo agent as a child process, driven by a bare client: what a newcomer sees, and what it must never do.

import { mkdtemp, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { BareClient, choose, type Frame } from '../../test/agents/bare-client.ts'
import { DemoAgent } from './demo-agent.ts'
import { openTranscripts } from './transcripts.ts'

const MAIN = join(import.meta.dirname, 'main.ts')

let root: string
let cwd: string
let state: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'demo-agent-'))
  cwd = join(root, 'work')
  state = join(root, 'state')
  await mkdir(cwd)
})

afterEach(() => rm(root, { recursive: true, force: true }))

function startAgent(...args: string[]): BareClient {
  const pace = args.length === 0 ? ['--word-ms=0'] : args
  return new BareClient([process.execPath, MAIN, ...pace], { cwd, env: { HOLDFAST_DEMO_STATE: state } })
}

describe('an answer', () => {
  test('is streamed in words, with a plan, and says that it is not a real model', async () => {
    await using client = startAgent()
    await writeFile(join(cwd, 'a.txt'), '')
    const { result } = await client.prompt(await client.start(cwd), 'hello')
    expect(result).toEqual({ stopReason: 'end_turn' })
    expect(client.text()).toContain('not a real model')
    expect(client.text()).toContain('You wrote: "hello". The folder holds a.txt.')
    expect(client.updates('agent_message_chunk').length).toBeGreaterThan(30)
    const plans = client.updates('plan').map((plan) => plan['entries'].map((entry: { status: string }) => entry.status))
    expect(plans).toEqual([
      ['in_progress', 'pending'],
      ['completed', 'in_progress'],
      ['completed', 'completed'],
    ])
  })

  test('is the same for the same prompt', async () => {
    const texts: string[] = []
    for (let n = 0; n < 2; n++) {
      await using client = startAgent()
      await client.prompt(await client.start(cwd), 'same')
      texts.push(client.text())
    }
    expect(texts[0]).toBe(texts[1])
  })

  test('stops in the middle at a cancel, and the session goes on', async () => {
    await using client = startAgent('--word-ms=20')
    const sessionId = await client.start(cwd)
    const turn = client.prompt(sessionId, 'count to 1000')
    await client.waitFor(() => client.text().includes('3, '), 'some numbers')
    client.notify('session/cancel', { sessionId })
    expect((await turn)['result']).toEqual({ stopReason: 'cancelled' })
    expect(client.text()).not.toContain('1000')
    expect((await client.prompt(sessionId, 'count to 2'))['result']).toEqual({ stopReason: 'end_turn' })
    expect(client.text().endsWith('1, 2.')).toBe(true)
  })

  test('a second prompt during a turn is refused', async () => {
    await using client = startAgent('--word-ms=20')
    const sessionId = await client.start(cwd)
    client.send('session/prompt', { sessionId, prompt: [{ type: 'text', text: 'count to 1000' }] })
    expect((await client.prompt(sessionId, 'me too'))['error']).toMatchObject({ code: -32600 })
  })
})

describe('writing a file', () => {
  test('shows a diff, asks, and writes when allowed', async () => {
    await using client = startAgent()
    client.answer('session/request_permission', async (params) => {
      expect(await readdir(cwd)).toEqual([])
      return choose('allow_once')(params)
    })
    await client.prompt(await client.start(cwd), 'write a hello file')
    expect(await readFile(join(cwd, 'HELLO.md'), 'utf8')).toContain('# Hello')
    const call = client.updates('tool_call').find((update) => update['kind'] === 'edit')
    expect(call).toMatchObject({ title: 'Create HELLO.md', content: [{ type: 'diff', oldText: null }] })
    const states = client.updates('tool_call_update').filter((u) => u['toolCallId'] === call!['toolCallId'])
    expect(states.map((update) => update['status'])).toEqual(['in_progress', 'completed'])
    expect(client.text()).toContain('Done: I created HELLO.md.')
  })

  test('edits an existing file by one line', async () => {
    await using client = startAgent()
    await writeFile(join(cwd, 'notes.txt'), 'mine')
    client.answer('session/request_permission', choose('allow_once'))
    await client.prompt(await client.start(cwd), 'please edit notes.txt.')
    expect(await readFile(join(cwd, 'notes.txt'), 'utf8')).toBe('mine\nThe demo agent of Holdfast added this line.\n')
  })

  test.each(['reject_once', 'nothing'])('writes nothing when the answer is %s', async (kind) => {
    await using client = startAgent()
    client.answer('session/request_permission', choose(kind))
    const { result } = await client.prompt(await client.start(cwd), 'create x.txt')
    expect(result).toEqual({ stopReason: 'end_turn' })
    expect(await readdir(cwd)).toEqual([])
    expect(client.text()).toContain('I have not touched x.txt.')
  })

  test('writes nothing when the client does not know permissions', async () => {
    await using client = startAgent()
    await client.prompt(await client.start(cwd), 'create x.txt')
    expect(await readdir(cwd)).toEqual([])
  })

  test('asks once after "always", in this session', async () => {
    await using client = startAgent()
    client.answer('session/request_permission', choose('allow_always'))
    const sessionId = await client.start(cwd)
    for (const name of ['a.txt', 'b.txt']) await client.prompt(sessionId, `create ${name}`)
    expect(await readdir(cwd)).toEqual(['a.txt', 'b.txt'])
    expect(client.frames.filter((frame) => frame['method'] === 'session/request_permission')).toHaveLength(1)
  })

  test('a cancel while it asks ends the turn, and a late permission writes nothing', async () => {
    await using client = startAgent()
    const { promise: late, resolve } = Promise.withResolvers<object>()
    client.answer('session/request_permission', () => late)
    const sessionId = await client.start(cwd)
    const turn = client.prompt(sessionId, 'create x.txt')
    await client.waitFor((frame) => frame['method'] === 'session/request_permission', 'the question')
    client.notify('session/cancel', { sessionId })
    expect((await turn)['result']).toEqual({ stopReason: 'cancelled' })
    const last = client.updates('plan').at(-1)!
    const steps = last['entries'].map((entry: Frame) => entry['status'])
    expect(steps).toEqual(['completed', 'in_progress', 'pending'])
    resolve({ outcome: { outcome: 'selected', optionId: 'allow' } })
    await client.prompt(sessionId, 'count to 1')
    expect(await readdir(cwd)).toEqual([])
  })

  test('a cancel right behind the permission still stops the write', async () => {
    const sent: Frame[] = []
    const find = (matches: (frame: Frame) => boolean): Promise<Frame> =>
      vi.waitFor(() => sent.find(matches) ?? Promise.reject(new Error('not sent yet')))
    const agent = new DemoAgent({
      send: (line) => void sent.push(JSON.parse(line)),
      transcripts: openTranscripts(state),
      wordMs: 0,
    })
    const receive = (message: object): void => agent.receive(JSON.stringify({ jsonrpc: '2.0', ...message }))
    receive({ id: 'new', method: 'session/new', params: { cwd, mcpServers: [] } })
    const { sessionId } = (await find((frame) => frame['id'] === 'new'))['result']
    const prompt = [{ type: 'text', text: 'create x.txt' }]
    receive({ id: 'turn', method: 'session/prompt', params: { sessionId, prompt } })
    const { id } = await find((frame) => frame['method'] === 'session/request_permission')
    receive({ id, result: { outcome: { outcome: 'selected', optionId: 'allow' } } })
    receive({ method: 'session/cancel', params: { sessionId } })
    expect((await find((frame) => frame['id'] === 'turn'))['result']).toEqual({ stopReason: 'cancelled' })
    expect(await readdir(cwd)).toEqual([])
    agent.close()
  })

  test('never leaves the folder, never follows a link', async () => {
    await using client = startAgent()
    client.answer('session/request_permission', choose('allow_once'))
    await writeFile(join(root, 'outside.txt'), 'untouched')
    await symlink(join(root, 'outside.txt'), join(cwd, 'link.txt'))
    await symlink(root, join(cwd, 'up'))
    const sessionId = await client.start(cwd)
    for (const name of ['../outside.txt', join(root, 'outside.txt'), 'link.txt', 'up/outside.txt', 'no/such.txt']) {
      await client.prompt(sessionId, `edit ${name}`)
    }
    expect(await readFile(join(root, 'outside.txt'), 'utf8')).toBe('untouched')
    expect(client.text().match(/I will not:/g)).toHaveLength(5)
    expect(client.frames.some((frame) => frame['method'] === 'session/request_permission')).toBe(false)
  })

  test('a file that changed while it asked is left alone', async () => {
    await using client = startAgent()
    await writeFile(join(cwd, 'notes.txt'), 'old')
    client.answer('session/request_permission', async (params) => {
      await writeFile(join(cwd, 'notes.txt'), 'new')
      return choose('allow_once')(params)
    })
    await client.prompt(await client.start(cwd), 'edit notes.txt')
    expect(await readFile(join(cwd, 'notes.txt'), 'utf8')).toBe('new')
    expect(client.text()).toContain('has changed since it was shown')
  })
})

describe('a conversation', () => {
  test('is replayed by load and continued by resume after a kill', async () => {
    let sessionId: string
    {
      await using first = startAgent()
      sessionId = await first.start(cwd)
      await first.prompt(sessionId, 'count to 2')
    }
    await using loading = startAgent()
    await loading.request('initialize', { protocolVersion: 1 })
    expect((await loading.request('session/load', { sessionId, cwd, mcpServers: [] })).result).toEqual({})
    const replay = loading.updates().map((update) => [update['sessionUpdate'], update['content'].text])
    expect(replay[0]).toEqual(['user_message_chunk', 'count to 2'])
    expect(replay[1]).toEqual(['agent_message_chunk', expect.stringContaining('1, 2.')])
    await using resuming = startAgent()
    await resuming.request('initialize', { protocolVersion: 1 })
    expect((await resuming.request('session/resume', { sessionId, cwd, mcpServers: [] })).result).toEqual({})
    expect(resuming.updates()).toEqual([])
    await resuming.prompt(sessionId, 'and now?')
    expect(resuming.text()).toContain('This is prompt 2 of this conversation.')
  })

  test('with a torn last line is loaded without it', async () => {
    await using client = startAgent()
    const sessionId = await client.start(cwd)
    await client.prompt(sessionId, 'count to 1')
    const file = join(state, `${sessionId}.jsonl`)
    await writeFile(file, `${await readFile(file, 'utf8')}{"role":"user","te`)
    await client.request('session/load', { sessionId, cwd, mcpServers: [] })
    expect(client.updates('user_message_chunk')).toHaveLength(1)
    await client.prompt(sessionId, 'next')
    expect(client.text()).toContain('This is prompt 2')
    await client.request('session/load', { sessionId, cwd, mcpServers: [] })
    expect(client.updates('user_message_chunk').at(-1)!['content'].text).toBe('next')
  })

  test('is kept in a private folder', async () => {
    await using client = startAgent()
    const sessionId = await client.start(cwd)
    expect((await stat(state)).mode & 0o777).toBe(0o700)
    expect((await stat(join(state, `${sessionId}.jsonl`))).mode & 0o777).toBe(0o600)
  })

  test('is not opened in a folder that others may enter', async () => {
    await mkdir(state, { mode: 0o755 })
    await using client = startAgent()
    expect((await client.request('session/new', { cwd, mcpServers: [] })).error).toMatchObject({ code: -32603 })
  })
})

describe('the connection', () => {
  test('unknown sessions, folders and methods are refused', async () => {
    await using client = startAgent()
    const refused = async (method: string, params: object): Promise<number> =>
      (await client.request(method, params)).error.code
    expect(await refused('session/load', { sessionId: '../../etc/passwd', cwd, mcpServers: [] })).toBe(-32002)
    expect(await refused('session/prompt', { sessionId: 'nobody', prompt: [] })).toBe(-32002)
    expect(await refused('session/new', { cwd: 'relative', mcpServers: [] })).toBe(-32602)
    expect(await refused('session/new', { cwd: join(root, 'absent'), mcpServers: [] })).toBe(-32602)
    expect(await refused('session/prompt', { sessionId: await client.start(cwd), prompt: 'text' })).toBe(-32602)
    expect(await refused('session/list', {})).toBe(-32601)
  })

  test('close ends the running turn and forgets the session', async () => {
    await using client = startAgent('--word-ms=20')
    const sessionId = await client.start(cwd)
    const turn = client.prompt(sessionId, 'count to 1000')
    await client.waitFor(() => client.text() !== '', 'output')
    expect((await client.request('session/close', { sessionId })).result).toEqual({})
    expect((await turn)['result']).toEqual({ stopReason: 'cancelled' })
    expect((await client.prompt(sessionId, 'more'))['error']).toMatchObject({ code: -32002 })
  })

  test('the process ends with its stdin, also in the middle of a turn', async () => {
    await using client = startAgent('--word-ms=20')
    const sessionId = await client.start(cwd)
    client.send('session/prompt', { sessionId, prompt: [{ type: 'text', text: 'count to 1000' }] })
    await vi.waitFor(() => expect(client.text()).not.toBe(''))
    client.endStdin()
    expect(await client.exited).toEqual({ code: 0, signal: null })
  })
})
