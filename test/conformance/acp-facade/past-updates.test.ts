// What an editor hears of the past: tool calls put together from updates and permission requests, compactions without their pieces.
// C-nn: docs/acp-client.md.

import { afterAll, describe, expect, test } from 'vitest'

import { FacadeEditor, openFacade } from '../../_support/facade-editor.ts'
import type { FakeAgent } from '../../_support/fake-agent.ts'
import { TestSessions } from '../../_support/test-sessions.ts'
import type { JsonObject } from '../../../src/base/json.ts'

const at = await TestSessions.start()
const facade = openFacade(at)
afterAll(() => at[Symbol.asyncDispose]())

const OPTIONS = [
  { optionId: 'once', name: 'Once', kind: 'allow_once' },
  { optionId: 'no', name: 'No', kind: 'reject_once' },
]
const CONTENT = [{ type: 'content', content: { type: 'text', text: 'rm -r build' } }]
const REQUEST = { toolCallId: 't1', title: 'Delete it', kind: 'delete', status: 'pending', content: CONTENT }

type Said = JsonObject | { readonly asks: JsonObject }

/** A session in whose one turn the agent has said this; a request is answered at once. */
async function sessionThatSaid(said: readonly Said[]): Promise<string> {
  at.connector.onPrompt = (agent, turnId) => {
    void say(agent, said).then(() =>
      agent.listener.answered(turnId, { kind: 'stopped', stopReason: 'end_turn', usage: undefined }),
    )
  }
  using editor = await FacadeEditor.open(facade)
  const id = await editor.newSession()
  const answered = editor.prompt(id, 'go')
  const count = said.filter((each) => 'asks' in each).length
  for (let n = 1; n <= count; n++) editor.choose(await editor.asked(n), 'once')
  await answered
  return id
}

async function say({ listener, outcomes }: FakeAgent, said: readonly Said[]): Promise<void> {
  for (const each of said) {
    if (!('asks' in each)) {
      listener.update(JSON.stringify(each))
      continue
    }
    const isAnswered = new Promise<void>((resolve) => {
      outcomes.push = (...items) => (resolve(), items.length)
    })
    listener.permissionAsked({ requestId: 'r1', toolCall: JSON.stringify(each.asks), options: OPTIONS })
    await isAnswered
  }
}

/** The tool updates that an editor hears with the history of the session. */
async function history(id: string): Promise<JsonObject[]> {
  using editor = await FacadeEditor.open(facade)
  await editor.ask('session/load', { sessionId: id, cwd: '/tmp', mcpServers: [] })
  return editor.updates(id).filter(({ toolCallId }) => toolCallId !== undefined)
}

const call = (fields: JsonObject): JsonObject => ({ sessionUpdate: 'tool_call', toolCallId: 't1', ...fields })
const update = (fields: JsonObject): JsonObject => ({ sessionUpdate: 'tool_call_update', toolCallId: 't1', ...fields })

describe('the call of a permission request is part of what is known', () => {
  test('C-57 a call that only a request has named is in the history', async () => {
    const id = await sessionThatSaid([{ asks: REQUEST }])
    expect(await history(id)).toEqual([call(REQUEST)])
  })

  test('C-57 what a request says of a call that was told changes it, at its place', async () => {
    const begun = call({ title: 'Working', kind: 'other', status: 'pending' })
    const id = await sessionThatSaid([begun, { asks: { ...REQUEST, title: null } }, update({ status: 'completed' })])
    expect(await history(id)).toEqual([begun, update({ ...REQUEST, title: null }), update({ status: 'completed' })])
  })
})

test('C-70 an editor that comes in the middle is told what a call is by then: null changes nothing, lists are replaced', async () => {
  const pieces = [
    call({ title: 'Delete it', kind: 'delete', status: 'pending', content: CONTENT }),
    update({ title: null, status: 'in_progress', content: [...CONTENT, ...CONTENT] }),
    { asks: { toolCallId: 't1', rawInput: { force: true } } },
    update({ status: null, kind: null }),
  ]
  const id = await sessionThatSaid(pieces)
  using editor = await FacadeEditor.open(facade)
  await editor.ask('session/resume', { sessionId: id, cwd: '/tmp', mcpServers: [] })
  at.connector.onPrompt = ({ listener }, turnId) => {
    listener.update(JSON.stringify(update({ content: [] })))
    listener.answered(turnId, { kind: 'stopped', stopReason: 'end_turn', usage: undefined })
  }
  await editor.prompt(id, 'more')
  const [first] = editor.updates(id).filter(({ toolCallId }) => toolCallId === 't1')
  expect(first).toEqual(
    call({ title: 'Delete it', kind: 'delete', status: 'in_progress', content: [], rawInput: { force: true } }),
  )
})

test('C-75 a load tells a compaction where it began and as it ended, one that goes on as it is now, and then what comes', async () => {
  const compaction = (compactionId: string, fields: JsonObject): JsonObject => ({
    sessionUpdate: 'compaction_update',
    compactionId,
    ...fields,
  })
  const chunk = (compactionId: string, text: string): JsonObject => ({
    sessionUpdate: 'compaction_summary_chunk',
    compactionId,
    content: { type: 'text', text },
  })
  const pieces = [
    compaction('c1', { status: 'in_progress' }),
    chunk('c1', 'so far'),
    compaction('c1', { status: 'completed' }),
  ]
  const id = await sessionThatSaid([...pieces, chunk('c2', 'and '), chunk('c2', 'so on')])
  using editor = await FacadeEditor.open(facade, { clientCapabilities: { session: { compaction: {} } } })
  await editor.ask('session/load', { sessionId: id, cwd: '/tmp', mcpServers: [] })
  const text = (each: string): JsonObject => ({ type: 'text', text: each })
  expect(editor.updates(id).filter(({ compactionId }) => compactionId !== undefined)).toEqual([
    pieces[0],
    compaction('c1', { status: 'completed', summary: [text('so far')] }),
    chunk('c2', 'and '),
    compaction('c2', { status: 'in_progress', summary: [text('and '), text('so on')] }),
  ])
})
