import { describe, expect, test } from 'vitest'

import { HoldfastError } from '../base/errors.ts'
import { CommitQueue } from './commit-queue.ts'
import type { Job } from './commit-queue.ts'
import { ConnectionBusyError, DiskFullError } from './connection.ts'
import type { WriteConnection } from './connection.ts'

describe('the commit queue', () => {
  test('puts what was asked for in one turn of the loop into one transaction', async () => {
    const { queue, log } = openQueue()
    await Promise.all([queue.push(job('a')), queue.push(job('b'))])
    await queue.push(job('c'))
    const both = ['begin batch', 'savepoint', 'a', 'release', 'savepoint', 'b', 'release', 'commit']
    expect(log).toEqual([...both, 'begin batch', 'c', 'commit'])
  })

  test('makes the transaction a promise when one caller asks for it', async () => {
    const { queue, log } = openQueue()
    await Promise.all([queue.push(job('a')), queue.push(job('b', { durability: 'promise' }))])
    expect(log[0]).toBe('begin promise')
  })

  test('resolves nobody before the commit', async () => {
    const { queue, log } = openQueue()
    await Promise.all(['a', 'b'].map((name) => queue.push(job(name)).then(() => log.push(`${name} resolved`))))
    expect(log.slice(-3)).toEqual(['commit', 'a resolved', 'b resolved'])
  })

  test('undoes a refused caller alone', async () => {
    const { queue, log } = openQueue()
    const bad = job('bad', { run: () => Promise.reject(new Error('no')) })
    const results = await Promise.allSettled([queue.push(bad), queue.push(job('good'))])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
    expect(log).toEqual(['begin batch', 'savepoint', 'undo', 'savepoint', 'good', 'release', 'commit'])
  })

  test('rolls back when nobody succeeded', async () => {
    const { queue, log } = openQueue()
    await queue.push(job('bad', { run: () => Promise.reject(new Error('no')) })).catch(() => {})
    expect(log).toEqual(['begin batch', 'rollback'])
  })

  test('a probe comes back after what was asked for before it, and by itself commits nothing', async () => {
    const { queue, log } = openQueue()
    await queue.push(job('probe', { isProbe: true }))
    expect(log).toEqual(['begin batch', 'probe', 'rollback'])
    await Promise.all([queue.push(job('a')), queue.push(job('probe', { isProbe: true }))])
    expect(log.slice(3)).toEqual([
      'begin batch',
      'savepoint',
      'a',
      'release',
      'savepoint',
      'probe',
      'release',
      'commit',
    ])
  })

  test('holds the loop for 512 rows at most, unless one caller has more', async () => {
    const { queue, log } = openQueue()
    const weights = [200, 200, 200, 900, 1, 511, 1]
    await Promise.all(weights.map((weight) => queue.push(job(String(weight), { weight }))))
    const slices = log
      .join(' ')
      .split('begin batch')
      .slice(1)
      .map((slice) => slice.match(/\d+/g)!.map(Number))
    expect(slices).toEqual([[200, 200], [200], [900], [1, 511], [1]])
  })

  test('lets the loop turn between slices', async () => {
    const { queue, log } = openQueue()
    const jobs = [1, 2, 3].map((name) => queue.push(job(String(name), { weight: 512 })))
    setImmediate(() => log.push('loop'))
    await Promise.all(jobs)
    expect(log.indexOf('loop')).toBeLessThan(log.lastIndexOf('begin batch'))
  })

  test('runs the job that makes the epoch by itself and without the check of the epoch', async () => {
    const { queue, log, node } = openQueue()
    node.isOwned = false
    const alone = job('open', { alone: true })
    const results = await Promise.allSettled([queue.push(job('a')), queue.push(alone), queue.push(job('b'))])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected'])
    expect(log).toEqual(['begin batch', 'rollback', 'begin batch', 'open', 'commit', 'begin batch', 'rollback'])
  })

  test.each(['begin', 'job', 'commit', 'savepoint'] as const)(
    'a device error at %s refuses this batch and everything after it',
    async (stage) => {
      const { queue, fail, failures, log } = openQueue()
      fail.at = stage
      const run = stage === 'job' ? () => Promise.reject(deviceError()) : undefined
      const first = [queue.push(job('a', run && { run })), queue.push(job('b'))]
      const results = await Promise.allSettled(first)
      fail.at = undefined
      results.push(...(await Promise.allSettled([queue.push(job('c'))])))
      expect(results).toMatchObject([1, 2, 3].map(() => ({ reason: { code: 'STORE_FAILED' } })))
      expect(failures).toHaveLength(1)
      expect(log.slice(-2)).toEqual(['rollback', 'take back'])
      expect(log.filter((line) => line.startsWith('begin')).length).toBeLessThanOrEqual(1)
    },
  )

  test('a full disk with room to make undoes the batch and runs it again, before what was asked for later', async () => {
    const { queue, fail, log, failures } = openQueue()
    Object.assign(fail, { full: 1, room: 1 })
    await Promise.all([queue.push(job('a')), queue.push(job('b'))])
    const once = ['savepoint', 'a', 'release', 'savepoint', 'b', 'release']
    expect(log).toEqual(['begin batch', ...once, 'rollback', 'begin batch', ...once, 'commit'])
    expect(failures).toEqual([])
  })

  test('a full disk without room to make is a device error', async () => {
    const { queue, fail, failures } = openQueue()
    Object.assign(fail, { full: 2, room: 1 })
    await expect(queue.push(job('a'))).rejects.toMatchObject({ code: 'STORE_FAILED', message: /the disk is full/ })
    expect(failures).toHaveLength(1)
  })

  test('a lock that is held elsewhere is waited for, in order and off the loop', async () => {
    const { queue, fail, log } = openQueue()
    fail.busy = 3
    await Promise.all([queue.push(job('a')), queue.push(job('b'))])
    expect(log.filter((line) => line === 'busy')).toHaveLength(3)
    expect(log.filter((line) => ['a', 'b'].includes(line))).toEqual(['a', 'b'])
  })

  test('close refuses new jobs and waits for those before it', async () => {
    const { queue, log } = openQueue()
    const before = queue.push(job('before'))
    const closed = queue.close().then(() => log.push('closed'))
    await expect(queue.push(job('late'))).rejects.toMatchObject({ code: 'STORE_FAILED' })
    await Promise.all([before, closed])
    expect(log).toEqual(['begin batch', 'before', 'commit', 'closed'])
  })

  test('close of an idle queue resolves', async () => {
    await expect(openQueue().queue.close()).resolves.toBeUndefined()
  })
})

type Parts = Partial<Job<unknown>>

/** Its run is logged by the connection's `run`. */
function job(name: string, parts: Parts = {}): Job<unknown> {
  const run: Job<unknown>['run'] = async (tx) => {
    await tx.run({ name, sql: '', bind: () => [] }, {})
    return name
  }
  return { durability: 'batch', weight: 1, run, ...parts }
}

function deviceError(): HoldfastError {
  return new HoldfastError('STORE_FAILED', { reason: 'disk I/O error' })
}

function openQueue() {
  const log: string[] = []
  const failures: HoldfastError[] = []
  const fail: { at: string | undefined; busy: number; full: number; room: number } = {
    at: undefined,
    busy: 0,
    full: 0,
    room: 0,
  }
  const node = { isOwned: true }
  const step = (name: string, line = name) => {
    if (fail.at === name) throw deviceError()
    log.push(line)
  }
  const connection: WriteConnection = {
    begin: (durability) => {
      if (fail.busy-- > 0) {
        log.push('busy')
        throw new ConnectionBusyError('locked')
      }
      step('begin', `begin ${durability}`)
    },
    commit: () => {
      if (fail.full-- > 0) throw new DiskFullError('the disk is full')
      step('commit')
    },
    rollback: () => step('rollback'),
    takeBack: () => step('take back'),
    savepoint: () => step('savepoint'),
    release: () => step('release'),
    rollbackToSavepoint: () => step('undo'),
    run: ({ name }) => log.push(name),
    all: () => [],
  }
  const queue = new CommitQueue({
    connection,
    ownsNode: () => Promise.resolve(node.isOwned),
    settled: () => {},
    makeRoom: () => fail.room-- > 0,
    failed: (error) => failures.push(error),
  })
  return { queue, log, failures, fail, node }
}
