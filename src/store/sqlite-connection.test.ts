import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { ConnectionBusyError, DiskFullError, RowRefusedError } from './connection.ts'
import { openReader, openWriter, SqliteReader, SqliteWriter } from './sqlite-connection.ts'
import type { Statement } from './statement.ts'

const insert: Statement<{ id: number }, unknown> = {
  name: 'insert',
  sql: 'INSERT INTO thing (id, text) VALUES (?, hex(zeroblob(100)))',
  bind: ({ id }) => [id],
}
const list: Statement<object, { id: number }> = { name: 'list', sql: 'SELECT id FROM thing', bind: () => [] }

describe('the SQLite connections', () => {
  test('readers see an open transaction only after its commit', () => {
    using db = openDatabase()
    db.writer.begin('batch')
    db.writer.run(insert, { id: 1 })
    expect(db.writer.all(list, {})).toHaveLength(1)
    expect(db.reader.all(list, {})).toHaveLength(0)
    db.writer.commit()
    expect(db.reader.all(list, {})).toHaveLength(1)
  })

  test('a promise is committed with synchronous FULL (2), a batch with NORMAL (1)', () => {
    using db = openDatabase()
    const levels = (['batch', 'promise', 'promise', 'batch'] as const).map((durability) => {
      db.writer.begin(durability)
      const level = db.handle.prepare('PRAGMA synchronous').get()!['synchronous']
      db.writer.commit()
      return level
    })
    expect(levels).toEqual([1, 2, 2, 1])
  })

  test('a broken constraint is refused and the transaction goes on', () => {
    using db = openDatabase()
    db.writer.begin('batch')
    db.writer.run(insert, { id: 1 })
    db.writer.savepoint()
    db.writer.run(insert, { id: 2 })
    expect(() => db.writer.run(insert, { id: 1 })).toThrow(RowRefusedError)
    db.writer.rollbackToSavepoint()
    db.writer.run(insert, { id: 3 })
    db.writer.commit()
    expect(db.reader.all(list, {}).map(({ id }) => id)).toEqual([1, 3])
  })

  test('a full disk is told from other failures, and after more room the same writes work', () => {
    using db = openDatabase()
    db.handle.exec('PRAGMA max_page_count = 3')
    db.writer.begin('batch')
    const fill = (): void => {
      for (let id = 1; id < 1_000; id++) db.writer.run(insert, { id })
    }
    expect(fill).toThrow(DiskFullError)
    db.writer.rollback()
    db.handle.exec('PRAGMA max_page_count = 300')
    db.writer.begin('batch')
    fill()
    db.writer.commit()
  })

  test('a lock that is held elsewhere is busy, and soon said so', () => {
    using db = openDatabase()
    using other = openWriter(db.file)
    other.exec('BEGIN IMMEDIATE')
    const before = performance.now()
    expect(() => db.writer.begin('promise')).toThrow(ConnectionBusyError)
    expect(performance.now() - before).toBeLessThan(500)
    other.exec('ROLLBACK')
    db.writer.begin('promise')
    db.writer.commit()
  })

  test('the reader cannot write', () => {
    using db = openDatabase()
    expect(() => db.reader.run(insert, { id: 1 })).toThrow(expect.objectContaining({ code: 'STORE_FAILED' }))
  })
})

function openDatabase() {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-sqlite-'))
  const file = join(directory, 'x.db')
  const handle = openWriter(file)
  handle.exec('CREATE TABLE thing (id INTEGER PRIMARY KEY, text TEXT)')
  const writer = new SqliteWriter(handle)
  const reader = new SqliteReader(openReader(file))
  const dispose = (): void => {
    reader[Symbol.dispose]()
    writer[Symbol.dispose]()
    rmSync(directory, { recursive: true })
  }
  return { file, handle, writer, reader, [Symbol.dispose]: dispose }
}
