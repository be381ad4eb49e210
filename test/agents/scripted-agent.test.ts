// The scripted agent itself: each directive does what it says, seen by a bare client and in the journal.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { BareClient, choose, type Frame } from './bare-client.ts'

const AGENT = join(import.meta.dirname, 'scripted-agent.mjs')

let dir: string
let journalFile: string

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'scripted-'))
  journalFile = join(dir, 'journal.jsonl')
})

afterEach(() => rm(dir, { recursive: true, force: true }))

function agent(...flags: string[]): BareClient {
  return new BareClient([process.execPath, AGENT, `--journal=${journalFile}`, ...flags], { cwd: dir })
}

function fixture(name: string, ...args: string[]): BareClient {
  return new BareClient([process.execPath, join(import.meta.dirname, name), ...args], { cwd: dir })
}

async function journal(kind: string): Promise<Frame[]> {
  const text = await readFile(journalFile, 'utf8').catch(() => '')
  const entries: Frame[] = text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
  return entries.filter((entry) => entry['kind'] === kind)
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe('a plain turn', () => {
  test('streams an echo in three chunks and ends', async () => {
    await using client = agent()
    const sessionId = await client.start(dir)
    const answer = await client.prompt(sessionId, 'hello there')
    expect(answer['result']).toEqual({ stopReason: 'end_turn' })
    expect(client.updates('agent_message_chunk')).toHaveLength(3)
    expect(client.text()).toBe('echo: hello there')
    expect(await journal('start')).toMatchObject([{ pid: client.pid }])
    expect(await journal('recv')).toMatchObject([{ id: answer['id'], sessionId, text: 'hello there' }])
  })

  test('several directives run in order; an unknown one is told apart', async () => {
    await using client = agent()
    const sessionId = await client.start(dir)
    await client.prompt(sessionId, '@say one @chunks 2 @nonsense @say two')
    expect(client.text()).toBe('onechunk 1 chunk 2 two')
    expect(await journal('directive-unknown')).toMatchObject([{ name: 'nonsense' }])
  })

  test('a mention that is no directive is echoed', async () => {
    await using client = agent()
    await client.prompt(await client.start(dir), 'look at @readme')
    expect(client.text()).toBe('echo: look at @readme')
  })

  test('the conversation is replayed by load and kept by resume in another process', async () => {
    const state = `--state=${join(dir, 'state')}`
    let sessionId: string
    {
      await using first = agent(state, '--resume')
      sessionId = await first.start(dir)
      await first.prompt(sessionId, 'remember plum')
    }
    await using second = agent(state, '--resume')
    await second.request('initialize', { protocolVersion: 1 })
    await second.request('session/load', { sessionId, cwd: dir, mcpServers: [] })
    expect(second.updates().map((update) => [update['sessionUpdate'], update['content'].text])).toEqual([
      ['user_message_chunk', 'remember plum'],
      ['agent_message_chunk', 'echo: remember plum'],
    ])
    await using third = agent(state, '--resume')
    await third.request('initialize', { protocolVersion: 1 })
    expect((await third.request('session/resume', { sessionId, cwd: dir })).result).toEqual({})
    expect(third.updates()).toEqual([])
    await third.prompt(sessionId, '@recall')
    expect(third.text()).toBe('recall 1: remember plum')
  })

  test('an unknown session is refused by load, resume, close and prompt', async () => {
    await using client = agent('--resume')
    await client.start(dir)
    for (const method of ['session/load', 'session/resume', 'session/close', 'session/prompt']) {
      const { error } = await client.request(method, { sessionId: 'nobody', cwd: dir, mcpServers: [], prompt: [] })
      expect(error).toMatchObject({ code: -32002 })
    }
  })
})

describe('cancel', () => {
  test('ends @hang with cancelled and skips what follows', async () => {
    await using client = agent()
    const sessionId = await client.start(dir)
    const turn = client.prompt(sessionId, '@say begun @hang @say never')
    await client.waitFor(() => client.text() === 'begun', 'the first words')
    client.notify('session/cancel', { sessionId })
    expect((await turn)['result']).toEqual({ stopReason: 'cancelled' })
    expect(client.text()).toBe('begun')
    expect(await journal('cancel')).toMatchObject([{ sessionId }])
  })

  test('is seen but not answered by @hang-deaf', async () => {
    await using client = agent()
    const sessionId = await client.start(dir)
    const id = client.send('session/prompt', { sessionId, prompt: [{ type: 'text', text: '@hang-deaf' }] })
    client.notify('session/cancel', { sessionId })
    await vi.waitFor(async () => expect(await journal('cancel')).toHaveLength(1))
    await client.prompt(sessionId, '@say still serving')
    expect(client.frames.some((frame) => frame['id'] === id && !frame['method'])).toBe(false)
  })

  test('is answered late by @late, after more output', async () => {
    await using client = agent()
    const sessionId = await client.start(dir)
    const turn = client.prompt(sessionId, '@say go @late 100')
    client.notify('session/cancel', { sessionId })
    expect((await turn)['result']).toEqual({ stopReason: 'cancelled' })
    await client.prompt(sessionId, '@late 10')
    expect(client.text()).toContain('late output')
  })

  test('stops @sleep and @flood', async () => {
    await using client = agent()
    const sessionId = await client.start(dir)
    for (const text of ['@say x @sleep 60000', '@say x @flood 100000000']) {
      const before = client.frames.length
      const turn = client.prompt(sessionId, text)
      await client.waitFor(() => client.frames.length > before, 'output')
      client.notify('session/cancel', { sessionId })
      expect((await turn)['result']).toEqual({ stopReason: 'cancelled' })
    }
  })
})

describe('answers', () => {
  test('@reply-twice answers twice, @reply-wrong-id under another id, @no-reply never', async () => {
    await using client = agent()
    const sessionId = await client.start(dir)
    const twice = await client.prompt(sessionId, '@reply-twice')
    const wrong = client.send('session/prompt', { sessionId, prompt: [{ type: 'text', text: '@reply-wrong-id' }] })
    const never = client.send('session/prompt', { sessionId, prompt: [{ type: 'text', text: '@no-reply' }] })
    await client.prompt(sessionId, 'after')
    const answersTo = (id: unknown): number =>
      client.frames.filter((frame) => frame['id'] === id && !frame['method']).length
    expect([twice['id'], wrong, `wrong-${wrong}`, never].map(answersTo)).toEqual([2, 0, 1, 0])
  })

  test('@error, @stop and @after', async () => {
    await using client = agent()
    const sessionId = await client.start(dir)
    expect((await client.prompt(sessionId, '@error -32000 please log in'))['error']).toEqual({
      code: -32000,
      message: 'please log in',
    })
    expect((await client.prompt(sessionId, '@stop refusal'))['result']).toEqual({ stopReason: 'refusal' })
    const { id } = await client.prompt(sessionId, '@after 2')
    await client.waitFor(() => client.text().includes('after 2'), 'updates after the answer')
    const order = client.frames.filter((frame) => frame['id'] === id || JSON.stringify(frame).includes('after '))
    expect(order[0]).toMatchObject({ id })
  })
})

describe('permissions', () => {
  test('@perm tells which option was chosen', async () => {
    await using client = agent()
    const sessionId = await client.start(dir)
    for (const [kind, word] of [
      ['allow_once', 'yes'],
      ['reject_once', 'no'],
      ['none', 'cancelled'],
    ] as const) {
      client.answer('session/request_permission', choose(kind))
      await client.prompt(sessionId, '@perm')
      expect(client.text()).toContain(`permission: ${word}`)
    }
    expect((await journal('permission')).map((entry) => entry['outcome'])).toEqual([
      'selected',
      'selected',
      'cancelled',
    ])
    expect(client.updates('tool_call_update').map((update) => update['status'])).toEqual([
      'completed',
      'failed',
      'failed',
    ])
  })

  test('@perm-twice asks for two at once', async () => {
    await using client = agent()
    let open = 0
    let most = 0
    client.answer('session/request_permission', async () => {
      most = Math.max(most, ++open)
      await vi.waitFor(() => expect(most).toBe(2))
      return { outcome: { outcome: 'selected', optionId: 'yes' } }
    })
    await client.prompt(await client.start(dir), '@perm-twice')
    expect(client.text()).toBe('permission: yes permission: yes ')
  })

  test('@perm-no-wait ends the turn while the request is open', async () => {
    await using client = agent()
    client.answer('session/request_permission', () => new Promise(() => {}))
    expect((await client.prompt(await client.start(dir), '@perm-no-wait'))['result']).toEqual({
      stopReason: 'end_turn',
    })
    expect(client.frames.some((frame) => frame['method'] === 'session/request_permission')).toBe(true)
  })

  test('@perm-storm counts answers and errors', async () => {
    await using client = agent()
    await client.prompt(await client.start(dir), '@perm-storm 500')
    expect(client.text()).toBe('storm: 500 asked, 500 refused')
  })

  test('@perm-options-evil offers hostile options', async () => {
    await using client = agent()
    client.answer('session/request_permission', () => ({ outcome: { outcome: 'cancelled' } }))
    await client.prompt(await client.start(dir), '@perm-options-evil')
    const asked = client.frames.find((frame) => frame['method'] === 'session/request_permission')
    expect(asked!['params'].options.map((option: Frame) => option['kind'])).toContain('allow_forever')
  })
})

describe('deaths', () => {
  test.each([
    ['@say x @crash', { code: 1, signal: null }],
    ['@say x @exit0', { code: 0, signal: null }],
    ['@say x @kill9', { code: null, signal: 'SIGKILL' }],
  ])('%s ends the process after its words', async (text, exit) => {
    await using client = agent()
    const sessionId = await client.start(dir)
    client.send('session/prompt', { sessionId, prompt: [{ type: 'text', text }] })
    expect(await client.exited).toEqual(exit)
    await client.waitFor(() => client.text() === 'x', 'the last words')
  })

  test('@close-stdout ends the output but not the process', async () => {
    await using client = agent()
    const sessionId = await client.start(dir)
    client.send('session/prompt', { sessionId, prompt: [{ type: 'text', text: '@close-stdout' }] })
    await client.outputEnded
    expect(alive(client.pid)).toBe(true)
  })

  test('@sigstop stops the process', async () => {
    await using client = agent()
    const sessionId = await client.start(dir)
    client.send('session/prompt', { sessionId, prompt: [{ type: 'text', text: '@sigstop' }] })
    await vi.waitFor(async () => expect(await readFile(`/proc/${client.pid}/stat`, 'utf8')).toMatch(/\) T /))
  })

  test('@spawn starts a program and journals its pid', async () => {
    const program = join(dir, 'child.mjs')
    await writeFile(program, 'setTimeout(() => {}, 60000)\n')
    await using client = agent()
    await client.prompt(await client.start(dir), `@spawn ${program} @spawn ${dir}/absent`)
    const [child, absent] = await journal('spawn')
    expect(alive(child!['child'])).toBe(true)
    expect(absent).toMatchObject({ error: 'ENOENT' })
  })

  test('the end of stdin and SIGTERM end it, unless told otherwise', async () => {
    await using polite = agent()
    await polite.start(dir)
    polite.endStdin()
    expect(await polite.exited).toEqual({ code: 0, signal: null })
    await using deaf = agent('--term=ignore', '--eof=ignore')
    await deaf.start(dir)
    deaf.endStdin()
    deaf.kill('SIGTERM')
    await vi.waitFor(async () =>
      expect([await journal('sigterm'), await journal('eof')].map((list) => list.length)).toEqual([1, 2]),
    )
    expect(alive(deaf.pid)).toBe(true)
  })

  test('--eof=daemon leaves a process behind', async () => {
    await using client = agent('--eof=daemon')
    await client.start(dir)
    client.endStdin()
    await client.exited
    const child: number = (await journal('daemon'))[0]!['child']
    expect(alive(child)).toBe(true)
    process.kill(child, 'SIGKILL')
  })
})

describe('output', () => {
  test('floods, big chunks and stderr arrive whole', async () => {
    await using client = agent()
    const sessionId = await client.start(dir)
    await client.prompt(sessionId, '@flood 5000')
    expect(client.updates('agent_message_chunk')).toHaveLength(5000)
    await client.prompt(sessionId, '@bigchunk 512 @flood-stderr 1')
    expect(client.text().endsWith('b'.repeat(512 * 1024))).toBe(true)
    expect(client.stderr).toContain('eeee')
  })

  test('junk, a big line and --banner are lines that are no messages', async () => {
    await using client = agent('--banner')
    const answer = await client.prompt(await client.start(dir), '@junk 2 @bigline 1 @say ok')
    expect(answer['result']).toEqual({ stopReason: 'end_turn' })
    const junk = client.frames.flatMap((frame) => (frame['junk'] === undefined ? [] : [frame['junk'].length]))
    expect(junk.filter((length) => length === 1024 * 1024)).toHaveLength(1)
    expect(junk.length).toBeGreaterThanOrEqual(5)
  })

  test('@deep, @proto and @bad-utf8 are lines a JSON reader accepts', async () => {
    await using client = agent()
    await client.prompt(await client.start(dir), '@deep 500 @proto @bad-utf8')
    expect(client.text()).toContain('deep proto bad >')
    expect(client.text()).toContain('\ufffd')
    expect(client.text()).toContain('lone \ud800 low')
  })

  test('@half leaves an unfinished line', async () => {
    await using client = agent()
    const sessionId = await client.start(dir)
    client.send('session/prompt', { sessionId, prompt: [{ type: 'text', text: '@half' }] })
    await vi.waitFor(async () => expect(await journal('directive')).toHaveLength(1))
    client.kill()
    await client.outputEnded
    expect(client.frames.at(-1)!['junk']).toHaveLength(60)
  })

  test('every known update, unknown ones and malformed ones are sent', async () => {
    await using client = agent()
    const text =
      '@thought hm @plan 1 @tool Edit @tool-open @usage 5 9 @title New @commands a b @unknown @malformed @evil'
    await client.prompt(await client.start(dir), text)
    const kinds = new Set(client.updates().map((update) => update['sessionUpdate']))
    for (const kind of [
      'agent_thought_chunk',
      'plan',
      'tool_call',
      'tool_call_update',
      'usage_update',
      'session_info_update',
      'available_commands_update',
      'hologram_update',
    ]) {
      expect(kinds).toContain(kind)
    }
  })
})

describe('calls to the client', () => {
  test('@env, @fds and @cwd tell what the process was given', async () => {
    await using client = agent()
    const sessionId = await client.start(dir)
    await client.prompt(sessionId, '@cwd')
    expect(JSON.parse(client.text())).toEqual({ process: dir, session: dir })
    await client.prompt(sessionId, '@fds')
    expect(client.text()).toContain('{"0":')
    await client.prompt(sessionId, '@env')
    expect(client.text()).toContain('"PATH":')
  })

  test('@fsread and @fswrite report results and refusals', async () => {
    await using client = agent()
    const sessionId = await client.start(dir)
    await client.prompt(sessionId, '@fswrite /x hello')
    expect(client.text()).toContain('fswrite error -32601')
    client.answer('fs/read_text_file', ({ path }) => ({ content: `content of ${path}` }))
    await client.prompt(sessionId, '@fsread /y')
    expect(client.text()).toContain('fsread: content of /y')
  })

  test('@term uses and releases a terminal, @term-leak does not release', async () => {
    await using client = agent()
    client.answer('terminal/create', () => ({ terminalId: 't1' }))
    client.answer('terminal/wait_for_exit', () => ({ exitCode: 0 }))
    client.answer('terminal/output', () => ({ output: 'hi', truncated: false }))
    client.answer('terminal/release', () => ({}))
    const sessionId = await client.start(dir)
    await client.prompt(sessionId, '@term-leak sleep 600')
    expect(client.frames.some((frame) => frame['method'] === 'terminal/release')).toBe(false)
    await client.prompt(sessionId, '@term echo hi @term-flood 1')
    expect(client.text()).toContain('terminal exit 0: hi terminal: 2 bytes, truncated false')
    expect(client.frames.filter((frame) => frame['method'] === 'terminal/release')).toHaveLength(2)
  })
})

describe('handshake flags', () => {
  test('--init and --new and --load fail as they say', async () => {
    const first = async (flag: string, ms = 5000): Promise<Frame> => {
      await using client = agent(flag)
      return await client.request('initialize', { protocolVersion: 1 }, ms)
    }
    expect(await first('--init=error')).toMatchObject({ error: { code: -32603 } })
    expect(await first('--init=badver')).toMatchObject({ result: { protocolVersion: 99 } })
    await expect(first('--init=hang', 500)).rejects.toThrow('no response')
    await expect(first('--init=junk', 500)).rejects.toThrow('no response')
    for (const [flag, code] of [
      ['--init=crash', 1],
      ['--init=exit0', 0],
      ['--misspelt', 64],
    ] as const) {
      await using client = agent(flag)
      client.send('initialize', { protocolVersion: 1 })
      expect((await client.exited).code).toBe(code)
    }
    for (const [flag, code] of [
      ['--new=error', -32603],
      ['--new=auth', -32000],
    ] as const) {
      await using client = agent(flag)
      expect((await client.request('session/new', { cwd: dir })).error.code).toBe(code)
    }
    await using noLoad = agent('--no-load')
    expect((await noLoad.request('session/load', { sessionId: 'x', cwd: dir })).error.code).toBe(-32601)
  })

  test('--modes and --config offer options that can be set', async () => {
    await using client = agent('--modes', '--config')
    const { result } = await client.request('session/new', { cwd: dir })
    expect(result).toMatchObject({
      modes: { currentModeId: 'ask' },
      configOptions: [{ id: 'model', currentValue: 'small' }],
    })
    const { sessionId } = result
    expect((await client.request('session/set_mode', { sessionId, modeId: 'code' })).result).toEqual({})
    const set = await client.request('session/set_config_option', { sessionId, configId: 'model', value: 'large' })
    expect(set['result'].configOptions[0].currentValue).toBe('large')
    expect((await client.request('session/set_mode', { sessionId, modeId: 'x' })).error.code).toBe(-32602)
  })
})

describe('tiny fixtures', () => {
  test('not-acp prints a prompt and understands nothing', async () => {
    await using client = fixture('not-acp.mjs')
    client.send('initialize', {})
    const saysNotFound = (frame: Frame): boolean => String(frame['junk']).includes('command not found')
    expect(await client.waitFor(saysNotFound, 'a shell answer')).toBeDefined()
  })

  test('silent and deaf-stdin stay and say nothing; exits-at-once says why', async () => {
    await using gone = fixture('exits-at-once.mjs')
    expect(await gone.exited).toEqual({ code: 3, signal: null })
    for (const name of ['silent.mjs', 'deaf-stdin.mjs']) {
      await using client = fixture(name)
      await expect(client.request('initialize', {}, 300)).rejects.toThrow('no response')
      expect(alive(client.pid)).toBe(true)
    }
  })

  test('flood pours junk lines', async () => {
    await using client = fixture('flood.mjs', '--form=lines')
    await vi.waitFor(() => expect(client.frames.length).toBeGreaterThan(1000))
  })

  test('early-updates come before the answer to session/new', async () => {
    await using client = fixture('early-updates.mjs')
    expect(await client.start(dir)).toBe('early-1')
    const order = client.frames.map((frame) => frame['params']?.update.sessionUpdate ?? frame['id'])
    expect(order).toEqual([1, 'available_commands_update', 'session_info_update', 2])
  })
})
