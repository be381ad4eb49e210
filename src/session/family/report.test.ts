// What of an agent's words a task keeps.

import { expect, test } from 'vitest'

import type { TurnId } from '../../base/ids.ts'
import { PROGRESS_CHARS_MAX, SUMMARY_CHARS_MAX, goOnWith, hear, newReport } from './report.ts'
import type { TaskReport } from './report.ts'

const EMPTY = newReport('turn_1' as TurnId)

const chunk = (text: string, sessionUpdate = 'agent_message_chunk'): string =>
  JSON.stringify({ sessionUpdate, content: { type: 'text', text } })

const heard = (...updates: string[]): TaskReport => updates.reduce((report, update) => hear(report, update), EMPTY)

test('chunks are joined as they come, without invented spaces', () => {
  expect(heard(chunk('fo'), chunk('ur tes'), chunk('ts pass'))).toMatchObject({
    progress: 'four tests pass',
    words: 'four tests pass',
  })
})

test('thoughts, images and the words of the user are left out', () => {
  const image = JSON.stringify({ sessionUpdate: 'agent_message_chunk', content: { type: 'image', data: 'x' } })
  const others = [
    chunk('secret', 'agent_thought_chunk'),
    chunk('mine', 'user_message_chunk'),
    image,
    '[]',
    '"text"',
    'null',
  ]
  expect(heard(...others)).toEqual(EMPTY)
})

test('the last words are those after the last tool call, the progress goes on', () => {
  const call = JSON.stringify({ sessionUpdate: 'tool_call', toolCallId: 'c', title: 'ls' })
  expect(heard(chunk('I look. '), call, chunk('Done.'))).toMatchObject({ progress: 'I look. Done.', words: 'Done.' })
})

test('progress keeps the end, the last words their beginning, each within its limit', () => {
  const { progress, words } = heard(chunk(`a${'x'.repeat(5_000)}z`))
  expect([progress.length, progress[0], progress.at(-1)]).toEqual([PROGRESS_CHARS_MAX, '…', 'z'])
  expect([words.length, words[0], words.at(-1)]).toEqual([SUMMARY_CHARS_MAX, 'a', '…'])
  expect(heard(chunk('a'.repeat(SUMMARY_CHARS_MAX)), chunk('late')).words.endsWith('a…')).toBe(true)
})

test('no half character is kept where text is cut', () => {
  const { progress, words } = heard(chunk('😀'.repeat(2_000)))
  expect([progress.isWellFormed(), words.isWellFormed()]).toEqual([true, true])
})

test('a report of an earlier life goes on behind a mark', () => {
  expect(hear(goOnWith(EMPTY, 'before '), chunk('after'))).toMatchObject({ progress: 'before …after', words: '…after' })
  expect(goOnWith(EMPTY, '')).toEqual(EMPTY)
})
