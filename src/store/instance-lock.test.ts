import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { acquireInstanceLock, readOwner } from './instance-lock.ts'
import { ensurePrivateFile, openStateDir } from './state-dir.ts'

const OWNER = { pid: 42, start: '777', boot: 'boot-1', version: '0.1.0', since: 1_790_000_000_000 }

describe('the instance lock', () => {
  test('is held by one and says who', async () => {
    using place = makePlace()
    using _lock = await acquireInstanceLock(place.lockFile, OWNER, { waitMs: 0 })
    for (let i = 0; i < 3; i++) {
      const second = acquireInstanceLock(place.lockFile, { ...OWNER, pid: 43 }, { waitMs: 0 })
      await expect(second).rejects.toMatchObject({
        code: 'INSTANCE_LOCKED',
        details: { stateDir: place.path, pid: 42, since: '2026-09-21T14:13:20.000Z' },
      })
    }
    expect(readOwner(place.lockFile)).toEqual(OWNER)
  })

  test('can be taken after its release, and names the new holder', async () => {
    using place = makePlace()
    const first = await acquireInstanceLock(place.lockFile, OWNER, { waitMs: 0 })
    first[Symbol.dispose]()
    first[Symbol.dispose]()
    using _second = await acquireInstanceLock(place.lockFile, { ...OWNER, pid: 43 }, { waitMs: 0 })
    expect(readOwner(place.lockFile)).toMatchObject({ pid: 43 })
  })

  test('is waited for as long as asked', async () => {
    using place = makePlace()
    const first = await acquireInstanceLock(place.lockFile, OWNER, { waitMs: 0 })
    const before = performance.now()
    await expect(acquireInstanceLock(place.lockFile, OWNER, { waitMs: 120 })).rejects.toMatchObject({
      code: 'INSTANCE_LOCKED',
    })
    expect(performance.now() - before).toBeGreaterThanOrEqual(120)
    const second = acquireInstanceLock(place.lockFile, OWNER, { waitMs: 10_000 })
    first[Symbol.dispose]()
    using _held = await second
  })

  test('is not waited for after an abort', async () => {
    using place = makePlace()
    using _first = await acquireInstanceLock(place.lockFile, OWNER, { waitMs: 0 })
    const abort = new AbortController()
    const second = acquireInstanceLock(place.lockFile, OWNER, { waitMs: 10_000, signal: abort.signal })
    abort.abort()
    await expect(second).rejects.toMatchObject({ code: 'CANCELLED' })
  })

  test('of twelve at once one wins', async () => {
    using place = makePlace()
    const tries = Array.from({ length: 12 }, () => acquireInstanceLock(place.lockFile, OWNER, { waitMs: 0 }))
    const won = (await Promise.allSettled(tries)).flatMap((result) =>
      result.status === 'fulfilled' ? [result.value] : [],
    )
    expect(won).toHaveLength(1)
    won[0]![Symbol.dispose]()
  })

  test('a file that is no lock file is unusable', async () => {
    using place = makePlace()
    writeFileSync(place.lockFile, 'something else '.repeat(500), { mode: 0o600 })
    const lock = acquireInstanceLock(place.lockFile, OWNER, { waitMs: 0 })
    await expect(lock).rejects.toMatchObject({ code: 'STORE_UNUSABLE' })
  })
})

describe('the state directory', () => {
  test('is made with mode 0700, parents too', () => {
    using place = makePlace()
    const dir = openStateDir(join(place.path, 'a', 'b'))
    expect([dir.path, join(place.path, 'a')].map(mode)).toEqual([0o700, 0o700])
    expect(dir.storeFile).toBe(join(dir.path, 'holdfast.db'))
  })

  test('that others may enter is refused as it is (D 83)', () => {
    using place = makePlace()
    chmodSync(place.path, 0o755)
    expect(() => openStateDir(place.path)).toThrow(expect.objectContaining({ code: 'STATE_DIR_UNSAFE' }))
    expect(mode(place.path)).toBe(0o755)
  })

  test('is the same by a symbolic link', () => {
    using place = makePlace()
    mkdirSync(join(place.path, 'real'), { mode: 0o700 })
    symlinkSync(join(place.path, 'real'), join(place.path, 'link'))
    expect(openStateDir(join(place.path, 'link')).path).toBe(join(place.path, 'real'))
  })

  test.runIf(process.platform === 'linux')('on a network file system is refused by name, unless it is allowed', () => {
    using place = makePlace()
    for (const [type, kind] of [
      [0x6969, 'NFS'],
      [0xfe534d42, 'SMB 2'],
      [0x01021997, '9p'],
      [0x65735546, 'FUSE'],
    ] as const) {
      const refused = expect.objectContaining({ code: 'STATE_DIR_REMOTE', details: { path: place.path, kind } })
      expect(() => openStateDir(place.path, { typeOf: () => type })).toThrow(refused)
      openStateDir(place.path, { typeOf: () => type, allowNetworkFileSystem: true })
    }
    openStateDir(place.path, { typeOf: () => 0xef53 })
  })

  test('that is a file is unsafe', () => {
    using place = makePlace()
    writeFileSync(join(place.path, 'file'), '')
    expect(() => openStateDir(join(place.path, 'file'))).toThrow(expect.objectContaining({ code: 'STATE_DIR_UNSAFE' }))
  })

  // Only root owns it; where the tests run as root there is nobody else to be.
  test.skipIf(process.getuid?.() === 0)('of another user is unsafe', () => {
    expect(() => openStateDir('/')).toThrow(expect.objectContaining({ code: 'STATE_DIR_UNSAFE' }))
  })

  test.runIf(process.platform === 'linux')('that cannot be made is unsafe', () => {
    expect(() => openStateDir('/proc/nothing/here')).toThrow(expect.objectContaining({ code: 'STATE_DIR_UNSAFE' }))
  })

  test('keeps files to us: made with 0600, narrowed when wider, a link refused', () => {
    using place = makePlace()
    const [made, wide, link] = ['made', 'wide', 'link'].map((name) => join(place.path, name)) as [
      string,
      string,
      string,
    ]
    writeFileSync(wide, '', { mode: 0o644 })
    symlinkSync(wide, link)
    ensurePrivateFile(made)
    ensurePrivateFile(wide)
    expect([made, wide].map(mode)).toEqual([0o600, 0o600])
    expect(() => ensurePrivateFile(link)).toThrow(expect.objectContaining({ code: 'STATE_DIR_UNSAFE' }))
  })
})

function mode(path: string): number {
  return statSync(path).mode & 0o777
}

function makePlace() {
  const path = mkdtempSync(join(tmpdir(), 'holdfast-lock-'))
  return { path, lockFile: join(path, 'instance.lock'), [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
}
