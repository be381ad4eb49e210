// The built-in agent on stdio with its offline model: what an editor sees. Names of the checklist in brackets are of the protocol notes.

import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { describe, expect, test, vi } from 'vitest'

import { choose, type Frame } from '../agents/bare-client.ts'
import { AgentHome } from '../_support/built-in-agent.ts'

const NOT_FOUND = -32002
const BAD_PARAMS = -32602

describe('the handshake', () => {
  test('answers with version 1 and capabilities; a wrong version is -32602, and nothing works before it (F-01, F-03, F-04, F-06)', async () => {
    await using home = await AgentHome.open()
    await using agent = home.start()
    expect((await agent.request('session/new', { cwd: home.cwd, mcpServers: [] }))['error'].code).toBe(-32600)
    expect((await agent.request('initialize', { protocolVersion: '1' }))['error'].code).toBe(BAD_PARAMS)
    const { result } = await agent.request('initialize', { protocolVersion: 65_535 })
    expect(result).toMatchObject({
      protocolVersion: 1,
      agentInfo: { name: 'holdfast-agent' },
      agentCapabilities: {
        loadSession: true,
        promptCapabilities: { image: true, embeddedContext: true },
        sessionCapabilities: { list: {}, resume: {}, close: {}, delete: {}, fork: {}, additionalDirectories: {} },
      },
    })
    expect((await agent.request('session/unheard_of', {}))['error'].code).toBe(-32601)
  })

  test('without a key says which variables there are, and authenticates with none (F-11)', async () => {
    await using home = await AgentHome.open()
    await using agent = home.start()
    const { result } = await agent.request('initialize', { protocolVersion: 1 })
    expect(result.authMethods[0].description).toContain('ANTHROPIC_API_KEY, OPENAI_API_KEY or GEMINI_API_KEY')
    expect((await agent.request('authenticate', { methodId: 'environment' }))['error'].code).toBe(-32000)
    expect((await agent.request('authenticate', { methodId: 'other' }))['error'].code).toBe(BAD_PARAMS)
  })

  test('ends within two seconds of the end of its input, also in the middle of a turn (F-29)', async () => {
    await using home = await AgentHome.open()
    await using agent = home.start({ HOLDFAST_AGENT_WORD_MS: '20' })
    const session = await agent.start(home.cwd)
    agent.send('session/prompt', { sessionId: session, prompt: [{ type: 'text', text: 'count to 1000' }] })
    await agent.waitFor(() => agent.text().includes('3, '), 'some numbers')
    const endedAt = performance.now()
    agent.endStdin()
    expect(await agent.exited).toEqual({ code: 0, signal: null })
    expect(performance.now() - endedAt).toBeLessThan(2_000)
  })
})

test('nothing that it started is left when it has ended, although none of it listens and nobody waits', async () => {
  await using home = await AgentHome.open()
  await using agent = home.start({ HOLDFAST_AGENT_MODE: 'code' })
  agent.answer('session/request_permission', choose('allow_once'))
  const deaf = (name: string): string => `trap '' TERM; echo $$ > ${join(home.cwd, name)}; while :; do sleep 0.1; done`
  const server = { name: 'deaf', command: '/bin/sh', args: ['-c', deaf('server')], env: [] }
  const session = await agent.start(home.cwd)
  const { result } = await agent.request('session/new', { cwd: home.cwd, mcpServers: [server] })
  const waiting = agent.prompt(result.sessionId, 'count to 3')
  const pids = async () =>
    Promise.all(['server', 'command'].map(async (name) => Number(await readFile(join(home.cwd, name), 'utf8'))))
  agent.send('session/prompt', { sessionId: session, prompt: [{ type: 'text', text: `run ${deaf('command')}` }] })
  const [of, by] = await vi.waitFor(pids, 10_000)
  agent.notify('session/cancel', { sessionId: result.sessionId })
  // It waits for the tools of a server that never answers.
  expect((await waiting)['result']).toEqual({ stopReason: 'cancelled' })
  agent.endStdin()
  expect(await agent.exited).toMatchObject({ code: 0 })
  await vi.waitFor(() => expect([isAlive(of), isAlive(by)]).toEqual([false, false]), 3_000)
})

describe('a turn', () => {
  test('asks before each change, shows it as a diff, and does all steps of a plan in order (F-33, F-52, F-55)', async () => {
    await using home = await AgentHome.open()
    await using agent = home.start()
    agent.answer('session/request_permission', choose('allow_once'))
    const session = await agent.start(home.cwd)
    const prompt = 'create a.txt with one then replace one with two in a.txt then run cat a.txt'
    expect((await agent.prompt(session, prompt))['result']).toEqual({ stopReason: 'end_turn' })
    expect(agent.calls()).toMatchObject([
      { title: 'Create a.txt', kind: 'edit', status: 'completed', content: [{ oldText: null, newText: 'one\n' }] },
      { title: 'Edit a.txt', status: 'completed', content: [{ oldText: 'one\n', newText: 'two\n' }] },
      { title: 'cat a.txt', kind: 'execute', status: 'completed', rawOutput: { exitCode: 0 } },
    ])
    expect(agent.text()).toContain('two\n\nExit code 0.')
    expect(
      agent
        .updates('plan')
        .at(-1)
        ?.['entries'].map((entry: Frame) => entry['status']),
    ).toEqual(['completed', 'completed', 'completed'])
    expect(agent.updates('usage_update').at(-1)).toMatchObject({ size: 200_000 })
    expect(agent.frames.at(-1)).toMatchObject({ result: { stopReason: 'end_turn' } })
  })

  test('a refusal changes nothing, and the turn ends in order', async () => {
    await using home = await AgentHome.open()
    await using agent = home.start()
    agent.answer('session/request_permission', choose('reject_once'))
    const session = await agent.start(home.cwd)
    expect((await agent.prompt(session, 'create a.txt with one'))['result']).toEqual({ stopReason: 'end_turn' })
    expect(agent.calls()).toMatchObject([{ status: 'failed' }])
    expect(agent.text()).toContain('The user did not allow this.')
    await expect(readFile(join(home.cwd, 'a.txt'))).rejects.toThrow('ENOENT')
  })

  test('a cancel while it talks, asks or runs a command ends it with cancelled, and the next prompt works (F-39, F-43)', async () => {
    await using home = await AgentHome.open()
    await using agent = home.start({ HOLDFAST_AGENT_WORD_MS: '20' })
    const session = await agent.start(home.cwd)
    const cancelAt = async (prompt: string, isThere: () => boolean): Promise<void> => {
      const turn = agent.prompt(session, prompt)
      await agent.waitFor(isThere, prompt)
      agent.notify('session/cancel', { sessionId: session })
      expect((await turn)['result']).toEqual({ stopReason: 'cancelled' })
    }
    agent.answer('session/request_permission', () => new Promise(() => {}))
    await cancelAt('count to 1000', () => agent.text().includes('3, '))
    await cancelAt('create a.txt with one', () => agent.frames.at(-1)?.['method'] === 'session/request_permission')
    agent.answer('session/request_permission', choose('allow_once'))
    await cancelAt('run sleep 60', () => agent.calls().at(-1)?.['status'] === 'in_progress')
    expect(agent.calls().map((call) => call['status'])).toEqual(['failed', 'failed'])
    expect((await agent.prompt(session, 'count to 2'))['result']).toEqual({ stopReason: 'end_turn' })
    expect(agent.text().endsWith('1, 2.')).toBe(true)
  })

  test('$/cancel_request of the prompt does the same; a second prompt, or to open the session anew, is refused meanwhile (F-34, F-42)', async () => {
    await using home = await AgentHome.open()
    await using agent = home.start({ HOLDFAST_AGENT_WORD_MS: '20' })
    const session = await agent.start(home.cwd)
    const id = agent.send('session/prompt', { sessionId: session, prompt: [{ type: 'text', text: 'count to 1000' }] })
    await agent.waitFor(() => agent.text().includes('3, '), 'some numbers')
    expect((await agent.prompt(session, 'me too'))['error'].code).toBe(-32600)
    for (const open of ['session/load', 'session/resume'])
      expect((await agent.request(open, { sessionId: session, cwd: home.cwd, mcpServers: [] }))['error'].code).toBe(
        -32600,
      )
    agent.notify('$/cancel_request', { requestId: id })
    expect(await agent.waitFor((frame) => frame['id'] === id, 'the answer')).toMatchObject({
      result: { stopReason: 'cancelled' },
    })
  })

  test('what was not advertised, and nothing at all, is -32602 and starts nothing (F-30, F-31)', async () => {
    await using home = await AgentHome.open()
    await using agent = home.start()
    const sessionId = await agent.start(home.cwd)
    const audio = { type: 'audio', data: '', mimeType: 'audio/wav' }
    const image = { type: 'image', data: 'AA==', mimeType: 'image/png' } // the offline model takes none
    for (const prompt of [[], [audio], [image], 'hello'])
      expect((await agent.request('session/prompt', { sessionId, prompt }))['error'].code).toBe(BAD_PARAMS)
    expect(agent.text()).toBe('')
  })
})

describe('sessions', () => {
  test('many in one process do not mix; each update names its own (F-12)', async () => {
    await using home = await AgentHome.open()
    await using agent = home.start({ HOLDFAST_AGENT_WORD_MS: '1' })
    await agent.request('initialize', { protocolVersion: 1 })
    const ids = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const { result } = await agent.request('session/new', { cwd: home.cwd, mcpServers: [] })
        return result.sessionId as string
      }),
    )
    await Promise.all(ids.map((id, n) => agent.prompt(id, `count to ${n + 2}`)))
    for (const [n, id] of ids.entries()) {
      const text = agent.frames
        .filter((frame) => frame['params']?.sessionId === id && frame['params'].update?.content !== undefined)
        .map((frame) => frame['params'].update.content.text)
        .join('')
      expect(text.endsWith(`${n + 1}, ${n + 2}.`)).toBe(true)
    }
  })

  test('are announced after the answer that opens them, and never before (F-14, F-15)', async () => {
    await using home = await AgentHome.open()
    await using agent = home.start()
    const id = await agent.start(home.cwd)
    await agent.waitFor(() => agent.updates('available_commands_update').length > 0, 'the commands')
    const opened = agent.frames.findIndex((frame) => frame['result']?.sessionId === id)
    const told = agent.frames.findIndex((frame) => frame['method'] === 'session/update')
    expect(told).toBeGreaterThan(opened)
  })

  test('survive SIGKILL: a load replays all with the same names, a resume nothing; both go on (F-16, F-18, F-20)', async () => {
    await using home = await AgentHome.open()
    let id = ''
    let before: Frame[] = []
    {
      await using agent = home.start()
      agent.answer('session/request_permission', choose('allow_once'))
      id = await agent.start(home.cwd)
      await agent.prompt(id, 'create a.txt with one then run false')
      await agent.prompt(id, '/mode')
      before = agent.calls()
    }
    await using second = home.start()
    await second.request('initialize', { protocolVersion: 1 })
    const loaded = await second.request('session/load', { sessionId: id, cwd: home.cwd, mcpServers: [] })
    expect(loaded['result'].modes.currentModeId).toBe('ask')
    expect(second.frames.findIndex((frame) => frame === loaded)).toBeGreaterThan(
      second.frames.findLastIndex((frame) => frame['params']?.update?.sessionUpdate === 'tool_call'),
    )
    expect(second.calls().map(view)).toEqual(before.map(view))
    expect(second.calls().map((call) => call['status'])).toEqual(['completed', 'failed'])
    const said = second.updates('user_message_chunk').map((update) => update['content'].text)
    expect(said).toEqual(['create a.txt with one then run false', '/mode'])
    expect(second.updates('plan')).toHaveLength(2)
    const resumed = second.frames.length
    await second.request('session/resume', { sessionId: id, cwd: home.cwd, mcpServers: [] })
    expect(second.frames.slice(resumed).filter((frame) => frame['params']?.update?.content)).toEqual([])
    expect((await second.prompt(id, 'read a.txt'))['result']).toEqual({ stopReason: 'end_turn' })
    expect(second.text()).toContain('1\tone')
  })

  test('go on in the process that was prompted last: the turn of another one ends, and says so; its next prompt takes them back', async () => {
    await using home = await AgentHome.open()
    await using first = home.start({ HOLDFAST_AGENT_WORD_MS: '20' })
    await using second = home.start()
    const id = await first.start(home.cwd)
    await first.prompt(id, 'count to 2')
    await second.request('initialize', { protocolVersion: 1 })
    await second.request('session/resume', { sessionId: id, cwd: home.cwd, mcpServers: [] })
    const turn = first.prompt(id, 'count to 30')
    await first.waitFor(() => first.text().includes('3, '), 'some numbers')
    expect((await second.prompt(id, 'count to 3'))['result']).toEqual({ stopReason: 'end_turn' })
    const { error } = await turn
    expect(error).toMatchObject({ code: -32603, data: { kind: 'takenOver' } })
    expect(error.message).toContain('Another process has taken this conversation over')
    expect((await first.prompt(id, 'count to 4'))['result']).toEqual({ stopReason: 'end_turn' })
  })

  test('are listed newest first by directory, with titles, in pages; forked, closed and deleted (F-21, F-22, F-24)', async () => {
    await using home = await AgentHome.open()
    await using agent = home.start()
    const first = await agent.start(home.cwd)
    await agent.prompt(first, 'count to 3')
    const { result } = await agent.request('session/fork', { sessionId: first, cwd: home.cwd, mcpServers: [] })
    const forked = result.sessionId as string
    await agent.prompt(forked, 'count to 4')
    const list = async (params: object) => (await agent.request('session/list', params))['result'].sessions as Frame[]
    expect((await list({ cwd: home.cwd })).map(({ sessionId }) => sessionId)).toEqual([forked, first])
    expect(await list({})).toMatchObject([{ title: 'count to 3' }, { title: 'count to 3', cwd: home.cwd }])
    expect(await list({ cwd: '/elsewhere' })).toEqual([])
    expect((await agent.request('session/list', { cursor: 'nonsense' }))['error'].code).toBe(BAD_PARAMS)
    expect((await agent.request('session/close', { sessionId: forked }))['result']).toEqual({})
    expect((await agent.prompt(forked, 'hi'))['error']).toMatchObject({ code: NOT_FOUND, data: { sessionId: forked } })
    for (let n = 0; n < 2; n++)
      expect((await agent.request('session/delete', { sessionId: forked }))['result']).toEqual({})
    expect((await list({})).map(({ sessionId }) => sessionId)).toEqual([first])
    const load = { sessionId: forked, cwd: home.cwd, mcpServers: [] }
    expect((await agent.request('session/load', load))['error'].code).toBe(NOT_FOUND)
    expect((await agent.request('session/load', { ...load, sessionId: '../../etc/passwd' }))['error'].code).toBe(
      NOT_FOUND,
    )
  })

  test('directories that are relative or not there, and servers that are no list, are -32602 (F-13)', async () => {
    await using home = await AgentHome.open()
    await using agent = home.start()
    await agent.request('initialize', { protocolVersion: 1 })
    const wrong = [
      { cwd: 'here' },
      { cwd: '/no/such/place' },
      { cwd: '/tmp', additionalDirectories: ['x'] },
      { cwd: '/tmp', mcpServers: {} },
    ]
    for (const params of wrong) expect((await agent.request('session/new', params))['error'].code).toBe(BAD_PARAMS)
  })
})

describe('choices', () => {
  test('modes and options stay in sync, are told, kept over lives, and refused when there are none such (F-26, F-27, F-28)', async () => {
    await using home = await AgentHome.open()
    let id = ''
    {
      await using agent = home.start()
      id = await agent.start(home.cwd)
      expect((await agent.request('session/set_mode', { sessionId: id, modeId: 'code' }))['result']).toEqual({})
      const option = { sessionId: id, configId: 'mode', value: 'plan' }
      const { result } = await agent.request('session/set_config_option', option)
      expect(result.configOptions.map(({ id: name, currentValue }: Frame) => [name, currentValue])).toEqual([
        ['model', 'holdfast/offline'],
        ['thinking', 'off'],
        ['mode', 'plan'],
      ])
      expect(agent.updates('current_mode_update').map((update) => update['currentModeId'])).toEqual(['code', 'plan'])
      for (const wrong of [
        { configId: 'mode', value: 'wild' },
        { configId: 'speed', value: 'x' },
      ])
        expect((await agent.request('session/set_config_option', { sessionId: id, ...wrong }))['error'].code).toBe(
          BAD_PARAMS,
        )
    }
    await using second = home.start()
    await second.request('initialize', { protocolVersion: 1 })
    const { result } = await second.request('session/resume', { sessionId: id, cwd: home.cwd, mcpServers: [] })
    expect(result.modes.currentModeId).toBe('plan')
  })

  test('planning changes nothing: a plan is presented, and the work begins when it is allowed', async () => {
    await using home = await AgentHome.open()
    await using agent = home.start({ HOLDFAST_AGENT_MODE: 'plan' })
    agent.answer('session/request_permission', choose('reject_once'))
    const session = await agent.start(home.cwd)
    await agent.prompt(session, 'create a.txt with one')
    expect(agent.calls()).toMatchObject([{ kind: 'switch_mode', status: 'failed' }])
    await expect(readFile(join(home.cwd, 'a.txt'))).rejects.toThrow('ENOENT')
    agent.answer('session/request_permission', choose('allow_once'))
    await agent.prompt(session, 'create a.txt with one')
    expect(agent.updates('current_mode_update').at(-1)).toMatchObject({ currentModeId: 'code' })
    expect(await readFile(join(home.cwd, 'a.txt'), 'utf8')).toBe('one\n')
  })

  test('in mode code an answer for good is not asked for again', async () => {
    await using home = await AgentHome.open()
    await using agent = home.start({ HOLDFAST_AGENT_MODE: 'code' })
    agent.answer('session/request_permission', choose('allow_always'))
    const session = await agent.start(home.cwd)
    await agent.prompt(session, 'create a.txt with one then replace one with two in a.txt')
    expect(agent.frames.filter((frame) => frame['method'] === 'session/request_permission')).toHaveLength(1)
    expect(await readFile(join(home.cwd, 'a.txt'), 'utf8')).toBe('two\n')
  })

  test('commands say and change what can be chosen, and the model never sees them', async () => {
    await using home = await AgentHome.open()
    await using agent = home.start()
    const session = await agent.start(home.cwd)
    await agent.prompt(session, '/help')
    expect((await agent.prompt(session, '/compact'))['result']).toEqual({ stopReason: 'end_turn' })
    expect(agent.text()).toContain('There is nothing to summarise yet.')
    await agent.prompt(session, '/thinking high')
    expect(agent.text()).toContain('There is no thinking level "high". The thinking level is off.')
    await agent.prompt(session, '/mode plan')
    await agent.prompt(session, '/mode wild')
    expect(agent.text()).toContain('/compact: Summarise the conversation')
    expect(agent.text()).toContain('The mode is plan.')
    expect(agent.text()).toContain('There is no mode "wild".')
    await agent.prompt(session, 'count to 2')
    expect(agent.text()).toContain('not a real model') // said in the first prompt that the model sees
  })
})

describe('what the client offers is used, and nothing else (F-09)', () => {
  test('commands run in its terminals, which are released; a replay shows their text', async () => {
    await using home = await AgentHome.open()
    await using agent = home.start()
    const called: string[] = []
    const terminal = (method: string, answer: object): void =>
      agent.answer(method, (params) => {
        called.push(`${method} ${params['terminalId'] ?? params['args']?.[1]}`)
        return answer
      })
    agent.answer('session/request_permission', choose('allow_once'))
    terminal('terminal/create', { terminalId: 't1' })
    terminal('terminal/wait_for_exit', { exitCode: 0, signal: null })
    terminal('terminal/output', { output: 'from afar', truncated: false, exitStatus: { exitCode: 0 } })
    terminal('terminal/release', {})
    const session = await agent.start(home.cwd, { terminal: true })
    await agent.prompt(session, 'run make')
    expect(called).toEqual([
      'terminal/create make',
      'terminal/wait_for_exit t1',
      'terminal/output t1',
      'terminal/release t1',
    ])
    const shown = agent.updates('tool_call_update').flatMap((update) => update['content'] ?? [])
    expect(shown).toContainEqual({ type: 'terminal', terminalId: 't1' })
    expect(agent.text()).toContain('from afar')
    expect(agent.calls().at(-1)?.['content']).toMatchObject([{ type: 'content' }])
  })

  test('files are read and written through the editor, with what it has not saved', async () => {
    await using home = await AgentHome.open()
    await using agent = home.start()
    await writeFile(join(home.cwd, 'a.txt'), 'on disk')
    const written: Frame[] = []
    agent.answer('session/request_permission', choose('allow_once'))
    agent.answer('fs/read_text_file', () => ({ content: 'in the editor' }))
    agent.answer('fs/write_text_file', (params) => (written.push(params), null))
    const session = await agent.start(home.cwd, { fs: { readTextFile: true, writeTextFile: true } })
    await agent.prompt(session, 'replace editor with window in a.txt')
    expect(written).toMatchObject([{ path: join(home.cwd, 'a.txt'), content: 'in the window' }])
    expect(await readFile(join(home.cwd, 'a.txt'), 'utf8')).toBe('on disk')
  })
})

function isAlive(pid: number | undefined): boolean {
  return pid !== undefined && Number.isSafeInteger(pid) && pid > 1 && existsSync(`/proc/${pid}`)
}

/** What a person sees of a call. */
function view({ toolCallId, title, name, kind, status, content, locations, rawInput, rawOutput }: Frame): Frame {
  return { toolCallId, title, name, kind, status, content, locations: locations ?? [], rawInput, rawOutput }
}
