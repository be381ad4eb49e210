// Pieces of a tool call, put together.

import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import type { JsonObject } from '../base/json.ts'
import { patchToolCall } from './tool-call.ts'

test('C-70 a piece changes only what it gives, null gives nothing, and lists are replaced', () => {
  const call = { toolCallId: 't', title: 'Edit', status: 'pending', content: [{ a: 1 }, { b: 2 }], rawInput: { x: 1 } }
  const piece = { toolCallId: 't', title: null, status: 'completed', content: [{ c: 3 }] }
  expect(patchToolCall(call, piece)).toEqual({ ...call, status: 'completed', content: [{ c: 3 }] })
})

test('C-70 in any batches, the pieces of a call give the same call', () => {
  const piece = fc.dictionary(
    fc.constantFrom('title', 'status', 'kind', 'content', '_meta'),
    fc.oneof(fc.constant(null), fc.string(), fc.array(fc.integer()), fc.record({ a: fc.integer() })),
  ) as fc.Arbitrary<JsonObject>
  const fold = (pieces: readonly JsonObject[]): JsonObject => pieces.reduce(patchToolCall, {})
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 10 }), fc.array(fc.nat(10), { maxLength: 4 }), (pieces, cuts) => {
      const at = [0, ...cuts.map((cut) => Math.min(cut, pieces.length)).toSorted((a, b) => a - b), pieces.length]
      const batches = at.slice(1).map((end, i) => fold(pieces.slice(at[i], end)))
      expect(fold(batches)).toEqual(fold(pieces))
    }),
    { numRuns: 1_000 },
  )
})
