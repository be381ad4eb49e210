// Extension methods between editors and the agents of their sessions.

import { afterAll, expect, test } from 'vitest'

import { HoldfastError } from '../../../src/base/errors.ts'
import { FacadeEditor, openFacade } from '../../_support/facade-editor.ts'
import { TestSessions } from '../../_support/test-sessions.ts'
import { until } from '../../_support/until.ts'

const at = await TestSessions.start()
const facade = openFacade(at)
afterAll(() => at[Symbol.asyncDispose]())

test('a question about a session is asked of its agent; without a living one it is refused with the reason', async () => {
  using editor = await FacadeEditor.open(facade)
  const id = await editor.newSession()
  const asleep = await editor.ask('_vendor/ask', { sessionId: id, x: 1 })
  expect(asleep.error).toMatchObject({ code: -32603, data: { code: 'AGENT_NOT_RUNNING', retryable: true } })
  await editor.prompt(id, 'hi')
  at.connector.onExtension = ({ method, params }) => Promise.resolve({ method, params })
  const { result } = await editor.ask('_vendor/ask', { sessionId: id, x: 1 })
  expect(result).toEqual({ method: '_vendor/ask', params: { sessionId: id, x: 1 } })
  const raw = { code: -32_050, message: 'no such thing', data: { why: 'x' } }
  at.connector.onExtension = () => Promise.reject(new HoldfastError('AGENT_ERROR', { agent: 'fake', reason: 'x', raw }))
  expect((await editor.ask('_vendor/other', { sessionId: id })).error).toEqual(raw)
})

test('F-08 what is about no session of ours is -32601, and no agent is asked', async () => {
  using editor = await FacadeEditor.open(facade)
  at.connector.onExtension = () => Promise.reject(new Error('nobody is to be asked'))
  for (const params of [{}, { sessionId: 'x' }, { sessionId: 1 }])
    expect((await editor.ask('_vendor/ask', params)).error?.code).toBe(-32601)
  const unknown = await editor.ask('_vendor/ask', { sessionId: `ses_${'0'.repeat(26)}` })
  expect(unknown.error?.code).toBe(-32002)
})

test('what an agent notifies of is an event, and is told live to every editor that has the session open, not as history', async () => {
  using editor = await FacadeEditor.open(facade)
  const id = await editor.newSession()
  using other = await FacadeEditor.open(facade)
  await other.ask('session/resume', { sessionId: id, cwd: '/tmp' })
  await editor.prompt(id, 'hi')
  at.connector.agents.at(-1)!.listener.extension('{"method":"_vendor/note","params":{"a":1,"_meta":{"n":1.0}}}')
  const heard = (one: FacadeEditor) => one.messages('_vendor/note').map(({ params }) => params)
  await until(() => heard(editor).length + heard(other).length === 2, { ms: 5_000, what: () => 'both have heard it' })
  expect(heard(editor)).toEqual([{ sessionId: id, a: 1, _meta: { n: 1 } }])
  const { session } = await at.service.get(id)
  expect(await at.history(session.no)).toContain('agent.extension')
  await other.ask('session/load', { sessionId: id, cwd: '/tmp', mcpServers: [] })
  expect(heard(other)).toHaveLength(1)
})
