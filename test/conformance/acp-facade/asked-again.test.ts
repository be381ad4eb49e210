// Permission requests that one editor is asked more than once, and the ids that they have.

import { afterAll, expect, test } from 'vitest'

import { FacadeEditor, openFacade } from '../../_support/facade-editor.ts'
import { asksFirst } from '../../_support/test-cli-gateway.ts'
import { TestSessions } from '../../_support/test-sessions.ts'

const at = await TestSessions.start()
const facade = openFacade(at)
afterAll(() => at[Symbol.asyncDispose]())

const open = (): Promise<FacadeEditor> => FacadeEditor.open(facade)

const CALL = { toolCallId: 't1', title: 'Delete it', kind: 'delete', status: 'pending' }

test('an editor that loads a session again while it is asked is asked again, and the old request is cancelled', async () => {
  at.connector.onPrompt = asksFirst(CALL)
  using editor = await open()
  const id = await editor.newSession()
  const answered = editor.prompt(id, 'delete')
  const before = await editor.asked()
  await editor.ask('session/load', { sessionId: id, cwd: '/tmp', mcpServers: [] })
  const after = await editor.asked(2)
  expect(editor.messages('$/cancel_request').map(({ params }) => params)).toContainEqual({ requestId: before['id'] })
  editor.choose(after, 'once')
  expect((await answered).result?.['stopReason']).toBe('end_turn')
})

test('the id of a request is used again once it was answered, so that nothing is kept of what is over', async () => {
  at.connector.onPrompt = asksFirst(CALL)
  using editor = await open()
  const id = await editor.newSession()
  const answered = editor.prompt(id, 'delete')
  const first = await editor.asked()
  editor.choose(first, 'none of these')
  await editor.ask('session/load', { sessionId: id, cwd: '/tmp', mcpServers: [] })
  const again = await editor.asked(2)
  expect(again['id']).toBe(first['id'])
  editor.choose(again, 'once')
  expect((await answered).result?.['stopReason']).toBe('end_turn')
})
