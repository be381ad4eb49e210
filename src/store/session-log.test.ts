import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { newPermission, newTurn, NODE, NOW, ownSession, range, write } from '../../test/conformance/store/records.ts'
import type { OwnedSession } from '../../test/conformance/store/records.ts'
import { openSqliteStore } from './open-sqlite-store.ts'
import { SessionLog } from './session-log.ts'
import { openReader, SqliteReader } from './sqlite-connection.ts'
import { SQLITE_STATEMENTS } from './statements.gen.ts'
import type { LostEvents, Store } from './store.ts'
import { createTables } from './tables.ts'
import { EventRows } from './tables/event.ts'

const LAST = 1_201

describe('a log', () => {
  let directory = ''
  let file = ''
  let store: Store
  let hurt: OwnedSession
  let well: OwnedSession
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-log-'))
    file = join(directory, 'store.db')
    store = await openSqliteStore({ file })
    await store.openNode(NODE, NOW)
    hurt = await ownSession(store)
    well = await ownSession(store)
    for (const { fence } of [hurt, well]) {
      await store.commit(
        fence,
        'batch',
        range(2, LAST).map((i) => write.event({ i })),
      )
    }
  })
  afterEach(async () => {
    await store[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true })
  })

  const edit = (sql: string): void => {
    using db = new DatabaseSync(file, { timeout: 5_000 })
    db.exec(sql.replaceAll('$hurt', `session_no = ${hurt.session.no}`))
  }
  const readAll = async (no: number): Promise<number[]> => {
    const seqs: number[] = []
    for (let page = 1; page > 0;) {
      const events = await store.readEvents(no, seqs.length, 500)
      seqs.push(...events.map(({ seq }) => seq))
      page = events.length
    }
    return seqs
  }
  const salvage = async (no: number): Promise<{ read: number[]; lost: LostEvents[] }> => {
    const all = { read: [] as number[], lost: [] as LostEvents[] }
    for (let after = 0; ;) {
      const { entries, nextAfter, isEnd } = await store.salvageEvents(no, after, 500)
      for (const entry of entries) {
        if ('from' in entry) all.lost.push(entry)
        else all.read.push(entry.seq)
      }
      if (isEnd) return all
      after = nextAfter
    }
  }

  test.each([
    ['a changed event', "UPDATE event SET data = '{}' WHERE $hurt AND seq = 700", 700, [700, 700, 'changed']],
    ['the first event changed', "UPDATE event SET type = 'update' WHERE $hurt AND seq = 1", 1, [1, 1, 'changed']],
    ['the last event changed', 'UPDATE event SET at = 1 WHERE $hurt AND seq = 1201', 1_201, [1_201, 1_201, 'changed']],
    ['an event that is gone', 'DELETE FROM event WHERE $hurt AND seq = 501', 501, [501, 501, 'missing']],
    ['events that are gone', 'DELETE FROM event WHERE $hurt AND seq BETWEEN 499 AND 502', 499, [499, 502, 'missing']],
    ['a tail that is gone', 'DELETE FROM event WHERE $hurt AND seq > 1000', 1_001, [1_001, 1_201, 'missing']],
  ] as const)('with %s is read up to it and no further; all the rest is salvaged', async (_, sql, first, lost) => {
    edit(sql)
    await expect(readAll(hurt.session.no)).rejects.toMatchObject({ code: 'SESSION_DAMAGED' })
    expect((await store.readEvents(hurt.session.no, Math.max(0, first - 3), 500).catch(() => [])).length).toBe(
      Math.min(2, first - 1),
    )
    const [from, to, reason] = lost
    const rest = range(1, LAST).filter((seq) => seq < from || seq > to)
    expect(await salvage(hurt.session.no)).toEqual({ read: rest, lost: [{ from, to, reason }] })
    expect(await readAll(well.session.no)).toEqual(range(1, LAST))
  })

  test('with damage has an owner who is fenced off, cannot be taken, and is closed with its open turns', async () => {
    const running = newTurn(hurt.fence, 1, { state: 'running', delivery: 'yes' })
    const queued = newTurn(hurt.fence, 2)
    const asked = newPermission(hurt.fence)
    await store.commit(hurt.fence, 'promise', [write.turn(running), write.turn(queued), write.permission(asked)])
    edit("UPDATE event SET data = '{}' WHERE $hurt AND seq = 9")
    await expect(readAll(hurt.session.no)).rejects.toMatchObject({ code: 'SESSION_DAMAGED' })
    await expect(store.commit(hurt.fence, 'batch', [write.event()])).rejects.toMatchObject({ code: 'LEASE_LOST' })
    await expect(store.acquireSession(hurt.session.no, NODE)).rejects.toMatchObject({
      code: 'SESSION_DAMAGED',
      details: { reason: 'event 9 does not match its checksum' },
    })
    expect(await store.listUnsettledSessions()).toEqual([])
    expect((await store.counts()).sessionsDamaged).toBe(1)
    expect(await store.retireSession(hurt.session.no)).toBe(true)
    expect(await store.retireSession(hurt.session.no)).toBe(false)
    expect(await store.findSessionByNo(hurt.session.no)).toMatchObject({ state: 'closed', lastSeq: LAST })
    expect((await store.findTurn(running.id))?.outcome).toMatchObject({ state: 'interrupted', delivery: 'yes' })
    expect((await store.findTurn(queued.id))?.outcome).toMatchObject({ state: 'cancelled', delivery: 'no' })
    expect((await store.findPermission(asked.id))?.state).toBe('void')
    expect(await store.retireSession(well.session.no)).toBe(false)
    expect((await store.counts()).sessionsDamaged).toBe(0)
  })

  test('is not taken for damaged when a commit falls between the look at its events and the one at its session', async () => {
    using reader = new SqliteReader(openReader(file))
    const tables = createTables(SQLITE_STATEMENTS)
    const { no } = well.session
    const read: typeof tables.events.read = async (...args) => {
      const rows = await EventRows.prototype.read.apply(tables.events, args)
      if (rows.length === 0) await store.commit(well.fence, 'batch', [write.event()])
      return rows
    }
    Object.assign(tables.events, { read })
    const never = () => Promise.reject(new Error('not expected'))
    const log = new SessionLog({ tables, reader, quarantine: never, damaged: () => never })
    expect(await log.read(no, LAST, 10)).toEqual([])
    expect(await log.read(no, LAST, 10)).toMatchObject([{ seq: LAST + 1 }])
  })
})
