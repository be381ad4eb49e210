// Requests of editors that overtake each other, and editors that go in the middle of one: nothing stays unanswered, nothing is left.

import { afterAll, expect, test } from 'vitest'

import { deadline } from '../../../src/base/deadline.ts'
import type { EventLog } from '../../../src/events/event-log.ts'
import type { JsonObject } from '../../../src/base/json.ts'
import { FacadeEditor, openFacade } from '../../_support/facade-editor.ts'
import type { Reply } from '../../_support/facade-editor.ts'
import { says } from '../../_support/test-cli-gateway.ts'
import { TestSessions } from '../../_support/test-sessions.ts'
import { until } from '../../_support/until.ts'

const at = await TestSessions.start()
const facade = openFacade(at)
afterAll(() => at[Symbol.asyncDispose]())

at.connector.onPrompt = (agent, turnId) => {
  for (const text of ['hello', ' you']) agent.listener.update(says(text))
  agent.listener.answered(turnId, { kind: 'stopped', stopReason: 'end_turn', usage: undefined })
}

/** Streams of the log that were opened, and those that still are. */
const streams = { opened: 0, open: 0 }
const events = at.events as { subscribe: EventLog['subscribe'] }
const subscribe = events.subscribe.bind(events)
events.subscribe = (...args) => {
  const stream = subscribe(...args)
  streams.opened += 1
  streams.open += 1
  let isOpen = true
  const dispose = (): void => {
    if (isOpen) streams.open -= 1
    isOpen = false
    stream[Symbol.dispose]()
  }
  return { [Symbol.asyncIterator]: () => stream[Symbol.asyncIterator](), [Symbol.dispose]: dispose } as typeof stream
}

const open = (): Promise<FacadeEditor> => FacadeEditor.open(facade)
const soon = <T>(promise: Promise<T>): Promise<T> => deadline(promise, { ms: 2_000, stage: 'answer' })

test.each(['session/load', 'session/resume'])(
  'a prompt that is followed by a %s of its session is answered',
  async (method) => {
    using editor = await open()
    const id = await editor.newSession()
    const answered = editor.prompt(id, 'one')
    const opened = editor.ask(method, { sessionId: id, cwd: '/tmp', mcpServers: [] })
    expect(await soon(opened)).toMatchObject({ result: {} })
    expect(await soon(answered)).toMatchObject({ result: { stopReason: 'end_turn' } })
  },
)

test('an editor that is slow and resumes its session gets what was on its way, once, and its answer', async () => {
  using editor = await open()
  const id = await editor.newSession()
  const room = Promise.withResolvers<void>()
  let isFull = true
  // In the middle of what the log has as one batch.
  const full = (): Promise<void> | undefined => (isFull && editor.text(id) !== '' ? room.promise : undefined)
  Object.defineProperty(editor, 'full', { get: full })
  const answered = editor.prompt(id, 'one')
  const { session } = await at.service.get(id)
  const isOver = async (): Promise<boolean> => (await at.history(session.no)).includes('turn.ended:completed')
  await until(isOver, { ms: 2_000, what: () => 'the turn goes on' })
  await until(() => editor.text(id) === 'hello', { ms: 2_000, what: () => 'nothing is told' })
  const resumed = editor.ask('session/resume', { sessionId: id, cwd: '/tmp', mcpServers: [] })
  expect(await soon(resumed)).toMatchObject({ result: {} })
  isFull = false
  room.resolve()
  expect(await soon(answered)).toMatchObject({ result: { stopReason: 'end_turn' } })
  expect(editor.text(id)).toBe('hello you')
})

test('a load that replaces another one in its middle ends it', async () => {
  using editor = await open()
  const id = await editor.newSession()
  await editor.prompt(id, 'one')
  editor.heard.length = 0
  const room = Promise.withResolvers<void>()
  let isFull = true
  const full = (): Promise<void> | undefined => (isFull && editor.updates(id).length > 0 ? room.promise : undefined)
  Object.defineProperty(editor, 'full', { get: full })
  const load = (): Promise<Reply> => editor.ask('session/load', { sessionId: id, cwd: '/tmp', mcpServers: [] })
  const loads = [load()]
  await until(() => editor.updates(id).length > 0, { ms: 2_000, what: () => 'nothing is told' })
  const { opened } = streams
  loads.push(load())
  await until(() => streams.opened > opened, { ms: 2_000, what: () => 'the second is not opened' })
  isFull = false
  room.resolve()
  expect(await soon(Promise.all(loads))).toMatchObject([{ result: {} }, { result: {} }])
  expect(editor.text(id)).toBe('hello you')
})

test('prompts to a session that the editor has not opened open it once', async () => {
  using first = await open()
  const id = await first.newSession()
  const before = streams.open
  {
    using editor = await open()
    const all = [editor.prompt(id, 'one'), editor.prompt(id, 'two')]
    expect(await soon(Promise.all(all))).toMatchObject([{ result: {} }, { result: {} }])
    expect(streams.open).toBe(before + 1)
    expect(editor.text(id)).toBe('hello youhello you')
  }
  expect(streams.open).toBe(before)
})

test.each<[string, (id: string) => [string, JsonObject]]>([
  ['makes a session', () => ['session/new', { cwd: '/tmp', mcpServers: [] }]],
  ['loads one', (id) => ['session/load', { sessionId: id, cwd: '/tmp', mcpServers: [] }]],
  ['prompts one', (id) => ['session/prompt', { sessionId: id, prompt: [{ type: 'text', text: 'x' }] }]],
])('an editor that %s and goes leaves nothing open', async (_, request) => {
  using first = await open()
  const id = await first.newSession()
  const before = { ...streams }
  const editor = await open()
  void editor.ask(...request(id))
  editor[Symbol.dispose]()
  await until(() => streams.opened > before.opened, { ms: 2_000, what: () => 'it is not opened' })
  expect(streams.open).toBe(before.open)
})
