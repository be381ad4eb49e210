import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import type { SessionId } from '../base/ids.ts'
import type { HoldfastError } from '../base/errors.ts'
import { openSqliteStore } from './open-sqlite-store.ts'
import type { Fence, SessionWrite, Store } from './store.ts'

describe('opening a file', () => {
  test('that a newer version made is refused and the file is not touched', async () => {
    using place = makePlace()
    await (await openSqliteStore({ file: place.file }))[Symbol.asyncDispose]()
    edit(place.file, 'PRAGMA user_version = 99')
    const before = readFileSync(place.file)
    const newer = openSqliteStore({ file: place.file })
    await expect(newer).rejects.toMatchObject({ code: 'STORE_NEWER', details: { found: 99, known: 1 } })
    expect(readFileSync(place.file).equals(before)).toBe(true)
  })

  test.each([
    ['of another program', (file: string) => edit(file, 'CREATE TABLE x (y); PRAGMA user_version = 1')],
    [
      'that is no database',
      (file: string) => writeFileSync(file, 'not a database, but long enough to look at'.repeat(99)),
    ],
  ])('%s is refused and not touched', async (_, make) => {
    using place = makePlace()
    make(place.file)
    const before = readFileSync(place.file)
    await expect(openSqliteStore({ file: place.file })).rejects.toMatchObject({ code: 'STORE_UNUSABLE' })
    expect(readFileSync(place.file).equals(before)).toBe(true)
  })

  test('makes it and its companions readable for us only', async () => {
    using place = makePlace()
    await using store = await openSqliteStore({ file: place.file })
    await store.openNode('local', 0)
    const modes = readdirSync(place.directory).map((name) => [name, statSync(join(place.directory, name)).mode & 0o777])
    expect(Object.fromEntries(modes)).toEqual({ 'store.db': 0o600, 'store.db-shm': 0o600, 'store.db-wal': 0o600 })
  })

  test('and closing it twice leaves one file', async () => {
    using place = makePlace()
    const { store } = await openOwned(place.file)
    await store[Symbol.asyncDispose]()
    await store[Symbol.asyncDispose]()
    expect(readdirSync(place.directory)).toEqual(['store.db'])
  })
})

describe('verify', () => {
  test.each([
    ['a changed event', "UPDATE event SET data = '{}' WHERE seq = 7", 'event 7 does not match its checksum'],
    ['a changed time', 'UPDATE event SET at = at + 1 WHERE seq = 9', 'event 9 does not match its checksum'],
    ['a missing event', 'DELETE FROM event WHERE seq = 600', 'event 600 is missing'],
    ['a missing tail', 'DELETE FROM event WHERE seq > 700', 'events end at 700, the session row says 801'],
    [
      'two swapped events',
      'UPDATE event SET seq = -1 WHERE seq = 3; UPDATE event SET seq = 3 WHERE seq = 4; UPDATE event SET seq = 4 WHERE seq = -1',
      'event 3 does not match its checksum',
    ],
    [
      'an event too many',
      "INSERT INTO event VALUES (1, 802, NULL, 'update', 0, '{}', 0)",
      'there is event 802, the session row says 801',
    ],
    [
      'a head moved back',
      'UPDATE session SET last_seq = 800',
      'the checksum of the session row does not match its last event',
    ],
    ['a row without its parent', "PRAGMA foreign_keys = OFF; INSERT INTO turn_prompt VALUES ('lost', '')", 'turn'],
  ])('finds %s', async (_, sql, problem) => {
    using place = makePlace()
    const { store, commit } = await openOwned(place.file)
    await commit(range(800).map((i) => update(i)))
    expect(await store.verify()).toEqual([])
    edit(place.file, sql)
    const problems = await store.verify()
    await store[Symbol.asyncDispose]()
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(problem)
  })

  test('is clean while somebody writes', async () => {
    using place = makePlace()
    const { store, commit } = await openOwned(place.file)
    const writing = (async () => {
      for (let i = 0; i < 100; i++) await commit(range(20).map((j) => update(j)))
    })()
    const found: string[] = []
    for (let i = 0; i < 5; i++) found.push(...(await store.verify()))
    await writing
    await store[Symbol.asyncDispose]()
    expect(found).toEqual([])
  })
})

describe('checkpoints', () => {
  test('move committed pages into the database while the store is open', async () => {
    using place = makePlace()
    const { store, commit } = await openOwned(place.file)
    const before = statSync(place.file).size
    await commit(range(500).map((i) => update(i, 'x'.repeat(1_000))))
    await expect.poll(() => statSync(place.file).size, { timeout: 10_000 }).toBeGreaterThan(before + 500_000)
    await store[Symbol.asyncDispose]()
  })
})

describe('a device error', () => {
  test('refuses every later write, is said once, and leaves reading as it was', async () => {
    using place = makePlace()
    const failures: HoldfastError[] = []
    const { store, commit, fence } = await openOwned(place.file, (error) => failures.push(error))
    await commit([update(1)])
    // Any error that is not a refused row or a lock counts; a table taken away stands for the failing device.
    edit(place.file, 'ALTER TABLE event RENAME TO event_away')
    await expect(commit([update(2)])).rejects.toMatchObject({ code: 'STORE_FAILED' })
    edit(place.file, 'ALTER TABLE event_away RENAME TO event')
    await expect(commit([update(3)])).rejects.toMatchObject({ code: 'STORE_FAILED' })
    await expect(store.openNode('local', 0)).rejects.toMatchObject({ code: 'STORE_FAILED' })
    expect(failures).toHaveLength(1)
    expect(await store.lastSeq(fence.sessionNo)).toBe(2)
    await store[Symbol.asyncDispose]()
  })
})

async function openOwned(file: string, onFailure: (error: HoldfastError) => void = () => {}) {
  const store: Store = await openSqliteStore({ file, onFailure })
  await store.openNode('local', 0)
  const { no } = await store.createSession({
    id: 'ses_1' as SessionId,
    key: undefined,
    agent: 'echo',
    cwd: '/',
    mode: 'persistent',
    onInterrupt: 'hold',
    createdAt: 0,
  })
  const { epoch } = await store.acquireSession(no, 'local')
  const fence: Fence = { sessionNo: no, node: 'local', epoch }
  return { store, fence, commit: (writes: SessionWrite[]) => store.commit(fence, 'batch', writes) }
}

function update(i: number, text = ''): SessionWrite {
  return { kind: 'event', event: { type: 'update', turnId: undefined, at: i, data: JSON.stringify({ i, text }) } }
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1)
}

function edit(file: string, sql: string): void {
  using db = new DatabaseSync(file, { timeout: 5_000 })
  db.exec(sql)
}

function makePlace() {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-open-'))
  return {
    directory,
    file: join(directory, 'store.db'),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  }
}
