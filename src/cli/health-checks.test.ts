// What people read about crashes and safe mode, word for word.

import { expect, test } from 'vitest'

import type { CrashView, StatusView } from '../wire/gateway.ts'
import { checkCrash, checkHealth, livesText, safeModeText } from './health-checks.ts'

const NOW = Date.parse('2026-01-02T12:00:00.000Z')
const CRASH: CrashView = {
  epoch: 4,
  pid: 42,
  version: '1.2.3',
  started_at: '2026-01-02T09:00:00.000Z',
  ended_at: '2026-01-02T11:55:00.000Z',
  how: 'killed',
  reason: 'nothing here says why',
  turns_taken_over: 2,
  turns_interrupted: 0,
}
const SAFE_MODE = { since: '2026-01-02T11:58:00.000Z', ends_at: '2026-01-02T12:03:00.000Z', crashes: 3 }

function status(parts: Partial<StatusView>): StatusView {
  return { safe_mode: null, lives: { known: 12, crashed: 3 }, last_crash: null, ...parts } as StatusView
}

test('a crash is told in two lines: when, who and why; what became of its turns', () => {
  expect(checkCrash(CRASH, NOW)).toEqual([
    {
      name: 'last crash',
      result: 'warn',
      detail:
        'ended without a word, found 5m ago (2026-01-02T11:55:00.000Z, version 1.2.3, pid 42, up 2h): nothing here says why',
    },
    { name: 'turns of it', result: 'ok', detail: '2 taken over by the next life, 0 interrupted' },
  ])
})

test('turns that were cut are a warning, none is none, and before the next life has looked nothing is said of them', () => {
  expect(checkCrash({ ...CRASH, turns_interrupted: 1 }, NOW)[1]).toMatchObject({ result: 'warn' })
  expect(checkCrash({ ...CRASH, turns_taken_over: 0 }, NOW)[1]).toMatchObject({ detail: 'none was running' })
  expect(checkCrash({ ...CRASH, turns_taken_over: null, turns_interrupted: null }, NOW)).toHaveLength(1)
})

test('a crash is news for a day, and a gateway without one says so', () => {
  expect(checkCrash(CRASH, NOW + 2 * 86_400_000)[0]).toMatchObject({ result: 'ok' })
  expect(checkHealth(status({}), NOW)).toEqual([
    { name: 'last crash', result: 'ok', detail: 'none in the last 12 lives' },
  ])
})

test('safe mode is said with the command that ends it', () => {
  expect(safeModeText(SAFE_MODE, NOW)).toBe('on since 2m, ends in 3m or with: holdfast safe-mode off')
  const [first] = checkHealth(status({ safe_mode: SAFE_MODE, last_crash: CRASH }), NOW)
  expect(first).toMatchObject({ name: 'safe mode', result: 'warn' })
  expect(first?.detail).toContain('3 crashes in a row')
})

test('the lives of a gateway are one line of its status', () => {
  expect(livesText(status({}), NOW)).toBe('12 known, none ended unasked')
  expect(livesText(status({ last_crash: CRASH }), NOW)).toBe(
    '12 known, 3 ended unasked; the last ended without a word, found 5m ago',
  )
})
