// Archives, honest ones and others: what lands in the directory, and that nothing lands anywhere else.

import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { makeTar, makeZip } from '../../../test/_support/made-archives.ts'
import type { MadeEntry } from '../../../test/_support/made-archives.ts'
import { Place, UNPACK_LIMITS } from './place.ts'
import type { UnpackLimits } from './place.ts'
import { unpackTar } from './tar.ts'
import { unpackZip } from './zip.ts'

let base: string
let root: string
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'hf-unpack-'))
  root = join(base, 'root')
  mkdirSync(root)
})
afterEach(() => rmSync(base, { recursive: true }))

/** In odd portions, as a network gives them. */
const inPortions = (bytes: Buffer, size = 333): Readable =>
  Readable.from(
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size)),
  )
const tar = (bytes: Buffer, limits: UnpackLimits = UNPACK_LIMITS): Promise<void> =>
  unpackTar(inPortions(bytes), new Place(root, limits))
async function zip(bytes: Buffer, limits: UnpackLimits = UNPACK_LIMITS): Promise<void> {
  writeFileSync(join(base, 'a.zip'), bytes)
  await using handle = await open(join(base, 'a.zip'))
  await unpackZip(handle, new Place(root, limits))
}
const FORMATS = {
  tar: (entries: readonly MadeEntry[], limits?: UnpackLimits) => tar(makeTar(entries), limits),
  zip: (entries: readonly MadeEntry[], limits?: UnpackLimits) => zip(makeZip(entries), limits),
}

describe.each(Object.entries(FORMATS))('%s', (_, unpack) => {
  test('files, programs and links inside are laid, for their owner alone', async () => {
    await unpack([
      { name: './bin/run', content: 'program', mode: 0o755 },
      { name: 'share/text', content: 'x'.repeat(2_000) },
      { name: 'latest', type: '2', target: 'bin/run' },
      { name: 'early', type: '2', target: 'late' },
      { name: 'late', content: 'late' },
    ])
    expect(readdirSync(root).toSorted()).toEqual(['bin', 'early', 'late', 'latest', 'share'])
    expect(statSync(join(root, 'bin/run')).mode & 0o777).toBe(0o700)
    expect(statSync(join(root, 'share/text')).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(root, 'latest'), 'utf8')).toBe('program')
    expect(readFileSync(join(root, 'early'), 'utf8')).toBe('late')
  })

  test.each<[string, MadeEntry[], string]>([
    ['an absolute name', [{ name: '/tmp/hf-outside' }], 'leaves the directory'],
    ['a name with ..', [{ name: 'a/../../outside' }], 'leaves the directory'],
    ['a name with a backslash', [{ name: '..\\outside' }], 'name that cannot be used'],
    ['a link to an absolute path', [{ name: 'a', type: '2', target: '/etc' }], 'leaves the directory'],
    ['a link upwards', [{ name: 'a', type: '2', target: '../outside' }], 'leaves the directory'],
    ['a link to nothing', [{ name: 'a', type: '2', target: 'b' }], 'what is not in it'],
    ['a link to itself', [{ name: 'a', type: '2', target: 'a' }], 'leads nowhere'],
    [
      'a way out over two links',
      [
        { name: 'here', type: '2', target: '.' },
        { name: 'out', type: '2', target: 'here/../outside' },
      ],
      'what is not in it',
    ],
    ['one name twice', [{ name: 'a' }, { name: 'a' }], 'in it twice'],
    [
      'a file over a link',
      [
        { name: 'b', content: 'b' },
        { name: 'a', type: '2', target: 'b' },
        { name: 'a', content: 'over' },
      ],
      'in it twice',
    ],
  ])('%s is refused, and nothing is outside', async (_name, entries, message) => {
    await expect(unpack(entries)).rejects.toThrow(message)
    expect(readdirSync(base).filter((name) => name !== 'root' && name !== 'a.zip')).toEqual([])
  })

  test('a way out that exists is refused although its name looks harmless', async () => {
    mkdirSync(join(base, 'outside'))
    const entries: MadeEntry[] = [
      { name: 'here', type: '2', target: '.' },
      { name: 'out', type: '2', target: 'here/../outside' },
      { name: 'out/file', content: 'escaped' },
    ]
    await expect(unpack(entries)).rejects.toThrow('leaves the directory')
    expect(readdirSync(join(base, 'outside'))).toEqual([])
  })

  test('more bytes or entries than allowed are refused while they come', async () => {
    const bomb = [{ name: 'zeros', content: Buffer.alloc(3_000_000) }]
    await expect(unpack(bomb, { bytesMax: 1_000_000, entriesMax: 10 })).rejects.toThrow('more than is allowed')
    expect(statSync(join(root, 'zeros')).size).toBeLessThanOrEqual(1_000_000)
    const many = Array.from({ length: 11 }, (_item, i) => ({ name: `f${i}` }))
    await expect(unpack(many, { bytesMax: 1_000, entriesMax: 10 })).rejects.toThrow('too many entries')
  })
})

test('a tar of the system, with names longer than its header has room for, is laid as it was', async () => {
  const from = join(base, 'from')
  const long = join('a'.repeat(70), 'b'.repeat(70), 'c'.repeat(70))
  mkdirSync(join(from, long), { recursive: true })
  writeFileSync(join(from, long, 'file'), 'deep')
  symlinkSync(join(long, 'file'), join(from, 'link'))
  for (const format of ['gnu', 'pax', 'ustar'] as const) {
    rmSync(root, { recursive: true })
    mkdirSync(root)
    const skipped = format === 'ustar' ? ['--exclude', 'link'] : []
    const made = execFileSync('tar', ['-c', '--format', format, ...skipped, '-C', from, '.'])
    await tar(made)
    expect(readFileSync(join(root, long, 'file'), 'utf8')).toBe('deep')
    if (format !== 'ustar') expect(readFileSync(join(root, 'link'), 'utf8')).toBe('deep')
  }
})

test('a hard link is a link to a file of the archive, a device is refused', async () => {
  const file = { name: 'a', content: 'text' }
  await tar(makeTar([file, { name: 'b', type: '1', target: 'a' }]))
  expect(readFileSync(join(root, 'b'), 'utf8')).toBe('text')
  await expect(tar(makeTar([{ name: 'c', type: '1', target: '../a.zip' }]))).rejects.toThrow('leaves the directory')
  await expect(tar(makeTar([{ name: 'd', type: '3' }]))).rejects.toThrow('neither file, directory nor link')
})

test('damage is refused: a tar that is cut or changed, a zip whose sizes lie or that is cut', async () => {
  const whole = makeTar([{ name: 'a', content: 'x'.repeat(5_000) }])
  await expect(tar(whole.subarray(0, 2_000))).rejects.toThrow('damaged')
  const changed = Buffer.from(whole)
  changed[0] = 0x62
  await expect(tar(changed)).rejects.toThrow('damaged')
  await expect(zip(makeZip([{ name: 'b', content: 'x'.repeat(5_000) }], { bytes: 10 }))).rejects.toThrow('damaged')
  expect(statSync(join(root, 'b')).size).toBeLessThanOrEqual(10)
  await expect(zip(makeZip([{ name: 'c', content: 'c' }]).subarray(0, 40))).rejects.toThrow('damaged')
})
