// ACP v1 as an agent, statements F-01 to F-29: handshake, sessions, attaching. Numbers as in docs/acp-facade.md.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { SessionId } from '../../../src/base/ids.ts'
import type { JsonObject } from '../../../src/base/json.ts'
import { FacadeEditor, openFacade } from '../../_support/facade-editor.ts'
import { says } from '../../_support/test-cli-gateway.ts'
import { TestSessions } from '../../_support/test-sessions.ts'
import { until } from '../../_support/until.ts'

let at: TestSessions
let facade: ReturnType<typeof openFacade>

beforeAll(async () => {
  at = await TestSessions.start({ turnEventsMax: 20_000, turnBytesMax: 10_000_000, permissionsOpenMax: 16 })
  facade = openFacade(at)
})
afterAll(() => at[Symbol.asyncDispose]())

const open = (params: JsonObject = {}): Promise<FacadeEditor> => FacadeEditor.open(facade, params)

const CONTROLS = {
  modes: {
    current: 'code',
    available: [
      { id: 'code', name: 'Code' },
      { id: 'plan', name: 'Plan' },
    ],
  },
  models: undefined,
  config: [
    {
      id: 'model',
      name: 'Model',
      category: 'model',
      type: 'select',
      current: 'a',
      available: [
        { id: 'a', name: 'A' },
        { id: 'b', name: 'B' },
      ],
    },
    { id: 'web', name: 'Web', category: undefined, type: 'boolean', current: false },
  ],
} as const

describe('handshake', () => {
  test.each([1, 2, 65_535, 0])('F-01 a request for version %i is answered with 1', async (protocolVersion) => {
    using editor = new FacadeEditor(facade)
    const { result } = await editor.ask('initialize', { protocolVersion })
    expect(result?.['protocolVersion']).toBe(1)
  })

  test('F-03 a version that is no integer is -32602, and the connection stays usable', async () => {
    using editor = new FacadeEditor(facade)
    for (const protocolVersion of ['1', 1.5, null]) {
      expect((await editor.ask('initialize', { protocolVersion })).error?.code).toBe(-32602)
    }
    expect((await editor.ask('initialize', { protocolVersion: 1 })).result).toBeDefined()
  })

  test('F-04 before initialize every request is -32600 and notifications are ignored', async () => {
    using editor = new FacadeEditor(facade)
    editor.notify('session/cancel', { sessionId: 'x' })
    expect((await editor.ask('session/new', { cwd: '/tmp' })).error?.code).toBe(-32600)
    expect(editor.heard).toHaveLength(1)
    expect((await editor.ask('initialize', { protocolVersion: 1 })).error).toBeUndefined()
  })

  test('F-05 a second initialize is refused and changes nothing', async () => {
    using editor = await open()
    const id = await editor.newSession()
    expect((await editor.ask('initialize', { protocolVersion: 1 })).error?.code).toBe(-32600)
    expect((await editor.prompt(id, 'still here')).result?.['stopReason']).toBe('end_turn')
  })

  test('F-06 F-07 agentInfo is there, no login is asked for, and no agent is started for the answer', async () => {
    const before = at.connector.agents.length
    using editor = new FacadeEditor(facade)
    const { result } = await editor.ask('initialize', { protocolVersion: 1 })
    expect(result).toMatchObject({ agentInfo: { name: 'holdfast', version: '9.8.7' }, authMethods: [] })
    expect(at.connector.agents).toHaveLength(before)
  })

  test('F-08 what is not advertised is -32601, extensions too; an unknown notification is ignored', async () => {
    using editor = await open()
    for (const method of ['session/fork', 'logout', '_vendor/thing', 'fs/read_text_file']) {
      expect((await editor.ask(method, { sessionId: 'x' })).error?.code).toBe(-32601)
    }
    editor.notify('_vendor/note', {})
    expect((await editor.ask('session/list', {})).result).toBeDefined()
  })
})

test('F-08 a fork is advertised when the agent of new sessions can make one, and is a session of its own', async () => {
  using before = await open()
  const { capabilities } = at.connector
  at.connector.capabilities = '{"fork":true}'
  const id = await before.newSession()
  await before.ask('session/prompt', { sessionId: id, prompt: [{ type: 'text', text: 'one' }] })
  using editor = new FacadeEditor(facade)
  const { result } = await editor.ask('initialize', { protocolVersion: 1 })
  expect(result).toMatchObject({ agentCapabilities: { sessionCapabilities: { fork: {} } } })
  const forked = await editor.ask('session/fork', { sessionId: id, cwd: '/tmp', mcpServers: [] })
  const forkId = forked.result?.['sessionId']
  expect([forkId === id, typeof forkId]).toEqual([false, 'string'])
  const again = { sessionId: id, cwd: '/tmp', mcpServers: [], _meta: { 'holdfast/idempotencyKey': 'bridge.fork' } }
  const [one, two] = [await editor.ask('session/fork', again), await editor.ask('session/fork', again)]
  expect([one.result?.['sessionId'] === two.result?.['sessionId'], one.result?.['sessionId'] === forkId]).toEqual([
    true,
    false,
  ])
  await editor.ask('session/load', { sessionId: forkId as string, cwd: '/tmp', mcpServers: [] })
  const told = editor.updates(forkId as string).map(({ sessionUpdate }) => sessionUpdate)
  expect(told).toEqual(['user_message_chunk', 'agent_message_chunk'])
  at.connector.capabilities = capabilities
})

describe('sessions', () => {
  test('F-12 F-13 new sessions have ids of their own; a relative cwd is -32602, missing MCP servers are none', async () => {
    using editor = await open()
    const [a, b] = [await editor.newSession(), await editor.newSession()]
    expect(a).toMatch(/^ses_/)
    expect(a).not.toBe(b)
    expect((await editor.ask('session/new', { cwd: 'work', mcpServers: [] })).error?.code).toBe(-32602)
    expect((await editor.ask('session/new', { cwd: '/tmp' })).result?.['sessionId']).toMatch(/^ses_/)
  })

  test('a session has the agent, key, title and parent that _meta asks for; a key in use is that session', async () => {
    using editor = await open()
    const parent = await editor.newSession()
    const _meta = {
      'holdfast/agent': 'fake',
      'holdfast/key': 'k1',
      'holdfast/title': 'Docs',
      'holdfast/parent': parent,
    }
    const id = await editor.newSession({ _meta })
    const { session } = await at.service.get('k1')
    expect([session.id, session.family.label, session.family.parent]).toEqual([id, 'Docs', parent])
    expect(await editor.newSession({ _meta })).toBe(id)
    expect(
      (await editor.ask('session/new', { cwd: '/tmp', _meta: { 'holdfast/agent': 'nobody' } })).error,
    ).toMatchObject({
      code: -32602,
      data: { code: 'AGENT_UNKNOWN' },
    })
  })

  test('a session that is asked for twice under one key of the request is one, also from another connection; the key is not shown', async () => {
    const more = { _meta: { 'holdfast/idempotencyKey': 'bridge.1' } }
    using editor = await open()
    using other = await open()
    const ids = await Promise.all([editor.newSession(more), other.newSession(more), editor.newSession(more)])
    const late = await other.newSession(more)
    const next = await other.newSession({ _meta: { 'holdfast/idempotencyKey': 'bridge.2' } })
    expect([new Set([...ids, late]).size, next === late]).toEqual([1, false])
    const { session } = await at.service.get(late)
    expect([session.key, await at.store.findGiven(session.no)]).toEqual([undefined, undefined])
    const elsewhere = await other.ask('session/new', { cwd: '/usr', ...more })
    expect(elsewhere.error).toMatchObject({ code: -32602, data: { code: 'SESSION_CONFLICT' } })
    const long = { _meta: { 'holdfast/idempotencyKey': 'k'.repeat(201) } }
    expect((await other.ask('session/new', { cwd: '/tmp', ...long })).error?.code).toBe(-32602)
    await at.service.close(session.id)
    expect(await other.newSession(more)).not.toBe(late)
  })

  test('F-14 nothing of a session is told before the answer that made it', async () => {
    using editor = await open()
    const id = await editor.newSession({ _meta: { 'holdfast/title': 'T' } })
    await until(() => editor.kinds(id).length > 0, { ms: 2_000, what: () => 'the title' })
    const answered = editor.heard.findIndex(({ result }) => (result as JsonObject | undefined)?.['sessionId'] === id)
    const told = editor.heard.findIndex(({ params }) => (params as JsonObject | undefined)?.['sessionId'] === id)
    expect(answered).toBeLessThan(told)
  })

  test('F-16 F-18 F-20 load tells the whole conversation before the answer, under the same ids; resume nothing', async () => {
    at.connector.onPrompt = ({ listener }, turnId) => {
      listener.update(says('one '))
      listener.update(
        JSON.stringify({
          sessionUpdate: 'tool_call',
          toolCallId: 't1',
          title: 'Read',
          kind: 'read',
          status: 'pending',
        }),
      )
      listener.update(JSON.stringify({ sessionUpdate: 'tool_call_update', toolCallId: 't1', status: 'completed' }))
      listener.update(says('two'))
      listener.answered(turnId, { kind: 'stopped', stopReason: 'end_turn', usage: undefined })
    }
    using first = await open()
    const id = await first.newSession()
    await first.prompt(id, 'hello')
    using second = await open()
    await second.ask('session/load', { sessionId: id, cwd: '/tmp', mcpServers: [] })
    const kinds = ['agent_message_chunk', 'tool_call', 'tool_call_update', 'agent_message_chunk']
    expect(second.kinds(id)).toEqual(['user_message_chunk', ...kinds])
    expect(second.updates(id).slice(1)).toEqual(first.updates(id))
    expect(second.heard.at(-1)).toHaveProperty('result')
    using third = await open()
    await third.ask('session/resume', { sessionId: id, cwd: '/tmp', mcpServers: [] })
    expect(third.kinds(id)).toEqual([])
  })

  test('F-15 F-17 commands, usage and title are told after the answer as they are now; notices are not history', async () => {
    const commands = {
      sessionUpdate: 'available_commands_update',
      availableCommands: [{ name: 'plan', description: 'Plan' }],
    }
    const notice = { sessionUpdate: 'notice', severity: 'info', title: 'Low on disk' }
    at.connector.onPrompt = ({ listener }, turnId) => {
      for (const update of [commands, notice, { sessionUpdate: 'usage_update', used: 5, size: 10 }])
        listener.update(JSON.stringify(update))
      listener.described({ sessionUpdate: 'session_info_update', title: 'Named' })
      listener.answered(turnId, { kind: 'stopped', stopReason: 'end_turn', usage: undefined })
    }
    const sees = { clientCapabilities: { session: { notices: {} } } }
    using first = await open(sees)
    const id = await first.newSession()
    await first.prompt(id, 'go')
    expect(first.kinds(id)).toContain('notice')
    for (const method of ['session/load', 'session/resume']) {
      using editor = await open(sees)
      await editor.ask(method, { sessionId: id, cwd: '/tmp', mcpServers: [] })
      await until(() => editor.kinds(id).includes('session_info_update'), { ms: 2_000, what: () => 'the title' })
      const after = editor.heard
        .slice(editor.heard.findLastIndex((message) => 'result' in message) + 1)
        .map(({ params }) => ((params as JsonObject)['update'] as JsonObject)['sessionUpdate'])
      expect(after).toEqual(['available_commands_update', 'usage_update', 'session_info_update'])
      expect(editor.kinds(id)).not.toContain('notice')
    }
  })

  test('F-19 a load in the middle of a turn has no gap and no double', async () => {
    const count = 10_000
    let go: (upTo: number) => void = () => {}
    at.connector.onPrompt = ({ listener }, turnId) => {
      go = (upTo) => {
        for (let n = upTo - count / 2; n < upTo; n++) listener.update(says(`${n} `))
        if (upTo === count) listener.answered(turnId, { kind: 'stopped', stopReason: 'end_turn', usage: undefined })
      }
      go(count / 2)
    }
    using first = await open()
    const id = await first.newSession()
    const ended = first.prompt(id, 'count')
    await until(() => first.kinds(id).length > 10, { ms: 5_000, what: () => 'updates' })
    using second = await open()
    const loaded = second.ask('session/load', { sessionId: id, cwd: '/tmp', mcpServers: [] })
    go(count)
    await Promise.all([loaded, ended])
    const all = Array.from({ length: count }, (_, n) => `${n} `).join('')
    await until(() => second.text(id).length >= all.length, { ms: 10_000, what: () => `${second.text(id).length}` })
    expect([first.text(id) === all, second.text(id) === all]).toEqual([true, true])
  }, 20_000)

  test('F-21 lists are in pages, of one directory if wanted; a cursor that is none is -32602', async () => {
    using editor = await open()
    for (let n = 0; n < 60; n++) await at.service.ensure({ agent: 'fake', cwd: n < 55 ? '/many' : '/few' })
    const many: unknown[] = []
    for (let cursor: unknown = null; cursor !== undefined;) {
      const { result } = await editor.ask('session/list', {
        cwd: '/many',
        ...(cursor !== null && { cursor: cursor as string }),
      })
      many.push(...(result?.['sessions'] as unknown[]))
      cursor = result?.['nextCursor']
    }
    expect(many).toHaveLength(55)
    expect(many.every((one) => (one as JsonObject)['cwd'] === '/many')).toBe(true)
    expect((await editor.ask('session/list', { cwd: '/nothing/here' })).result).toEqual({ sessions: [] })
    expect((await editor.ask('session/list', { cursor: 'bm9uZQ' })).error?.code).toBe(-32602)
  })

  test('F-22 F-24 a deleted session is not listed and not found; deleting again, or what never was, succeeds', async () => {
    using editor = await open()
    const id = await editor.newSession({ cwd: '/deleted' })
    for (const sessionId of [id, id, 'ses_00000000000000000000000000', 'what?'])
      expect((await editor.ask('session/delete', { sessionId })).result).toEqual({})
    expect((await editor.ask('session/list', { cwd: '/deleted' })).result).toEqual({ sessions: [] })
    for (const method of [
      'session/load',
      'session/resume',
      'session/prompt',
      'session/set_mode',
      'session/set_config_option',
    ]) {
      const params = {
        sessionId: id,
        cwd: '/deleted',
        mcpServers: [],
        prompt: [{ type: 'text', text: 'x' }],
        modeId: 'm',
        configId: 'c',
        value: 'v',
      }
      expect((await editor.ask(method, params)).error).toMatchObject({ code: -32002, data: { sessionId: id } })
    }
  })

  test('F-23 closing leaves: the last editor that leaves ends what runs, and the session can be loaded again', async () => {
    at.connector.onPrompt = () => {}
    at.connector.onCancel = (agent) => {
      agent.listener.answered(agent.prompts.at(-1)!, { kind: 'stopped', stopReason: 'cancelled', usage: undefined })
    }
    using first = await open()
    using second = await open()
    const id = await first.newSession()
    await second.ask('session/resume', { sessionId: id, cwd: '/tmp', mcpServers: [] })
    const ended = first.prompt(id, 'work')
    await until(async () => (await at.service.get(id)).live.activity === 'running', {
      ms: 2_000,
      what: () => 'it runs',
    })
    expect((await second.ask('session/close', { sessionId: id })).result).toEqual({})
    expect((await at.service.get(id)).live.activity).toBe('running')
    expect((await first.ask('session/close', { sessionId: id })).result).toEqual({})
    expect((await ended).result?.['stopReason']).toBe('cancelled')
    expect((await first.ask('session/load', { sessionId: id, cwd: '/tmp', mcpServers: [] })).error).toBeUndefined()
  })

  test('a session of another directory is refused, not moved', async () => {
    using editor = await open()
    const sessionId = await editor.newSession()
    expect((await editor.ask('session/load', { sessionId, cwd: '/usr', mcpServers: [] })).error?.code).toBe(-32602)
  })
})

describe('modes and options', () => {
  async function running(editor: FacadeEditor): Promise<string> {
    at.connector.controls = CONTROLS
    at.connector.onPrompt = ({ listener }, turnId) =>
      listener.answered(turnId, { kind: 'stopped', stopReason: 'end_turn', usage: undefined })
    const id = await editor.newSession()
    await editor.prompt(id, 'start')
    return id
  }

  test('F-26 F-28 an unknown mode is -32602; a mode that was set is told to the others, and the option with it', async () => {
    using editor = await open()
    using other = await open()
    const id = await running(editor)
    await other.ask('session/resume', { sessionId: id, cwd: '/tmp', mcpServers: [] })
    expect((await editor.ask('session/set_mode', { sessionId: id, modeId: 'fly' })).error?.code).toBe(-32602)
    expect((await editor.ask('session/set_mode', { sessionId: id, modeId: 'plan' })).result).toEqual({})
    await until(() => other.kinds(id).includes('current_mode_update'), { ms: 2_000, what: () => 'the mode' })
    expect(other.updates(id).find(({ sessionUpdate }) => sessionUpdate === 'config_option_update')).toMatchObject({
      configOptions: [{ category: 'mode', currentValue: 'plan' }, {}, {}],
    })
    expect(other.updates(id).at(-1)).toMatchObject({ currentModeId: 'plan' })
  })

  test('F-27 F-54 the answer to an option is the whole list; unknown ones are -32602; a boolean is a choice where none was advertised', async () => {
    using editor = await open()
    const id = await running(editor)
    const set = (configId: string, value: unknown, more = {}) =>
      editor.ask('session/set_config_option', { sessionId: id, configId, value: value as string, ...more })
    for (const [configId, value] of [
      ['none', 'a'],
      ['model', 'z'],
      ['web', true],
      ['web', 'maybe'],
    ] as const)
      expect((await set(configId, value)).error?.code).toBe(-32602)
    const { result } = await set('model', 'b')
    expect(result?.['configOptions']).toMatchObject([
      { id: 'mode' },
      { id: 'model', currentValue: 'b' },
      { id: 'web', type: 'select', currentValue: 'false' },
    ])
    expect((await set('web', 'true')).result?.['configOptions']).toMatchObject([{}, {}, { currentValue: 'true' }])
    using modern = await open({ clientCapabilities: { session: { configOptions: { boolean: {} } } } })
    const { result: loaded } = await modern.ask('session/load', { sessionId: id, cwd: '/tmp', mcpServers: [] })
    expect(loaded?.['configOptions']).toMatchObject([{}, {}, { id: 'web', type: 'boolean', currentValue: true }])
  })

  test('the older session/set_model is an option of the session', async () => {
    using editor = await open()
    const id = await running(editor)
    expect((await editor.ask('session/set_model', { sessionId: id, modelId: 'b' })).result).toEqual({})
    expect((await at.service.get(id as SessionId)).session.terms.options.model).toBe('b')
    expect((await editor.ask('session/set_model', { sessionId: id, modelId: 'z' })).error?.code).toBe(-32602)
  })

  test('a session whose agent was not started yet offers what the agent offered last; a choice holds from its start', async () => {
    using editor = await open()
    await running(editor)
    const { result } = await editor.ask('session/new', { cwd: '/tmp', mcpServers: [] })
    expect(result).toMatchObject({
      modes: { currentModeId: 'code' },
      configOptions: [{ id: 'mode' }, { id: 'model' }, { id: 'web' }],
    })
    const id = result?.['sessionId'] as string
    expect((await editor.ask('session/set_mode', { sessionId: id, modeId: 'plan' })).result).toEqual({})
    const { result: loaded } = await editor.ask('session/load', { sessionId: id, cwd: '/tmp', mcpServers: [] })
    expect(loaded?.['modes']).toMatchObject({ currentModeId: 'plan' })
    await editor.prompt(id, 'go')
    expect(at.connector.agents.at(-1)?.request.options).toEqual([{ option: 'mode', value: 'plan' }])
  })
})
