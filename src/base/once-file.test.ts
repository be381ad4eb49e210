import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

import { leaveOnceFile, takeBackOnceFile, takeOnceFile } from './once-file.ts'

let dir: string
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'hf-once-'))))
afterEach(() => rmSync(dir, { recursive: true, force: true }))

test('it is for its user alone, is read once, and cannot be taken back after that', () => {
  const path = join(dir, 'orders')
  leaveOnceFile(path, 'text')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(() => leaveOnceFile(path, 'other')).toThrow(/EEXIST/)
  expect(takeOnceFile(path)).toBe('text')
  expect(() => takeOnceFile(path)).toThrow(/ENOENT/)
  expect(takeBackOnceFile(path)).toBe(false)
})

test('what was taken back is not read by anybody', () => {
  const path = join(dir, 'orders')
  leaveOnceFile(path, 'text')
  expect(takeBackOnceFile(path)).toBe(true)
  expect(() => takeOnceFile(path)).toThrow(/ENOENT/)
})

test('a file that others could have written is refused and removed; a link is not followed', () => {
  const path = join(dir, 'orders')
  writeFileSync(path, 'text')
  chmodSync(path, 0o620)
  expect(() => takeOnceFile(path)).toThrow(expect.objectContaining({ code: 'STATE_DIR_UNSAFE' }))
  expect(existsSync(path)).toBe(false)
  writeFileSync(join(dir, 'target'), 'text', { mode: 0o600 })
  symlinkSync(join(dir, 'target'), path)
  expect(() => takeOnceFile(path)).toThrow(/ELOOP/)
  expect(existsSync(join(dir, 'target'))).toBe(true)
})
