// A replay of compactions leaves an editor with the same compactions, at the same places, as every piece of them would.

import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import type { JsonObject } from '../base/json.ts'
import { Compactions } from './compactions.ts'

const update = (compactionId: string, fields: JsonObject): JsonObject => ({
  sessionUpdate: 'compaction_update',
  compactionId,
  ...fields,
})
const chunk = (compactionId: string, text: string): JsonObject => ({
  sessionUpdate: 'compaction_summary_chunk',
  compactionId,
  content: { type: 'text', text },
})

/** What an editor has after `pieces`, in the order of its timeline: the rules of the schema. */
function timeline(pieces: readonly JsonObject[]): JsonObject[] {
  const known = new Map<unknown, JsonObject>()
  for (const { sessionUpdate, compactionId: id = null, content = null, ...fields } of pieces) {
    const before = known.get(id) ?? { id, status: 'in_progress', summary: [] }
    const summary = [...(before['summary'] as JsonObject[])]
    const patch = sessionUpdate === 'compaction_summary_chunk' ? { summary: [...summary, content] } : fields
    const after: JsonObject = { ...before, ...patch }
    known.set(id, { ...after, summary: after['summary'] ?? [], error: after['error'] ?? null })
  }
  return [...known.values()]
}

function replayed(pieces: readonly JsonObject[]): JsonObject[] {
  const compactions = new Compactions()
  return [...pieces.flatMap((piece) => compactions.replay(piece)), ...compactions.finish()]
}

test('C-75 a compaction is told where it began and as it ended', () => {
  const pieces = [
    update('a', { status: 'in_progress' }),
    chunk('a', 'so '),
    chunk('a', 'far'),
    update('b', { status: 'completed', summary: [] }),
    update('a', { status: 'completed' }),
  ]
  const summary = ['so ', 'far'].map((text) => ({ type: 'text', text }))
  expect(replayed(pieces)).toEqual([pieces[0], pieces[3], update('a', { status: 'completed', summary })])
})

test('C-75 one that goes on is told as it is when the replay is over, and none twice that has said no more', () => {
  const [begun, said] = [chunk('a', 'so '), chunk('a', 'far')]
  const summary = [begun['content'], said['content']]
  expect(replayed([begun, said])).toEqual([begun, { ...update('a', { status: 'in_progress' }), summary }])
  expect(replayed([begun])).toEqual([begun])
})

test('C-75 an editor has the same compactions at the same places as if it had heard every piece', () => {
  const id = fc.constantFrom('a', 'b', 'c')
  const text = fc.string({ maxLength: 3 })
  const fields = fc.record(
    {
      status: fc.constantFrom('in_progress', 'in_progress', 'completed', 'failed'),
      summary: fc.option(fc.constantFrom([], [{ type: 'text', text: 'new' }])),
      error: fc.option(text),
    },
    { requiredKeys: ['status'] },
  )
  const piece = fc.oneof(
    fc.tuple(id, fields).map(([of, each]) => update(of, each as JsonObject)),
    fc.tuple(id, text).map(([of, each]) => chunk(of, each)),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      expect(timeline(replayed(pieces))).toEqual(timeline(pieces))
    }),
    { numRuns: 2_000 },
  )
})
