import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

import { ensurePrivateDirectory } from './private-directory.ts'

let dir: string
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'hf-dir-'))))
afterEach(() => rmSync(dir, { recursive: true, force: true }))

test('a missing directory is made for the user only, with its parents; one that is ours is left alone', () => {
  const path = join(dir, 'a', 'b')
  ensurePrivateDirectory(path)
  ensurePrivateDirectory(path)
  for (const made of [path, join(dir, 'a')]) expect(statSync(made).mode & 0o777).toBe(0o700)
})

test('a path below a file, or where nothing can be made, is refused at once', () => {
  writeFileSync(join(dir, 'file'), '')
  for (const path of [join(dir, 'file', 'below'), '/proc/nothing/here']) {
    expect(() => ensurePrivateDirectory(path)).toThrow(expect.objectContaining({ code: 'STATE_DIR_UNSAFE' }))
  }
})

test.each([
  ['a wider mode', (path: string) => (mkdirSync(path), chmodSync(path, 0o750)), 'its mode is 0750'],
  [
    'a link',
    (path: string) => (mkdirSync(`${path}.real`, { mode: 0o700 }), symlinkSync(`${path}.real`, path)),
    'it is not a directory itself',
  ],
  ['a file', (path: string) => writeFileSync(path, ''), 'it is not a directory itself'],
])('%s is refused', (_, make, reason) => {
  const path = join(dir, 'x')
  make(path)
  expect(() => ensurePrivateDirectory(path)).toThrow(
    expect.objectContaining({ code: 'STATE_DIR_UNSAFE', details: { path, reason } }),
  )
})
