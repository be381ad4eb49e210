// The store: names, list, copies, deletion, and what is left on the disk.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { linesOf, message, TestTranscripts, textsOf } from '../../../test/_support/test-transcripts.ts'
import { manualClock } from '../../../test/_support/manual-clock.ts'
import type { TranscriptId, TranscriptStore } from './port.ts'

async function allIds(store: TranscriptStore, options: { cwd?: string; limit: number }): Promise<string[]> {
  const ids: string[] = []
  let cursor: string | undefined
  do {
    const page = await store.list({ ...options, ...(cursor !== undefined && { cursor }) })
    expect(page.items.length).toBeLessThanOrEqual(options.limit)
    ids.push(...page.items.map(({ id }) => id))
    cursor = page.nextCursor
  } while (cursor !== undefined)
  return ids
}

describe('transcript store', () => {
  test('W1: what is made is ours alone: directories 0700, files 0600', async () => {
    await using world = new TestTranscripts()
    const transcript = await world.store.create({ cwd: '/w' })
    await (await transcript.begin()).append([message('a')])
    const paths = readdirSync(world.directory, { recursive: true, withFileTypes: true })
    const modes = paths.map((entry) => {
      const { mode } = statSync(join(entry.parentPath, entry.name))
      return [entry.name, (mode & 0o777).toString(8), entry.isDirectory() ? '700' : '600']
    })
    expect(modes.length).toBeGreaterThan(5)
    for (const [name, mode, expected] of modes) expect(mode, name).toBe(expected)
  })

  test('a name that is no name of ours reaches no file', async () => {
    await using world = new TestTranscripts()
    for (const id of ['../../etc/passwd', 'conv_x', '', `conv_${'0'.repeat(26)}/x`]) {
      await expect(world.store.open(id as TranscriptId)).rejects.toMatchObject({ code: 'TRANSCRIPT_NOT_FOUND' })
      await expect(world.store.delete(id as TranscriptId)).rejects.toMatchObject({ code: 'TRANSCRIPT_NOT_FOUND' })
    }
  })

  test('a fork goes on by itself and names where it came from; what was replaced is in its history, too', async () => {
    await using world = new TestTranscripts()
    const source = await world.store.create({ cwd: '/w' })
    const attempt = await source.begin()
    await attempt.append([message('a'), message('b')])
    await attempt.compact({ summary: { text: 'S' }, keepFromSeq: 3 })
    const fork = await world.store.fork(source.id, { cwd: '/other/and/longer' })
    await attempt.append([message('source')])
    await (await fork.begin()).append([message('fork')])
    expect(textsOf(source.entries)).toEqual(['b', 'source'])
    expect(textsOf(fork.entries)).toEqual(['b', 'fork'])
    expect([fork.cwd, fork.parent]).toEqual(['/other/and/longer', source.id])
    expect(linesOf(fork.file)[0]).toMatchObject({ parent: { id: source.id, seq: 4 } })
    const again = await world.openStore().open(fork.id)
    expect(textsOf(again.entries)).toEqual(['b', 'fork'])
    expect(again.damage).toBeUndefined()
  })

  test('a deletion takes everything of the conversation, and an attempt on it cannot write', async () => {
    await using world = new TestTranscripts()
    const doomed = await world.store.create({ cwd: '/w' })
    writeFileSync(`${doomed.file}.torn-then`, 'x')
    const attempt = await doomed.begin()
    await world.openStore().delete(doomed.id)
    await expect(attempt.append([message('late')])).rejects.toMatchObject({ code: 'TRANSCRIPT_TAKEN_OVER' })
    await expect(world.store.open(doomed.id)).rejects.toMatchObject({ code: 'TRANSCRIPT_NOT_FOUND' })
    await expect(world.store.delete(doomed.id)).rejects.toMatchObject({ code: 'TRANSCRIPT_NOT_FOUND' })
    expect((await world.store.list()).items).toEqual([])
    expect(readdirSync(join(world.directory, 'transcripts'))).toEqual([])
    expect(readdirSync(join(world.directory, 'locks'))).toEqual([])
  })

  test('a damaged conversation can be deleted, and not be forked', async () => {
    await using world = new TestTranscripts()
    const { id, file } = await world.store.create({ cwd: '/w' })
    writeFileSync(file, readFileSync(file, 'utf8').replace('/w', '/x'))
    await expect(world.store.fork(id, { cwd: '/w' })).rejects.toMatchObject({ code: 'TRANSCRIPT_DAMAGED' })
    await world.store.delete(id)
    await expect(world.store.open(id)).rejects.toMatchObject({ code: 'TRANSCRIPT_NOT_FOUND' })
  })

  test('a file under the name of another conversation is refused', async () => {
    await using world = new TestTranscripts()
    const [a, b] = [await world.store.create({ cwd: '/w' }), await world.store.create({ cwd: '/w' })]
    writeFileSync(a.file, readFileSync(b.file))
    const refused = { code: 'TRANSCRIPT_DAMAGED', details: { line: 1 } }
    await expect(world.openStore().open(a.id)).rejects.toMatchObject(refused)
  })

  test('a state directory that is reached by a link is the same one', async () => {
    await using world = new TestTranscripts()
    const real = await world.store.create({ cwd: '/w' })
    const link = join(world.directory, 'link')
    symlinkSync(join(world.directory, 'transcripts'), link)
    const alias = await world.store.openFile(join(link, `${real.id}.jsonl`))
    expect(alias.file).toBe(real.file)
    const old = await real.begin()
    await alias.begin()
    await expect(old.append([message('late')])).rejects.toMatchObject({ code: 'TRANSCRIPT_TAKEN_OVER' })
  })
})

describe('list', () => {
  test('pages are newest first by use, whole, without a double, and of one directory where asked', async () => {
    const clock = manualClock(Date.now() + 60_000)
    await using world = new TestTranscripts(clock)
    const made: TranscriptId[] = []
    for (let n = 0; n < 23; n++) {
      clock.advance(n % 3)
      made.push((await world.store.create({ cwd: n % 2 === 0 ? '/even' : '/odd' })).id)
    }
    clock.advance(1)
    const used = await world.openStore().open(made[4]!)
    await used.annotate([{ type: 'title', body: { title: 'used again' } }])
    const ids = await allIds(world.store, { limit: 5 })
    expect(ids.length).toBe(23)
    expect(new Set(ids)).toEqual(new Set(made))
    expect(ids[0]).toBe(made[4])
    expect((await allIds(world.store, { cwd: '/odd', limit: 4 })).length).toBe(11)
    expect((await world.store.list({ limit: 1 })).items).toMatchObject([{ title: 'used again', cwd: '/even' }])
  })

  test('the list is made again from the files when it is lost, damaged or behind', async () => {
    await using world = new TestTranscripts()
    const [kept, gone] = [await world.store.create({ cwd: '/w' }), await world.store.create({ cwd: '/w' })]
    await kept.annotate([{ type: 'title', body: { title: 'T' } }])
    await world.store[Symbol.asyncDispose]()
    rmSync(gone.file)
    const listing = join(world.directory, 'listing.db')
    for (const damage of [() => {}, () => rmSync(listing), () => writeFileSync(listing, 'x'.repeat(9_000))]) {
      damage()
      const store = world.openStore()
      const { items } = await store.list()
      expect(items).toMatchObject([{ id: kept.id, cwd: '/w', title: 'T', createdAt: kept.createdAt }])
      expect(items.length).toBe(1)
      await store[Symbol.asyncDispose]()
    }
  })

  test('what a dead process left of a new file is removed after an hour, and not before', async () => {
    const clock = manualClock(Date.now())
    await using world = new TestTranscripts(clock)
    const draft = join(world.directory, 'transcripts', `conv_${'0'.repeat(26)}.jsonl.draft`)
    writeFileSync(draft, '{')
    await world.store.list()
    expect(existsSync(draft)).toBe(true)
    clock.advance(3_700_000)
    expect((await world.openStore().list()).items).toEqual([])
    expect(existsSync(draft)).toBe(false)
  })

  test('a cursor that was not given out and a limit that cannot be are refused', async () => {
    await using world = new TestTranscripts()
    for (const options of [{ cursor: 'x' }, { limit: 0 }, { limit: 501 }, { limit: 1.5 }]) {
      await expect(world.store.list(options)).rejects.toMatchObject({ code: 'BAD_REQUEST' })
    }
  })

  test('a state directory that others can look into is refused', () => {
    const directory = join(process.env['TMPDIR'] ?? '/tmp', `holdfast-open-${process.pid}`)
    mkdirSync(directory, { mode: 0o755 })
    try {
      expect(() => new TestTranscripts(undefined, directory)).toThrow(
        expect.objectContaining({ code: 'STATE_DIR_UNSAFE' }),
      )
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})
