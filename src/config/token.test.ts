// Row 133 of the fault battery: who may have read or placed the token file.

import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { manualClock } from '../../test/_support/manual-clock.ts'
import { ensureToken, readToken } from './token.ts'
import { watchToken } from './token-watch.ts'

let dir: string
let path: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'hf-token-'))
  path = join(dir, 'token')
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const GOOD = 'A'.repeat(43)

function write(text = GOOD, mode = 0o600): void {
  writeFileSync(path, text)
  chmodSync(path, mode)
}

test('the first run makes 256 random bits for the user only; later runs read the same', () => {
  const token = ensureToken(path)
  expect(Buffer.from(token, 'base64url')).toHaveLength(32)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect([ensureToken(path), readToken(path)]).toEqual([token, token])
  expect(readdirSync(dir)).toEqual(['token'])
  rmSync(path)
  expect(ensureToken(path)).not.toBe(token)
})

describe('133: refused, and left as it is', () => {
  const REASON: Readonly<Record<string, [() => void, string]>> = {
    'mode 0644': [() => write(GOOD, 0o644), 'its mode is 0644'],
    'mode 0620': [() => write(GOOD, 0o620), 'its mode is 0620'],
    'a symbolic link': [
      () => {
        writeFileSync(join(dir, 'real'), GOOD, { mode: 0o600 })
        symlinkSync(join(dir, 'real'), path)
      },
      'it is a symbolic link',
    ],
    'a link to nothing': [() => symlinkSync(join(dir, 'nothing'), path), 'it is a symbolic link'],
    'a directory': [() => mkdirSync(path, { mode: 0o700 }), 'it is not a file'],
    'a pipe': [() => execFileSync('mkfifo', ['-m', '600', path]), 'it is not a file'],
    'an empty file': [() => write(''), 'it holds no token of 256 bits'],
    'a short token': [() => write('A'.repeat(42)), 'it holds no token of 256 bits'],
    'two lines': [() => write(`${GOOD}\n${GOOD}`), 'it holds no token of 256 bits'],
    'a large file': [() => write('A'.repeat(2_000)), 'it is too large'],
  }

  test.each(Object.keys(REASON))('%s', (name) => {
    const [make, reason] = REASON[name] ?? []
    make?.()
    for (const use of [ensureToken, readToken]) {
      expect(() => use(path)).toThrow(expect.objectContaining({ code: 'TOKEN_FILE_UNSAFE', details: { path, reason } }))
    }
  })

  test.runIf(process.getuid?.() === 0)('another owner', () => {
    write()
    chownSync(path, 65534, 65534)
    expect(() => readToken(path)).toThrow('another user owns it')
  })

  test('a missing file, where none is to be made', () => {
    expect(() => readToken(path)).toThrow('it does not exist')
  })
})

test('a second name for the file of the user is no harm', () => {
  write()
  linkSync(path, join(dir, 'second'))
  expect(readToken(path)).toBe(GOOD)
})

describe('a token that is watched', () => {
  test('is dead within a second after it was replaced, rewritten, made readable or removed', () => {
    const clock = manualClock()
    write()
    using watch = watchToken(path, clock)
    const rotations: (string | undefined)[] = []
    using _listening = watch.onRotated(() => rotations.push(watch.digest()?.toString('hex').slice(0, 6)))
    const first = watch.digest()
    clock.advance(5_000)
    expect([watch.digest(), rotations]).toEqual([first, []])
    write('B'.repeat(43))
    clock.advance(1_000)
    expect(watch.digest()).not.toEqual(first)
    chmodSync(path, 0o644)
    clock.advance(1_000)
    expect(watch.digest()).toBeUndefined()
    write(GOOD)
    clock.advance(1_000)
    expect(watch.digest()).toEqual(first)
    rmSync(path)
    clock.advance(1_000)
    expect(watch.digest()).toBeUndefined()
    expect(rotations).toEqual([expect.any(String), undefined, first?.toString('hex').slice(0, 6), undefined])
  })

  test('does not tell of a file that was touched only', () => {
    const clock = manualClock()
    write()
    using watch = watchToken(path, clock)
    let told = 0
    using _listening = watch.onRotated(() => (told += 1))
    write()
    clock.advance(1_000)
    expect(told).toBe(0)
  })

  test('keeps no timer when it is disposed', () => {
    const clock = manualClock()
    write()
    watchToken(path, clock)[Symbol.dispose]()
    expect(clock.waiting()).toBe(0)
  })

  test('must be safe at the start', () => {
    expect(() => watchToken(path, manualClock())).toThrow('it does not exist')
  })
})
