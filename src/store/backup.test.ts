import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { NODE, NOW, ownSession, range, readAll, write } from '../../test/conformance/store/records.ts'
import type { OwnedSession } from '../../test/conformance/store/records.ts'
import { openSqliteStore } from './open-sqlite-store.ts'
import type { Store } from './store.ts'

describe('a backup', () => {
  let home = ''
  let file = ''
  let target = ''
  let store: Store
  let owned: OwnedSession
  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), 'holdfast-backup-'))
    mkdirSync(join(home, 'state'))
    mkdirSync(join(home, 'out'))
    file = join(home, 'state', 'store.db')
    target = join(home, 'out', 'copy.db')
    store = await openSqliteStore({ file })
    await store.openNode(NODE, NOW)
    owned = await ownSession(store, { key: 'kept' })
  })
  afterEach(async () => {
    await store[Symbol.asyncDispose]()
    rmSync(home, { recursive: true, force: true })
  })

  const commit = (count: number) =>
    store.commit(
      owned.fence,
      'batch',
      range(1, count).map(() => write.event({ text: 'x'.repeat(500) })),
    )

  test('made while somebody writes is one moment of the database, in one private file that opens', async () => {
    await commit(2_000)
    let isOver = false
    const writing = (async () => {
      while (!isOver) await commit(20)
    })()
    const { bytes } = await store.backUp({ path: target, replace: false })
    isOver = true
    await writing
    expect(readdirSync(join(home, 'out'))).toEqual(['copy.db'])
    expect([statSync(target).size, statSync(target).mode & 0o777]).toEqual([bytes, 0o600])
    await using copy = await openSqliteStore({ file: target })
    const session = (await copy.findSession('kept'))!
    expect(await readAll(copy, session.no, 500)).toEqual(range(1, session.lastSeq))
    expect(session.lastSeq).toBeGreaterThan(2_000)
    expect(copy.instanceNumber()).toBe(store.instanceNumber())
  })

  test('of a damaged database fails, says why, and leaves the copy of before', async () => {
    await commit(10)
    await store.backUp({ path: target, replace: false })
    const good = readFileSync(target)
    using db = new DatabaseSync(file)
    db.exec("UPDATE event SET data = '{}' WHERE seq = 7")
    const again = store.backUp({ path: target, replace: true })
    await expect(again).rejects.toMatchObject({ code: 'BACKUP_FAILED', message: /event 7 does not match its checksum/ })
    expect(readFileSync(target).equals(good)).toBe(true)
    expect(readdirSync(join(home, 'out'))).toEqual(['copy.db'])
    // Now it is known, and one damaged session is no reason to have no backup of the others.
    expect((await store.findSession('kept'))?.damage).toBe('event 7 does not match its checksum')
    expect(await store.backUp({ path: target, replace: true })).toMatchObject({ quarantined: 1 })
  })

  test.each([
    ['a file that is there', () => target, 'there is such a file already'],
    ['a directory that is not there', () => join(home, 'nowhere', 'copy.db'), 'does not exist'],
    ['a relative path', () => 'copy.db', 'not absolute'],
    ['the database itself', () => file, 'in the state directory'],
    ['a name in a folder of the state directory', () => join(home, 'state', 'spool', 'x'), 'in the state directory'],
  ])('to %s is refused, and nothing is written', async (_, path, reason) => {
    mkdirSync(join(home, 'state', 'spool'))
    writeFileSync(target, 'mine')
    const backup = store.backUp({ path: path(), replace: path() !== target })
    await expect(backup).rejects.toMatchObject({ code: 'BACKUP_FAILED', message: expect.stringContaining(reason) })
    expect(readFileSync(target, 'utf8')).toBe('mine')
    expect(existsSync('copy.db')).toBe(false)
  })
})
