// ACP v1 as an agent, statements F-30 to F-60: prompts, cancelling, permission requests, what is told. Numbers as in docs/acp-facade.md.

import { afterAll, beforeEach, describe, expect, test } from 'vitest'

import type { SessionId } from '../../../src/base/ids.ts'
import type { JsonObject } from '../../../src/base/json.ts'
import { FacadeEditor, openFacade } from '../../_support/facade-editor.ts'
import type { FakeAgent } from '../../_support/fake-agent.ts'
import { asksFirst, says } from '../../_support/test-cli-gateway.ts'
import { TestSessions } from '../../_support/test-sessions.ts'
import { until } from '../../_support/until.ts'

const at = await TestSessions.start()
const facade = openFacade(at)
afterAll(() => at[Symbol.asyncDispose]())

/** Agents that were given the prompts of a test, and have not answered. */
let working: FakeAgent[] = []
const CALL = { toolCallId: 't1', title: 'Delete it', kind: 'delete', status: 'pending' }

beforeEach(() => {
  working = []
  at.connector.onPrompt = (agent) => void working.push(agent)
  at.connector.onCancel = (agent) => end(agent, 'cancelled')
})

const open = (params: JsonObject = {}): Promise<FacadeEditor> => FacadeEditor.open(facade, params)

function end(agent: FakeAgent, stopReason = 'end_turn'): void {
  agent.listener.answered(agent.prompts.at(-1)!, { kind: 'stopped', stopReason, usage: undefined })
}

async function agentAt(count: number): Promise<FakeAgent> {
  await until(() => working.length >= count, { ms: 5_000, what: () => `prompt ${count} is with the agent` })
  return working[count - 1]!
}

/** Opens the session in another editor, without its history. */
async function attach(id: string, params: JsonObject = {}): Promise<FacadeEditor> {
  const editor = await open(params)
  await editor.ask('session/resume', { sessionId: id, cwd: '/tmp', mcpServers: [] })
  return editor
}

describe('prompting', () => {
  test('F-30 F-31 content that was not advertised, an empty prompt and one that is no list are -32602 and start nothing', async () => {
    using editor = await open()
    const sessionId = await editor.newSession()
    const image = [{ type: 'image', data: 'AAAA', mimeType: 'image/png' }]
    for (const prompt of [image, [], 'text', [{ type: 'text', text: '' }], ['x'], [{ type: 'hologram' }]])
      expect((await editor.ask('session/prompt', { sessionId, prompt })).error?.code).toBe(-32602)
    expect(await at.service.turns(sessionId as SessionId, { limit: 1 })).toEqual([])
    const prompt = [
      { type: 'text', text: 'see' },
      { type: 'resource_link', uri: 'file:///a', name: 'a' },
    ]
    const answered = editor.ask('session/prompt', { sessionId, prompt })
    end(await agentAt(1))
    expect((await answered).result?.['stopReason']).toBe('end_turn')
  })

  test('F-32 F-33 one answer, with a stop reason of v1, after everything that was said in the turn', async () => {
    using editor = await open()
    const id = await editor.newSession()
    for (const [n, reason, told] of [
      [1, 'max_tokens', 'max_tokens'],
      [2, 'refusal', 'refusal'],
      [3, 'bored', 'end_turn'],
    ] as const) {
      const { id: request, reply } = editor.send('session/prompt', {
        sessionId: id,
        prompt: [{ type: 'text', text: 'go' }],
      })
      const agent = await agentAt(n)
      for (let i = 0; i < 20; i++) agent.listener.update(says(`${n}.${i} `))
      end(agent, reason)
      expect((await reply).result?.['stopReason']).toBe(told)
      const last = JSON.stringify(editor.heard.at(-2))
      expect([editor.heard.at(-1)?.['id'], last.includes(`${n}.19`)]).toEqual([request, true])
    }
  })

  test('F-34 a second prompt waits for the first, whoever sent it; it is refused if it wants to be', async () => {
    using editor = await open()
    const id = await editor.newSession()
    using other = await attach(id)
    const first = editor.prompt(id, 'first')
    const agent = await agentAt(1)
    const second = other.prompt(id, 'second')
    const refused = await other.prompt(id, 'third', { _meta: { 'holdfast/whenBusy': 'reject' } })
    expect(refused.error?.data).toMatchObject({ code: 'SESSION_BUSY', retryable: true })
    end(agent)
    await first
    end(await agentAt(2))
    expect((await second).result?.['stopReason']).toBe('end_turn')
  })

  test('F-35 others see a prompt as a message of the user, whoever sent it hears no echo, and every block is told', async () => {
    using editor = await open()
    const sessionId = await editor.newSession()
    using other = await attach(sessionId)
    const prompt = [
      { type: 'text', text: 'look' },
      { type: 'resource_link', uri: 'file:///a', name: 'a' },
    ]
    const answered = editor.ask('session/prompt', { sessionId, prompt })
    end(await agentAt(1))
    await answered
    await at.service.prompt(sessionId as SessionId, { prompt: [{ type: 'text', text: 'from the command line' }] })
    end(await agentAt(2))
    await until(() => other.updates(sessionId).length >= 3, { ms: 2_000, what: () => 'three blocks' })
    expect(other.updates(sessionId).map(({ content }) => content)).toEqual([
      ...prompt,
      { type: 'text', text: 'from the command line' },
    ])
    expect(editor.updates(sessionId)).toHaveLength(1)
  })

  test('F-36 an agent that dies ends the prompt with -32603 and a reason, and the next prompt runs', async () => {
    using editor = await open()
    const id = await editor.newSession()
    const answered = editor.prompt(id, 'go')
    const agent = await agentAt(1)
    agent.listener.update(JSON.stringify({ sessionUpdate: 'tool_call', ...CALL }))
    agent.listener.lost({ code: 'AGENT_EXITED', message: 'Agent fake exited (signal 9) during a turn.' })
    expect((await answered).error).toMatchObject({ code: -32603, data: { code: 'AGENT_EXITED', retryable: true } })
    expect(editor.updates(id).at(-1)).toMatchObject({ toolCallId: 't1', status: 'failed' })
    const next = editor.prompt(id, 'again')
    end(await agentAt(2))
    expect((await next).result?.['stopReason']).toBe('end_turn')
  })

  test('F-36 a session that waits for a decision says which; an interrupted prompt of an editor leaves none to wait for', async () => {
    await using own = await TestSessions.start()
    own.connector.onPrompt = (agent) => void working.push(agent)
    const prompt = [{ type: 'text', text: 'go' }]
    const { session: held } = (await own.service.ensure({ agent: 'fake', cwd: '/tmp' })).status
    await own.service.prompt(held.id, { prompt })
    const first = await FacadeEditor.open(openFacade(own))
    const id = await first.newSession()
    void first.prompt(id, 'go')
    await agentAt(2)
    first[Symbol.dispose]()
    await own.restart()
    own.connector.onPrompt = (agent) => end(agent)
    using editor = await FacadeEditor.open(openFacade(own))
    const refused = await editor.prompt(held.id, 'next')
    expect(refused.error).toMatchObject({ code: -32603, data: { code: 'SESSION_BLOCKED' } })
    expect(refused.error?.message).toContain('holdfast resume')
    expect((await editor.prompt(id, 'next')).result?.['stopReason']).toBe('end_turn')
  })

  test('F-38 _meta of a prompt is accepted, and that of its blocks reaches the agent', async () => {
    let prompt = ''
    at.connector.onPrompt = (agent, _, text) => {
      prompt = text
      end(agent)
    }
    using editor = await open()
    const sessionId = await editor.newSession()
    const blocks = [{ type: 'text', text: 'x', _meta: { traceparent: '00-1-1-00' } }]
    const { result } = await editor.ask('session/prompt', { sessionId, prompt: blocks, _meta: { mine: 1 } })
    expect([result?.['stopReason'], JSON.parse(prompt)]).toEqual(['end_turn', blocks])
  })

  test('F-33 F-35 a turn that has ended before it is known to be accepted is answered, and not echoed', async () => {
    at.connector.onPrompt = (agent) => end(agent)
    const { service } = at
    const prompt: typeof service.prompt = async (...asked) => {
      const accepted = await service.prompt(...asked)
      const hasEnded = async () => (await service.turn(asked[0], accepted.turn.id)).outcome !== undefined
      await until(hasEnded, { ms: 2_000, what: () => 'the end of the turn' })
      return accepted
    }
    const slow = new Proxy(service, {
      get: (_, name: keyof typeof service) => (name === 'prompt' ? prompt : service[name].bind(service)),
    })
    using editor = await FacadeEditor.open(openFacade(at, { service: slow }))
    const id = await editor.newSession()
    expect((await editor.prompt(id, 'go')).result?.['stopReason']).toBe('end_turn')
    expect(editor.kinds(id)).toEqual([])
  })

  test('a prompt that is sent twice under one key is one turn, also from another connection, and both are answered', async () => {
    using editor = await open()
    const id = await editor.newSession()
    const more = { _meta: { 'holdfast/idempotencyKey': 'once' } }
    const first = editor.prompt(id, 'go', more)
    const agent = await agentAt(1)
    using other = await attach(id)
    const second = other.prompt(id, 'go', more)
    end(agent)
    const late = async () => (await editor.prompt(id, 'go', more)).result
    expect([(await first).result, (await second).result, await late()].map((it) => it?.['stopReason'])).toEqual(
      Array(3).fill('end_turn'),
    )
    expect(working).toHaveLength(1)
  })
})

describe('cancelling', () => {
  test('F-39 F-41 cancel has no answer; the prompt is answered with cancelled, whoever cancels and whatever the agent makes of it', async () => {
    at.connector.onCancel = (agent) =>
      agent.listener.answered(agent.prompts.at(-1)!, {
        kind: 'error',
        error: { code: 'AGENT_ERROR', message: 'aborted' },
      })
    using editor = await open()
    const id = await editor.newSession()
    using other = await attach(id)
    for (const [n, from] of [
      [1, editor],
      [2, other],
    ] as const) {
      const answered = editor.prompt(id, 'go')
      await agentAt(n)
      from.notify('session/cancel', { sessionId: id })
      expect((await answered).result?.['stopReason']).toBe('cancelled')
    }
  })

  test('F-40 a cancel of an idle or unknown session does nothing, and the next prompt works', async () => {
    using editor = await open()
    const id = await editor.newSession()
    for (const sessionId of [id, 'ses_00000000000000000000000000', 'x']) editor.notify('session/cancel', { sessionId })
    const answered = editor.prompt(id, 'go')
    end(await agentAt(1))
    expect((await answered).result?.['stopReason']).toBe('end_turn')
  })

  test('a cancel ends the queued prompts of its editor and leaves those of others', async () => {
    using editor = await open()
    const id = await editor.newSession()
    using other = await attach(id)
    const running = other.prompt(id, 'theirs')
    const agent = await agentAt(1)
    const queued = editor.prompt(id, 'mine')
    editor.notify('session/cancel', { sessionId: id })
    expect((await queued).result?.['stopReason']).toBe('cancelled')
    end(agent)
    expect((await running).result?.['stopReason']).toBe('end_turn')
  })

  test('F-42 $/cancel_request of a prompt is a cancel, with one answer', async () => {
    using editor = await open()
    const sessionId = await editor.newSession()
    const { id, reply } = editor.send('session/prompt', { sessionId, prompt: [{ type: 'text', text: 'go' }] })
    await agentAt(1)
    editor.notify('$/cancel_request', { requestId: id })
    editor.notify('$/cancel_request', { requestId: 'nothing' })
    expect((await reply).result?.['stopReason']).toBe('cancelled')
    expect(editor.heard.filter((message) => message['id'] === id)).toHaveLength(1)
  })
})

describe('permission requests', () => {
  test('F-45 F-48 every editor is asked with the options of the agent in their order; the first answer counts, the others are cancelled', async () => {
    at.connector.onPrompt = asksFirst(CALL)
    using editor = await open({ clientInfo: { name: 'Zed', version: '1' } })
    const id = await editor.newSession()
    using other = await attach(id)
    const answered = editor.prompt(id, 'delete')
    const [here, there] = [await editor.asked(), await other.asked()]
    expect((here['params'] as JsonObject)['options']).toMatchObject([{ optionId: 'once' }, { optionId: 'no' }])
    editor.choose(here, 'once')
    await answered
    await until(() => other.messages('$/cancel_request').length > 0, { ms: 2_000, what: () => 'the cancel' })
    expect(other.messages('$/cancel_request')[0]?.['params']).toEqual({ requestId: there['id'] })
    other.choose(there, 'no')
    expect(editor.text(id)).toContain('"optionId":"once"')
    const [permission] = await at.service.permissions({ sessionId: id as SessionId }, 1)
    expect(permission?.answeredBy).toBe('acp:Zed')
  })

  test('F-43 F-44 an answer after the cancel, and one that is none, approve nothing', async () => {
    at.connector.onPrompt = ({ listener }) => {
      const options = [{ optionId: 'once', name: 'Allow', kind: 'allow_once' }]
      listener.permissionAsked({ requestId: 'r1', toolCall: JSON.stringify(CALL), options })
    }
    using editor = await open()
    const id = await editor.newSession()
    const answered = editor.prompt(id, 'delete')
    const request = await editor.asked()
    editor.answer(request['id'], { outcome: { outcome: 'selected', optionId: 'everything' } })
    expect((await at.service.permissions({ sessionId: id as SessionId }, 1))[0]?.state).toBe('open')
    editor.notify('session/cancel', { sessionId: id })
    editor.choose(request, 'once')
    expect((await answered).result?.['stopReason']).toBe('cancelled')
    expect((await at.service.permissions({ sessionId: id as SessionId }, 1))[0]).toMatchObject({
      state: 'cancelled',
      optionId: undefined,
    })
  })

  test('F-46 F-49 an editor that errs or goes is out of the race: the request waits for the others, the turn goes on', async () => {
    at.connector.onPrompt = asksFirst(CALL)
    using editor = await open()
    const id = await editor.newSession()
    using other = await attach(id)
    void editor.prompt(id, 'delete')
    const [here, there] = [await editor.asked(), await other.asked()]
    editor.raw(JSON.stringify({ jsonrpc: '2.0', id: here['id'], error: { code: -1, message: 'no dialog' } }))
    editor[Symbol.dispose]()
    other.choose(there, 'once')
    await until(() => other.text(id).includes('once'), { ms: 2_000, what: () => 'the agent goes on' })
    expect((await at.service.permissions({ sessionId: id as SessionId }, 1))[0]?.state).toBe('answered')
  })

  test('F-47 F-52 a request that waited for nobody reaches the editor that comes later, after its answer and after the tool call', async () => {
    at.connector.onPrompt = asksFirst(CALL)
    using first = await open()
    const id = await first.newSession()
    first[Symbol.dispose]()
    await at.service.prompt(id as SessionId, { prompt: [{ type: 'text', text: 'delete' }] })
    await until(async () => (await at.service.get(id)).live.activity === 'awaiting_permission', {
      ms: 2_000,
      what: () => 'it asks',
    })
    for (const method of ['session/load', 'session/resume']) {
      using editor = await open()
      await editor.ask(method, { sessionId: id, cwd: '/tmp', mcpServers: [] })
      await editor.asked()
      const order = editor.heard.slice(editor.heard.findLastIndex((message) => 'result' in message))
      const kinds = order.map(({ method: name, params }) =>
        name === 'session/update'
          ? ((params as JsonObject)['update'] as JsonObject)['sessionUpdate']
          : (name ?? 'answer'),
      )
      expect(kinds).toEqual(['answer', 'tool_call', 'session/request_permission'])
      if (method === 'session/resume') editor.choose(await editor.asked(), 'no')
    }
  })
})

describe('what is told', () => {
  async function told(updates: readonly JsonObject[], params: JsonObject = {}): Promise<JsonObject[]> {
    at.connector.onPrompt = (agent) => {
      for (const update of updates) agent.listener.update(JSON.stringify(update))
      end(agent)
    }
    using editor = await open(params)
    const id = await editor.newSession()
    await editor.prompt(id, 'go')
    return editor.updates(id)
  }

  test('F-53 F-55 F-58 values that v1 does not have become those that it has; no terminal and no relative path is told', async () => {
    const content = [
      { type: 'terminal', terminalId: 'term1' },
      { type: 'diff', path: 'a.txt', newText: 'x' },
      { type: 'diff', path: '/a.txt', newText: 'x' },
      { type: 'odd' },
    ]
    const locations = [{ path: '/a', line: 3 }, { path: 'b' }, { path: '/c', line: 0 }]
    const [call] = await told([
      {
        sessionUpdate: 'tool_call',
        toolCallId: 't',
        title: 'T',
        kind: 'teleport',
        status: 'cancelled',
        content,
        locations,
      },
    ])
    expect(call).toMatchObject({ kind: 'other', status: 'failed', locations: [{ path: '/a', line: 3 }] })
    expect(call?.['content']).toMatchObject([{ type: 'content' }, { type: 'diff', path: '/a.txt' }])
    expect(JSON.stringify(call)).not.toContain('term1')
  })

  test('F-09 F-56 what the editor did not advertise and what nobody knows is not told; F-51 neither is what is not whole', async () => {
    const notice = { sessionUpdate: 'notice', severity: 'info', title: 'N' }
    const compaction = { sessionUpdate: 'compaction_update', compactionId: 'c', status: 'in_progress' }
    const odd = [
      { sessionUpdate: 'hologram', x: 1 },
      { sessionUpdate: 'agent_message_chunk', content: { type: 'smell' } },
      { sessionUpdate: 'plan', entries: 3 },
    ]
    expect(await told([notice, compaction, ...odd])).toEqual([])
    const session = { notices: {}, compaction: {} }
    expect(
      (await told([notice, ...odd], { clientCapabilities: { session } })).map((it) => it['sessionUpdate']),
    ).toEqual(['notice'])
  })

  test('F-52 an update of a call that the editor never saw begins it', async () => {
    const [call, update] = await told([
      { sessionUpdate: 'tool_call_update', toolCallId: 't', status: 'in_progress' },
      { sessionUpdate: 'tool_call_update', toolCallId: 't', status: 'completed' },
    ])
    expect(call).toMatchObject({ sessionUpdate: 'tool_call', toolCallId: 't', title: 't', status: 'in_progress' })
    expect(update).toMatchObject({ sessionUpdate: 'tool_call_update', status: 'completed' })
  })

  test('F-52 an editor that comes in the middle of a turn hears what was said of a call before it came', async () => {
    using editor = await open()
    const id = await editor.newSession()
    const answered = editor.prompt(id, 'go')
    const agent = await agentAt(1)
    agent.listener.update(JSON.stringify({ sessionUpdate: 'tool_call', ...CALL }))
    await until(() => editor.kinds(id).includes('tool_call'), { ms: 2_000, what: () => 'the call' })
    using other = await attach(id)
    agent.listener.update(JSON.stringify({ sessionUpdate: 'tool_call_update', toolCallId: 't1', status: 'completed' }))
    end(agent)
    await answered
    await until(() => other.updates(id).length > 0, { ms: 2_000, what: () => 'the call' })
    expect(other.updates(id)[0]).toMatchObject({
      sessionUpdate: 'tool_call',
      title: 'Delete it',
      kind: 'delete',
      status: 'completed',
    })
  })

  test('an editor that comes back goes on after the last event that it has: no gap, no double, no echo of its own prompt', async () => {
    const client = { _meta: { 'holdfast/client': 'c1' } }
    using before = await open(client)
    const id = await before.newSession()
    void before.prompt(id, 'go', { _meta: { 'holdfast/idempotencyKey': 'c1.1' } })
    const agent = await agentAt(1)
    agent.listener.update(says('one '))
    await until(() => before.text(id) === 'one ', { ms: 2_000, what: () => 'the first word' })
    const [update] = before.messages('session/update').slice(-1)
    const seq = Number(/"holdfast\/seq":(\d+)/.exec(JSON.stringify(update))?.[1])
    before[Symbol.dispose]()
    agent.listener.update(says('two '))
    using after = await open(client)
    const { result } = await after.ask('session/resume', {
      sessionId: id,
      cwd: '/tmp',
      _meta: { 'holdfast/after': seq },
    })
    expect(result?.['_meta']).toMatchObject({ 'holdfast/seq': seq, 'holdfast/permissions': [] })
    const answered = after.prompt(id, 'go', { _meta: { 'holdfast/idempotencyKey': 'c1.1' } })
    agent.listener.update(says('three'))
    end(agent)
    expect((await answered).result?.['stopReason']).toBe('end_turn')
    expect([after.text(id), after.kinds(id).includes('user_message_chunk'), working]).toEqual([
      'two three',
      false,
      [agent],
    ])
    const ahead = await after.ask('session/resume', { sessionId: id, _meta: { 'holdfast/after': 9_999 } })
    expect(ahead.error?.code).toBe(-32602)
  })

  test('a prompt of an earlier connection is echoed to others only, also when its turn began in between', async () => {
    using before = await open({ _meta: { 'holdfast/client': 'c2' } })
    const { result } = await before.ask('session/new', { cwd: '/tmp' })
    const { sessionId, _meta: place } = result as { sessionId: string; _meta: JsonObject }
    void before.prompt(sessionId, 'go', { _meta: { 'holdfast/idempotencyKey': 'c2.1' } })
    const agent = await agentAt(1)
    agent.listener.update(says('done'))
    end(agent)
    await until(() => before.heard.at(-1)?.['id'] === 3, { ms: 2_000, what: () => 'the end' })
    const echoes: number[] = []
    for (const client of ['c2', 'c3']) {
      using after = await open({ _meta: { 'holdfast/client': client } })
      const _meta = { 'holdfast/after': place['holdfast/seq'] ?? null }
      await after.ask('session/resume', { sessionId, cwd: '/tmp', _meta })
      await until(() => after.text(sessionId) === 'done', { ms: 2_000, what: () => 'the turn' })
      echoes.push(after.kinds(sessionId).filter((kind) => kind === 'user_message_chunk').length)
    }
    expect(echoes).toEqual([0, 1])
  })

  test('F-66 an editor that takes nothing stops the reading of its session, and nothing else', async () => {
    using slow = await open()
    const id = await slow.newSession()
    using other = await attach(id)
    const taken = Promise.withResolvers<void>()
    slow.full = taken.promise
    const answered = other.prompt(id, 'go')
    const agent = await agentAt(1)
    for (let n = 0; n < 500; n++) agent.listener.update(says(`${n} `))
    end(agent)
    expect((await answered).result?.['stopReason']).toBe('end_turn')
    expect(slow.updates(id).length).toBeLessThan(10)
    slow.full = undefined
    taken.resolve()
    await until(() => slow.text(id) === other.text(id), { ms: 5_000, what: () => 'everything' })
  })
})
