// Where a conversation may be cut.

import type { AssistantMessage, ToolResultMessage, UserMessage } from '@earendil-works/pi-ai'
import { expect, test } from 'vitest'

import type { Message, Said } from '../session/entries.ts'
import { findCut, inParts } from './cut.ts'

/** `u` a prompt, `a` an answer, `r` a result of a call, `s` a summary; ten tokens each. */
function conversation(kinds: string): Said[] {
  return kinds.split('').map((kind, n) => ({ seq: n + 1, messageId: `m${n}`, message: messageOf(kind) }))
}

function messageOf(kind: string): Message {
  if (kind === 's') return { role: 'compactionSummary', summary: 'before', tokensBefore: 0, timestamp: 0 }
  if (kind === 'u') return { role: 'user', content: 'x', timestamp: 0 } satisfies UserMessage
  if (kind === 'r') return { role: 'toolResult' } as unknown as ToolResultMessage
  return { role: 'assistant', content: [] } as unknown as AssistantMessage
}

const ten = (): number => 10

test.each([
  ['uauaua', 20, 'uaua', 5],
  ['uauaua', 0, 'uauaua', 7],
  ['uararua', 30, 'uarar', 6],
  ['uarrrr', 20, 'uarrrr', 7],
  ['suaua', 20, 'ua', 4],
  ['uau', 0, 'ua', 3],
])('%s, keeping %i tokens: %s is summarised, kept from %i', (kinds, keep, older, keepFromSeq) => {
  const cut = findCut(conversation(kinds), keep, ten)
  expect(cut?.older).toHaveLength(older.length)
  expect(cut?.keepFromSeq).toBe(keepFromSeq)
  expect(cut?.earlierSummary).toBe(kinds.startsWith('s') ? 'before' : undefined)
})

test('a prompt that has no answer yet is never summarised', () => {
  expect(findCut(conversation('u'), 0, ten)).toBeUndefined()
  expect(findCut(conversation('su'), 0, ten)).toBeUndefined()
})

test.each(['', 's', 'ua'])('of %j there is nothing to summarise when all of it is kept', (kinds) => {
  expect(findCut(conversation(kinds), 1_000, ten)).toBeUndefined()
})

test('parts hold what fits, in order, and a message that is too long is a part of its own', () => {
  const sizes = [10, 10, 50, 10]
  const said = conversation('uaua')
  const estimate = (message: Message): number => sizes[said.findIndex((one) => one.message === message)]!
  expect(inParts(said, 20, estimate).map((part) => part.map(({ seq }) => seq))).toEqual([[1, 2], [3], [4]])
})
