// What an editor of v1 is shown of values that only v2 has. F-nn: docs/acp-facade.md.

import { expect, test } from 'vitest'

import type { JsonObject } from '../base/json.ts'
import { editorUpdate } from './editor-update.ts'

const SHOWS = { notices: false, compaction: false, booleans: true }

test('F-53 an entry of a plan that v2 has cancelled is left out, and the rest of the plan is shown', () => {
  const entry = { content: 'a', priority: 'high', status: 'pending' }
  const plan = (...entries: JsonObject[]): JsonObject => ({ sessionUpdate: 'plan', entries, _meta: { id: 'p' } })
  expect(editorUpdate(plan(entry, { ...entry, status: 'cancelled' }), SHOWS)).toEqual(plan(entry))
  expect(editorUpdate(plan(entry), SHOWS)).toEqual(plan(entry))
})

test('F-53 F-56 a status that v1 lacks becomes one that it has; a state of v2 is not shown', () => {
  const call = { sessionUpdate: 'tool_call_update', toolCallId: 't' }
  expect(editorUpdate({ ...call, status: 'cancelled' }, SHOWS)).toEqual({ ...call, status: 'failed' })
  expect(editorUpdate({ ...call, status: 'paused' }, SHOWS)).toEqual({ ...call, status: 'in_progress' })
  expect(editorUpdate({ sessionUpdate: 'state_update', state: 'running' }, SHOWS)).toBeUndefined()
})
