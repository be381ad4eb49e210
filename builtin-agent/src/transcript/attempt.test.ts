// Attempts: the fence between holds, takeovers, cleanup of what hangs. Numbers are the invariants of docs/transcripts.md.

import { appendFileSync, copyFileSync, renameSync, rmSync, statSync, truncateSync } from 'node:fs'

import { describe, expect, test } from 'vitest'

import { linesOf, message, TestTranscripts, textsOf } from '../../../test/_support/test-transcripts.ts'
import { manualClock } from '../../../test/_support/manual-clock.ts'
import type { HeldTranscript } from './port.ts'

const TAKEN_OVER = { code: 'TRANSCRIPT_TAKEN_OVER' }
/** Looked at later: what rejects in between must not count as unhandled. */
const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'nothing failed',
    (error: unknown) => error,
  )
const never = (): Promise<never> => new Promise(() => {})

/** Two processes, as far as files and locks can tell, with the same conversation open. */
async function openTwice(world: TestTranscripts) {
  const mine = await world.store.create({ cwd: '/w' })
  const theirs = await world.openStore().open(mine.id)
  return { mine, theirs }
}

describe('fence', () => {
  test('W6: a new attempt ends the one before it, wherever that runs, and its late writes change nothing', async () => {
    await using world = new TestTranscripts()
    const { mine, theirs } = await openTwice(world)
    const old = await mine.begin()
    await old.append([message('a')])
    const newer = await theirs.begin()
    await expect(old.append([message('late')])).rejects.toMatchObject(TAKEN_OVER)
    await newer.append([message('b')])
    await expect(old.append([message('later')])).rejects.toMatchObject(TAKEN_OVER)
    expect(old.signal.aborted).toBe(true)
    expect(textsOf(linesOf(mine.file) as never)).toEqual(['a', 'b'])
  })

  test('W6: an attempt of the same process and the same open file ends the one before it, too', async () => {
    await using world = new TestTranscripts()
    const mine = await world.store.create({ cwd: '/w' })
    const old = await mine.begin()
    const newer = await mine.begin()
    await expect(old.append([message('late')])).rejects.toMatchObject(TAKEN_OVER)
    await newer.append([message('b')])
    expect(textsOf(mine.entries)).toEqual(['b'])
  })

  test('W7: notes of others between two holds are merged, and own writes and compactions are no takeover', async () => {
    await using world = new TestTranscripts()
    const { mine, theirs } = await openTwice(world)
    const attempt = await mine.begin()
    const [first] = await attempt.append([message('a'), message('b')])
    await theirs.annotate([
      { type: 'title', body: { title: 'T' } },
      { type: 'setting', body: { model: 'm' } },
    ])
    await attempt.compact({ summary: { text: 'so far' }, keepFromSeq: first!.seq + 1 })
    await mine.annotate([{ type: 'note', body: {} }])
    await attempt.append([message('c')])
    expect(textsOf(mine.entries)).toEqual(['b', 'c'])
    expect([mine.title, mine.settings]).toEqual(['T', { model: 'm' }])
    await theirs.annotate([])
    expect(textsOf(theirs.entries)).toEqual(['b', 'c'])
  })

  test('W6: an entry that somebody else wrote in the name of the attempt ends it', async () => {
    await using world = new TestTranscripts()
    const mine = await world.store.create({ cwd: '/w' })
    const attempt = await mine.begin()
    const theirs = await world.openStore().openFile(mine.file)
    await theirs.hold({ stage: 'forge' }, (hold) => theirs.write(hold, [message('forged')], attempt.epoch))
    await expect(attempt.append([message('a')])).rejects.toMatchObject(TAKEN_OVER)
  })

  test('W8: a body that lost its hold to the watchdog writes nothing, and its attempt goes on', async () => {
    const clock = manualClock()
    await using world = new TestTranscripts(clock)
    const mine = await world.store.create({ cwd: '/w' })
    const attempt = await mine.begin()
    const [begun, wakeUp] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    let lateWrite: Promise<unknown> = Promise.resolve()
    const slow = attempt.hold('slow', (held) => {
      lateWrite = wakeUp.promise.then(() => held.append([message('late')]))
      begun.resolve()
      return lateWrite
    })
    const outcome = failureOf(slow)
    await begun.promise
    clock.advance(5_000)
    expect(await outcome).toMatchObject(TAKEN_OVER)
    await attempt.append([message('a')])
    wakeUp.resolve()
    await expect(lateWrite).rejects.toMatchObject(TAKEN_OVER)
    expect(textsOf(linesOf(mine.file) as never)).toEqual(['a'])
  })

  test('W7: more than 1 MiB of notes is a takeover', async () => {
    await using world = new TestTranscripts()
    const { mine, theirs } = await openTwice(world)
    const attempt = await mine.begin()
    await theirs.annotate([{ type: 'note', body: { text: 'x'.repeat(1024 * 1024) } }])
    await expect(attempt.append([message('a')])).rejects.toMatchObject(TAKEN_OVER)
  })

  test.each([
    ['replaced', (file: string) => (copyFileSync(file, `${file}.x`), renameSync(`${file}.x`, file))],
    ['removed', (file: string) => rmSync(file)],
    ['shortened', (file: string) => truncateSync(file, 40)],
  ])('W6: a file that was %s under an attempt ends it', async (_, change) => {
    await using world = new TestTranscripts()
    const mine = await world.store.create({ cwd: '/w' })
    const attempt = await mine.begin()
    await attempt.append([message('a')])
    change(mine.file)
    await expect(attempt.append([message('b')])).rejects.toMatchObject(TAKEN_OVER)
    await expect(attempt.append([message('c')])).rejects.toMatchObject(TAKEN_OVER)
  })

  test('W6: a file that was written again at the same length ends the attempt', async () => {
    await using world = new TestTranscripts()
    const mine = await world.store.create({ cwd: '/w' })
    const attempt = await mine.begin()
    await attempt.append([message('a')])
    truncateSync(mine.file, statSync(mine.file).size - 3)
    appendFileSync(mine.file, '?}\n')
    await expect(attempt.append([message('b')])).rejects.toMatchObject(TAKEN_OVER)
  })

  test('W3: a tail that somebody died over is put aside by the next hold, with one line, and nothing else is lost', async () => {
    await using world = new TestTranscripts()
    const mine = await world.store.create({ cwd: '/w' })
    const attempt = await mine.begin()
    await attempt.append([message('a')])
    appendFileSync(mine.file, '{"seq":3,"ty')
    await attempt.append([message('b')])
    expect(textsOf(linesOf(mine.file) as never)).toEqual(['a', 'b'])
    expect(world.said).toMatchObject([{ message: 'torn tail of a transcript was put aside', fields: { bytes: 12 } }])
  })
})

describe('cleanup', () => {
  test('W8, T22: the lock is free when cleanup returns, hung work is told, and its late end and late writes do nothing', async () => {
    await using world = new TestTranscripts()
    const { mine, theirs } = await openTwice(world)
    const attempt = await mine.begin()
    const [begun, wakeUp] = [Promise.withResolvers<HeldTranscript>(), Promise.withResolvers<void>()]
    const heard: string[] = []
    attempt.onCancel((reason) => void heard.push(reason))
    let lateWrite: Promise<unknown> = Promise.resolve()
    const hung = attempt.hold('compact', (held) => {
      begun.resolve(held)
      lateWrite = wakeUp.promise.then(() => held.append([message('late')]))
      return lateWrite
    })
    const outcome = failureOf(hung)
    const { signal } = await begun.promise
    await expect(theirs.begin({ waitMs: 0 })).rejects.toMatchObject({ code: 'SESSION_LOCKED' })

    const report = await attempt.cleanup('turn ended')
    const next = await theirs.begin({ waitMs: 0 })
    expect(await outcome).toMatchObject(TAKEN_OVER)
    expect([heard, signal.aborted, attempt.signal.aborted]).toEqual([['turn ended'], true, true])
    await next.hold('append', async ({ append }) => {
      wakeUp.resolve()
      await expect(lateWrite).rejects.toMatchObject(TAKEN_OVER)
      append([message('b')])
    })
    expect(textsOf(linesOf(mine.file) as never)).toEqual(['b'])
    expect(report).toMatchObject({ abandoned: [{ stage: 'compact' }], hooksFailed: 0 })
    const fields = {
      file: mine.file,
      pid: process.pid,
      reason: 'turn ended',
      stage: 'compact',
      heldMs: expect.any(Number),
    }
    expect(world.said).toEqual([
      { message: 'transcript lock was taken from an attempt that did not give it back', fields },
    ])
  })

  test('W8: cleanup does not wait for a lock that others hold, and a write that waits for it ends with the attempt', async () => {
    await using world = new TestTranscripts()
    const mine = await world.store.create({ cwd: '/w' })
    const theirs = await world.openStore().openFile(mine.file)
    const attempt = await mine.begin()
    const [begun, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const slow = theirs.hold({ stage: 'slow' }, () => {
      begun.resolve()
      return gate.promise
    })
    await begun.promise
    const outcome = failureOf(attempt.append([message('a')]))
    expect(await attempt.cleanup('cancelled')).toEqual({ abandoned: [], hooksFailed: 0 })
    expect(await outcome).toMatchObject(TAKEN_OVER)
    gate.resolve()
    await slow
  })

  test('an attempt that ended in good order leaves no line, and cleanup is idempotent', async () => {
    await using world = new TestTranscripts()
    const mine = await world.store.create({ cwd: '/w' })
    const attempt = await mine.begin()
    await attempt.append([message('a')])
    await attempt.sync()
    const first = attempt.cleanup('one')
    expect(attempt.cleanup('two')).toBe(first)
    expect(await first).toEqual({ abandoned: [], hooksFailed: 0 })
    expect(world.said).toEqual([])
    await expect(attempt.append([message('b')])).rejects.toMatchObject({ details: { reason: 'one' } })
  })

  test('cancel hooks are called once, a failing one is counted, and one that comes too late is called at once', async () => {
    await using world = new TestTranscripts()
    const attempt = await (await world.store.create({ cwd: '/w' })).begin()
    const heard: string[] = []
    attempt.onCancel(() => Promise.reject(new Error('hook')))
    attempt.onCancel((reason) => void heard.push(`first ${reason}`))
    attempt.onCancel(() => void heard.push('removed'))[Symbol.dispose]()
    expect(await attempt.cleanup('end')).toEqual({ abandoned: [], hooksFailed: 1 })
    attempt.onCancel((reason) => void heard.push(`late ${reason}`))
    expect(heard).toEqual(['first end', 'late end'])
  })

  test('a hook that throws keeps no other hook and no lock', async () => {
    await using world = new TestTranscripts()
    const mine = await world.store.create({ cwd: '/w' })
    const attempt = await mine.begin()
    const heard: string[] = []
    attempt.onCancel(() => {
      throw new Error('hook')
    })
    attempt.onCancel(() => void heard.push('second'))
    const begun = Promise.withResolvers<void>()
    const hung = attempt.hold('hook', () => {
      begun.resolve()
      return never()
    })
    const outcome = failureOf(hung)
    await begun.promise
    expect(await attempt.cleanup('end')).toMatchObject({ abandoned: [{ stage: 'hook' }], hooksFailed: 1 })
    expect(await outcome).toMatchObject(TAKEN_OVER)
    expect(heard).toEqual(['second'])
    await (await mine.begin({ waitMs: 0 })).cleanup('test')
  })

  test('many writes at once are written in their order', async () => {
    await using world = new TestTranscripts()
    const attempt = await (await world.store.create({ cwd: '/w' })).begin()
    const texts = Array.from({ length: 30 }, (_, n) => `${n}`)
    const stored = await Promise.all(texts.map((text) => attempt.append([message(text)])))
    expect(textsOf(stored.flat())).toEqual(texts)
    expect(stored.map(([entry]) => entry!.seq)).toEqual(texts.map((_, n) => n + 2))
  })

  test('an append inside a hold of the same context is part of it', async () => {
    await using world = new TestTranscripts()
    const mine = await world.store.create({ cwd: '/w' })
    const attempt = await mine.begin()
    await attempt.hold('both', async (held) => {
      held.append([message('a')])
      await attempt.append([message('b')])
      await mine.annotate([{ type: 'title', body: { title: 'T' } }])
    })
    expect(textsOf(mine.entries)).toEqual(['a', 'b'])
  })
})
