// ACP v1 as an agent, statement F-50 and what F-09 says of it: questions of agents in editors. Numbers as in docs/acp-facade.md.

import { afterAll, expect, test } from 'vitest'

import type { Elicitation } from '../../../src/agent/elicitations/elicitation.ts'
import type { SessionId } from '../../../src/base/ids.ts'
import type { JsonObject } from '../../../src/base/json.ts'
import { FacadeEditor, openFacade } from '../../_support/facade-editor.ts'
import type { FakeAgent, OnPrompt } from '../../_support/fake-agent.ts'
import { says } from '../../_support/test-cli-gateway.ts'
import { TestSessions } from '../../_support/test-sessions.ts'
import { until } from '../../_support/until.ts'

const at = await TestSessions.start()
const facade = openFacade(at)
afterAll(() => at[Symbol.asyncDispose]())

const FORM: Elicitation = {
  mode: 'form',
  message: 'Which one?',
  toolCallId: 't1',
  requestedSchema: { type: 'object', properties: { name: { type: 'string', minLength: 2 } }, required: ['name'] },
}
const LINK: Elicitation = {
  mode: 'url',
  message: 'Log in',
  toolCallId: undefined,
  url: 'https://login.example/x',
  elicitationId: 'theirs',
}
const CREATE = 'elicitation/create'
const BOTH = { elicitation: { form: {}, url: {} } }

/** Asks, and says what it was told. */
function asks(elicitation: Elicitation): OnPrompt {
  return (agent, turnId) => {
    agent.answers.push = (...items) => {
      agent.listener.update(says(`told ${JSON.stringify(items[0])}`))
      agent.listener.answered(turnId, { kind: 'stopped', stopReason: 'end_turn', usage: undefined })
      return items.length
    }
    agent.listener.elicitationAsked('r1', elicitation)
  }
}

const open = (clientCapabilities: JsonObject = BOTH, name = 'Zed'): Promise<FacadeEditor> =>
  FacadeEditor.open(facade, { clientCapabilities, clientInfo: { name, version: '1' } })

async function attach(id: string, clientCapabilities: JsonObject = BOTH): Promise<FacadeEditor> {
  const editor = await open(clientCapabilities, 'other')
  await editor.ask('session/resume', { sessionId: id, cwd: '/tmp', mcpServers: [] })
  return editor
}

const questionOf = async (id: string) => (await at.sessions.elicitations.list({ sessionId: id as SessionId }, 1))[0]
const waits = (id: string) =>
  until(async () => (await questionOf(id))?.state === 'open', { ms: 2_000, what: () => 'nothing is asked' })
const agentOf = (id: string): FakeAgent => at.connector.agents.find(({ request }) => request.sessionId === id)!

test('F-50 every editor that can show the mode is asked; the first valid answer counts, the others are cancelled', async () => {
  at.connector.onPrompt = asks(FORM)
  using editor = await open()
  const id = await editor.newSession()
  using other = await attach(id)
  const answered = editor.prompt(id, 'go')
  const [here, there] = [await editor.asked(1, CREATE), await other.asked(1, CREATE)]
  expect(here['params']).toMatchObject({ sessionId: id, mode: 'form', message: 'Which one?', toolCallId: 't1' })
  expect(here['params']).toMatchObject({ requestedSchema: { required: ['name'] } })
  editor.answer(here['id'], { action: 'accept', content: { name: 'demo' } })
  await answered
  await until(() => other.messages('$/cancel_request').length > 0, { ms: 2_000, what: () => 'the cancel' })
  expect(other.messages('$/cancel_request')[0]?.['params']).toEqual({ requestId: there['id'] })
  other.answer(there['id'], { action: 'cancel' })
  expect(editor.text(id)).toBe('told {"action":"accept","content":{"name":"demo"}}')
  expect(await questionOf(id)).toMatchObject({ answeredBy: 'acp:Zed', fields: ['name'] })
})

test.each<[string, JsonObject, Elicitation]>([
  ['nothing', {}, FORM],
  ['an empty object', { elicitation: {} }, FORM],
  ['pages only', { elicitation: { url: {}, form: null } }, FORM],
  ['forms only', { elicitation: { form: {} } }, LINK],
])(
  'F-09 F-50 an editor that has advertised %s is not asked, and the question waits for others',
  async (_, can, asked) => {
    at.connector.onPrompt = asks(asked)
    using editor = await open(can)
    const id = await editor.newSession()
    void editor.prompt(id, 'go')
    await waits(id)
    using other = await attach(id)
    await other.asked(1, CREATE)
    expect(editor.messages(CREATE)).toEqual([])
    other.answer((await other.asked(1, CREATE))['id'], { action: 'decline' })
    await until(() => editor.text(id) !== '', { ms: 2_000, what: () => 'the agent goes on' })
    expect(editor.text(id)).toBe('told {"action":"decline"}')
  },
)

test.each<[string, JsonObject]>([
  ['an error', { error: { code: -1, message: 'no dialog' } }],
  ['an unknown action', { result: { action: 'later' } }],
  ['content that the form does not allow', { result: { action: 'accept', content: { name: 'x' } } }],
])('F-50 %s accepts nothing: only this editor is out, also when it goes', async (_, answer) => {
  at.connector.onPrompt = asks(FORM)
  using editor = await open()
  const id = await editor.newSession()
  using other = await attach(id)
  void editor.prompt(id, 'go')
  const [here, there] = [await editor.asked(1, CREATE), await other.asked(1, CREATE)]
  editor.raw(JSON.stringify({ jsonrpc: '2.0', id: here['id'], ...answer }))
  await editor.ask('session/list', {})
  editor[Symbol.dispose]()
  expect((await questionOf(id))?.state).toBe('open')
  other.answer(there['id'], { action: 'accept', content: { name: 'demo' } })
  await until(() => other.text(id) !== '', { ms: 2_000, what: () => 'the agent goes on' })
  expect(other.text(id)).toContain('demo')
})

test('F-50 a question that waited for nobody reaches the editor that comes later, after its answer', async () => {
  at.connector.onPrompt = asks(FORM)
  using first = await open()
  const id = await first.newSession()
  first[Symbol.dispose]()
  await at.service.prompt(id as SessionId, { prompt: [{ type: 'text', text: 'go' }] })
  await waits(id)
  for (const method of ['session/load', 'session/resume']) {
    using editor = await open()
    await editor.ask(method, { sessionId: id, cwd: '/tmp', mcpServers: [] })
    const request = await editor.asked(1, CREATE)
    expect(editor.heard.indexOf(request)).toBeGreaterThan(editor.heard.findLastIndex((message) => 'result' in message))
    if (method === 'session/resume') editor.answer(request['id'], { action: 'cancel' })
  }
  await until(async () => (await questionOf(id))?.action === 'cancel', { ms: 2_000, what: () => 'it is dismissed' })
})

test('a resume with holdfast/after names the questions that wait', async () => {
  at.connector.onPrompt = asks(FORM)
  using editor = await open()
  const id = await editor.newSession()
  void editor.prompt(id, 'go')
  await waits(id)
  using other = await open()
  const params = { sessionId: id, cwd: '/tmp', mcpServers: [], _meta: { 'holdfast/after': 0 } }
  const { result } = await other.ask('session/resume', params)
  expect(result?.['_meta']).toMatchObject({ 'holdfast/permissions': [(await questionOf(id))?.id] })
  await at.service.cancel(id as SessionId)
})

test('a page has an id of ours, and the editor that was given it hears when it is done', async () => {
  at.connector.onPrompt = asks(LINK)
  using editor = await open()
  const id = await editor.newSession()
  using blind = await attach(id, { elicitation: { form: {} } })
  const answered = editor.prompt(id, 'go')
  const request = await editor.asked(1, CREATE)
  const { url, elicitationId } = request['params'] as JsonObject
  expect([url, elicitationId]).toEqual(['https://login.example/x', (await questionOf(id))?.id])
  editor.answer(request['id'], { action: 'accept' })
  await answered
  agentOf(id).listener.elicitationCompleted('theirs')
  const done = await editor.asked(1, 'elicitation/complete')
  expect(done['params']).toEqual({ elicitationId })
  expect(blind.messages('elicitation/complete')).toEqual([])
})
