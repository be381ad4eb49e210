// The write lock inside one process: one holder, bounded waits, bounded holds, and what is over stays over.

import { closeSync, linkSync, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { systemClock } from '../../../../src/base/clock.ts'
import type { Clock } from '../../../../src/base/clock.ts'
import { manualClock } from '../../../../test/_support/manual-clock.ts'
import type { SessionLock } from '../port.ts'
import { LockTable } from './lock-table.ts'

let directory: string
let file: string
let said: { message: string; fields: Readonly<Record<string, unknown>> }[]
const opened: (() => void)[] = []

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-lock-'))
  file = join(directory, 'a.jsonl')
  writeFileSync(file, '')
  said = []
})

afterEach(() => {
  for (const close of opened.splice(0)) close()
  rmSync(directory, { recursive: true })
})

function openTable(clock: Clock = systemClock): LockTable {
  const table = new LockTable(directory, { clock, diagnose: (message, fields) => said.push({ message, fields }) })
  opened.push(() => table[Symbol.dispose]())
  return table
}

function lockOf(table: LockTable, path = file): SessionLock {
  const fd = openSync(path, 'r')
  const { lock } = table.lease(fd, path)
  opened.push(() => closeSync(fd))
  return lock
}

describe('session lock', () => {
  test('a hold keeps everybody else out, in this table and in another one, until it is released', async () => {
    const table = openTable()
    const [first, second, other] = [lockOf(table), lockOf(table), lockOf(openTable())]
    const hold = await first.acquire({ stage: 'test' })
    for (const lock of [second, other]) {
      await expect(lock.acquire({ stage: 'late', waitMs: 5 })).rejects.toMatchObject({
        code: 'SESSION_LOCKED',
        details: { file, pid: process.pid, liveness: 'this process', stage: 'test' },
      })
    }
    hold.release()
    for (const lock of [second, other]) (await lock.acquire({ stage: 'next', waitMs: 0 })).release()
  })

  test('all paths of a file are one lock: relative, symbolic link, hard link', async () => {
    const [symbolic, hard] = [join(directory, 'symbolic.jsonl'), join(directory, 'hard.jsonl')]
    symlinkSync(file, symbolic)
    linkSync(file, hard)
    const table = openTable()
    using _hold = await lockOf(table).acquire({ stage: 'test' })
    for (const path of [symbolic, hard, relative(process.cwd(), file)]) {
      const waiting = lockOf(openTable(), path).acquire({ stage: 'late', waitMs: 0 })
      await expect(waiting, path).rejects.toMatchObject({ code: 'SESSION_LOCKED' })
    }
  })

  test('two files are two locks', async () => {
    const another = join(directory, 'b.jsonl')
    writeFileSync(another, '')
    const table = openTable()
    using a = await lockOf(table).acquire({ stage: 'a', waitMs: 0 })
    using b = await lockOf(table, another).acquire({ stage: 'b', waitMs: 0 })
    expect([a.isHeld, b.isHeld]).toEqual([true, true])
  })

  test('waiters of one process get the lock in the order they came', async () => {
    const lock = lockOf(openTable())
    const order: number[] = []
    const hold = await lock.acquire({ stage: 'test' })
    const waiting = [1, 2, 3].map((n) => lock.hold({ stage: `${n}` }, () => order.push(n)))
    hold.release()
    await Promise.all(waiting)
    expect(order).toEqual([1, 2, 3])
  })

  test('releasing an old hold, once or twice, does not end a newer one', async () => {
    const lock = lockOf(openTable())
    const old = await lock.acquire({ stage: 'old' })
    old.release()
    using newer = await lock.acquire({ stage: 'newer' })
    old.release()
    expect(old.revoke('late')).toBe(false)
    expect(newer.isHeld).toBe(true)
    const third = lockOf(openTable()).acquire({ stage: 'third', waitMs: 0 })
    await expect(third).rejects.toMatchObject({ code: 'SESSION_LOCKED' })
  })

  test('a wait that is cancelled rejects and takes nothing, queued or at the kernel', async () => {
    const table = openTable()
    const hold = await lockOf(table).acquire({ stage: 'test' })
    const other = openTable()
    const abort = new AbortController()
    const { signal } = abort
    const waits = [lockOf(table), lockOf(other), lockOf(other)].map((lock) => lock.acquire({ stage: 'late', signal }))
    abort.abort()
    for (const wait of waits) await expect(wait).rejects.toMatchObject({ code: 'CANCELLED' })
    hold.release()
    for (const lock of [lockOf(table), lockOf(other)]) (await lock.acquire({ stage: 'next', waitMs: 0 })).release()
  })

  test('a wait that is cancelled in the moment of its turn passes the turn on', async () => {
    const lock = lockOf(openTable())
    const hold = await lock.acquire({ stage: 'test' })
    const abort = new AbortController()
    const cancelled = lock.acquire({ stage: 'cancelled', signal: abort.signal })
    const next = lock.acquire({ stage: 'next' })
    hold.release()
    abort.abort()
    await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' })
    ;(await next).release()
  })

  test('a body that fails gives the lock back', async () => {
    const lock = lockOf(openTable())
    const failing = lock.hold({ stage: 'test' }, () => {
      throw new Error('body')
    })
    await expect(failing).rejects.toThrow('body')
    ;(await lock.acquire({ stage: 'next', waitMs: 0 })).release()
  })
})

describe('nested holds', () => {
  test('share the hold of their async context only where that is asked for', async () => {
    const lock = lockOf(openTable())
    await lock.hold({ stage: 'outer' }, async (outer) => {
      await lock.hold({ stage: 'inner', nested: true, waitMs: 0 }, (inner) => inner.release())
      expect(outer.isHeld).toBe(true)
      const apart = lock.hold({ stage: 'apart', waitMs: 5 }, () => {})
      await expect(apart).rejects.toMatchObject({ code: 'SESSION_LOCKED', details: { stage: 'outer' } })
    })
  })

  test('a context that outlives its hold has to take the lock itself', async () => {
    const lock = lockOf(openTable())
    const gate = Promise.withResolvers<void>()
    const detached = await lock.hold({ stage: 'outer' }, () => ({
      late: gate.promise.then(() => lock.acquire({ stage: 'late', nested: true, waitMs: 0 })),
    }))
    const newer = await lock.acquire({ stage: 'newer' })
    gate.resolve()
    await expect(detached.late).rejects.toMatchObject({ code: 'SESSION_LOCKED', details: { stage: 'newer' } })
    newer.release()
  })

  test('another context does not share', async () => {
    const lock = lockOf(openTable())
    using _hold = await lock.acquire({ stage: 'test' })
    const wait = lock.acquire({ stage: 'late', nested: true, waitMs: 0 })
    await expect(wait).rejects.toMatchObject({ code: 'SESSION_LOCKED' })
  })
})

describe('watchdog', () => {
  test('a hold beyond its bound is taken from a body that hangs, with one line, and nobody waits for the body', async () => {
    const clock = manualClock()
    const lock = lockOf(openTable(clock))
    const [begun, body] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const hung = lock.hold({ stage: 'compact', holdMsMax: 2_000 }, () => {
      begun.resolve()
      return body.promise
    })
    const outcome = hung.catch((error: unknown) => error)
    await begun.promise
    clock.advance(1_999)
    expect(said).toEqual([])
    clock.advance(1)
    expect(await outcome).toMatchObject({ code: 'TRANSCRIPT_TAKEN_OVER' })
    using _next = await lock.acquire({ stage: 'next', waitMs: 0 })
    body.reject(new Error('the end of the body is late, and harmless'))
    expect(said).toEqual([
      {
        message: 'transcript lock was held for too long',
        fields: { file, pid: process.pid, stage: 'compact', heldMs: 2_000 },
      },
    ])
  })

  test('no timer is left behind a hold', async () => {
    const clock = manualClock()
    const lock = lockOf(openTable(clock))
    await lock.hold({ stage: 'test' }, () => expect(clock.waiting()).toBe(1))
    expect(clock.waiting()).toBe(0)
  })
})
