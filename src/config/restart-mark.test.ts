import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { RESTART_MARK_MS, clearRestartMark, isRestartMarked, markRestart } from './restart-mark.ts'

test('a mark holds until it is cleared or its time is over, and never longer than that after a clock was set', () => {
  const dir = mkdtempSync(join(tmpdir(), 'hf-mark-'))
  using _gone = { [Symbol.dispose]: () => rmSync(dir, { recursive: true }) }
  const now = 1_000_000
  expect(isRestartMarked(dir, now)).toBe(false)
  markRestart(dir, now)
  const times = [now, now + RESTART_MARK_MS - 1, now + RESTART_MARK_MS, now - 1]
  expect(times.map((at) => isRestartMarked(dir, at))).toEqual([true, true, false, false])
  writeFileSync(join(dir, 'restarting'), 'tomorrow')
  expect(isRestartMarked(dir, now)).toBe(false)
  clearRestartMark(dir)
  clearRestartMark(dir)
  expect(isRestartMarked(dir, now)).toBe(false)
})
