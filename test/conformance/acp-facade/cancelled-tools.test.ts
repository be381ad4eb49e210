// What an editor sees of tool calls whose turn is cancelled. C-nn: docs/acp-client.md.

import { expect, test } from 'vitest'

import { FacadeEditor, openFacade } from '../../_support/facade-editor.ts'
import { TestSessions } from '../../_support/test-sessions.ts'
import { until } from '../../_support/until.ts'

test('C-46 tool calls that are under way are over at once, and what the agent says of them afterwards overrides that', async () => {
  await using at = await TestSessions.start({ cancelGraceMs: 2_000 })
  at.connector.onPrompt = () => {}
  using editor = await FacadeEditor.open(openFacade(at))
  const id = await editor.newSession()
  const answered = editor.prompt(id, 'go')
  await until(() => at.connector.agents[0]?.prompts.length === 1, { ms: 5_000, what: () => 'the agent has the prompt' })
  const agent = at.connector.agents[0]!
  const call = { sessionUpdate: 'tool_call', toolCallId: 'c', title: 'Build', status: 'in_progress' }
  agent.listener.update(JSON.stringify(call))
  const states = (): unknown[] => editor.updates(id).flatMap(({ toolCallId, status }) => (toolCallId ? [status] : []))
  await until(() => states().length === 1, { ms: 5_000, what: () => 'the call is shown' })
  editor.notify('session/cancel', { sessionId: id })
  await until(() => states().length === 2, { ms: 5_000, what: () => 'its end is shown' })
  agent.listener.update(JSON.stringify({ sessionUpdate: 'tool_call_update', toolCallId: 'c', status: 'completed' }))
  agent.listener.answered(agent.prompts[0]!, { kind: 'stopped', stopReason: 'cancelled', usage: undefined })
  expect((await answered).result?.['stopReason']).toBe('cancelled')
  expect(states()).toEqual(['in_progress', 'failed', 'completed'])
})
