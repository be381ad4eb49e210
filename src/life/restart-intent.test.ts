// The authorisation of a restart by signal: for one process, once, for a minute, and only as a plain file of its user.

import { chmodSync, existsSync, linkSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { intentPath, takeIntent, writeIntent } from './restart-intent.ts'

const SELF = { pid: 4711, start: '123', boot: 'b-1' }
const NOW = 1_000_000

function place() {
  const path = mkdtempSync(join(tmpdir(), 'holdfast-intent-'))
  return { path, file: intentPath(path), [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
}

test('one that was written for this process counts once, with its reason', () => {
  using dir = place()
  writeIntent(dir.path, SELF, { reason: 'new version', now: NOW })
  expect(statSync(dir.file).mode & 0o777).toBe(0o600)
  expect(takeIntent(dir.path, SELF, NOW + 59_000)).toEqual({ kind: 'valid', reason: 'new version' })
  expect(takeIntent(dir.path, SELF, NOW)).toEqual({ kind: 'absent' })
})

test.each([
  ['for another pid', { ...SELF, pid: 1 }, NOW],
  ['for an earlier process with this pid', { ...SELF, start: '7' }, NOW],
  ['of another boot', { ...SELF, boot: 'b-0' }, NOW],
  ['older than a minute', SELF, NOW - 60_001],
  ['of the future', SELF, NOW + 60_001],
] as const)('one %s is void, and is removed all the same', (_, to, now) => {
  using dir = place()
  writeIntent(dir.path, to, { reason: '', now })
  expect(takeIntent(dir.path, SELF, NOW)).toMatchObject({ kind: 'void' })
  expect(existsSync(dir.file)).toBe(false)
})

const TEXT = JSON.stringify({ ...SELF, at: NOW, reason: '' })

test.each<[string, (dir: { path: string; file: string }) => void]>([
  [
    'a symbolic link',
    ({ path, file }) => {
      writeFileSync(join(path, 'real'), TEXT, { mode: 0o600 })
      symlinkSync(join(path, 'real'), file)
    },
  ],
  [
    'a file with a second name',
    ({ path, file }) => {
      writeFileSync(file, TEXT, { mode: 0o600 })
      linkSync(file, join(path, 'second'))
    },
  ],
  [
    'a file that others can read',
    ({ file }) => {
      writeFileSync(file, TEXT)
      chmodSync(file, 0o644)
    },
  ],
  ['a file of more than a kibibyte', ({ file }) => writeFileSync(file, TEXT + ' '.repeat(1_025), { mode: 0o600 })],
  ['a file that is no JSON', ({ file }) => writeFileSync(file, '{', { mode: 0o600 })],
  ['a file without a time', ({ file }) => writeFileSync(file, JSON.stringify(SELF), { mode: 0o600 })],
])('%s is void', (_, plant) => {
  using dir = place()
  plant(dir)
  expect(takeIntent(dir.path, SELF, NOW)).toMatchObject({ kind: 'void' })
  expect(existsSync(dir.file)).toBe(false)
})
