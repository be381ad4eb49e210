// What a file tells when it is opened: any cut gives a prefix, any changed byte before the tail is found, nothing is wiped.

import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

import { assert, asyncProperty, integer, nat } from 'fast-check'
import { describe, expect, test } from 'vitest'

import { message, TestTranscripts, textsOf } from '../../../../test/_support/test-transcripts.ts'
import type { Entry, Transcript, TranscriptId } from '../port.ts'

const TEXTS = ['a', 'bé☃', '{"seq":9,"type":"compaction"', 'line\nline', 'd'.repeat(300), 'e', 'f', '']
const LF = 0x0a

/** A conversation with a compaction in the middle, closed; its bytes. */
async function writeSample(world: TestTranscripts): Promise<{ id: TranscriptId; file: string; whole: Buffer }> {
  const transcript = await world.store.create({ cwd: '/w' })
  const attempt = await transcript.begin()
  for (const text of TEXTS.slice(0, 4)) await attempt.append([message(text)])
  await transcript.annotate([{ type: 'title', body: { title: 'T' } }])
  await attempt.compact({ summary: { text: 'S' }, keepFromSeq: 4 })
  await attempt.append(TEXTS.slice(4).map(message))
  await transcript.close()
  return { id: transcript.id, file: transcript.file, whole: readFileSync(transcript.file) }
}

async function all(entries: AsyncIterable<Entry>): Promise<Entry[]> {
  const found: Entry[] = []
  for await (const entry of entries) found.push(entry)
  return found
}

async function withOpen<T>(
  world: TestTranscripts,
  id: TranscriptId,
  use: (open: Transcript) => Promise<T>,
): Promise<T> {
  const transcript = await world.store.open(id)
  try {
    return await use(transcript)
  } finally {
    await transcript.close()
  }
}

/** Each byte of the line before the compaction and of its end, changed: where the most depends on one byte. */
function changesOfOneLine(whole: Buffer): [number, number][] {
  const end = whole.lastIndexOf(LF, whole.indexOf('"type":"compaction","at"'))
  const start = whole.lastIndexOf(LF, end - 1) + 1
  return Array.from({ length: end - start + 1 }, (_, n) => [start + n, 1])
}

/** The first digit of each checksum behind the header, turned into a sign: still a number, and none that is a checksum. */
function signsForDigits(whole: Buffer): [number, number][] {
  const mark = '"crc":"'
  const places: [number, number][] = []
  for (let at = whole.indexOf(mark, whole.indexOf(LF)); at !== -1; at = whole.indexOf(mark, at + 1)) {
    const digit = at + mark.length
    places.push([digit, whole[digit]! ^ '-'.charCodeAt(0)])
  }
  return places
}

describe('opening a transcript', () => {
  test('W2: a file that is cut anywhere behind its header gives the entries before the cut, and the rest is kept aside', async () => {
    await using world = new TestTranscripts()
    const { id, file, whole } = await writeSample(world)
    const headerBytes = whole.indexOf(LF) + 1
    const history = await withOpen(world, id, (open) => all(open.history()))
    await assert(
      asyncProperty(integer({ min: headerBytes, max: whole.length }), async (cut) => {
        writeFileSync(file, whole.subarray(0, cut))
        const wholeBytes = whole.subarray(0, cut).lastIndexOf(LF) + 1
        await withOpen(world, id, async (open) => {
          expect(open.damage).toBeUndefined()
          const read = await all(open.history())
          expect(read).toEqual(history.slice(0, read.length))
          const attempt = await open.begin()
          const [entry] = await attempt.append([message('next')])
          await attempt.cleanup('test')
          const written = readFileSync(file)
          expect(written.subarray(0, wholeBytes)).toEqual(whole.subarray(0, wholeBytes))
          expect(entry!.seq).toBe(written.toString('utf8').trimEnd().split('\n').length - 1)
        })
        const aside = readdirSync(dirname(file)).filter((name) => name.includes('.torn-'))
        const torn = aside.map((name) => readFileSync(`${dirname(file)}/${name}`))
        expect(torn).toEqual(cut === wholeBytes ? [] : [whole.subarray(wholeBytes, cut)])
        for (const name of aside) world.remove(name)
      }),
      { numRuns: 60, examples: [[headerBytes], [whole.length], [whole.length - 1]] },
    )
  })

  test('W4: a byte that is changed before the tail is found; the file is refused for writing, not touched, and readable around it', async () => {
    await using world = new TestTranscripts()
    const { id, file, whole } = await writeSample(world)
    const headerBytes = whole.indexOf(LF) + 1
    const lineStarts = [...whole.keys()].filter((at) => at === 0 || whole[at - 1] === LF)
    const history = await withOpen(world, id, (open) => all(open.history()))
    await assert(
      asyncProperty(
        integer({ min: headerBytes, max: whole.length - 2 }),
        integer({ min: 1, max: 255 }),
        async (at, flip) => {
          const bytes = Buffer.from(whole)
          bytes[at]! ^= flip
          writeFileSync(file, bytes)
          await withOpen(world, id, async (open) => {
            const line = lineStarts.filter((start) => start <= at).length
            expect(open.damage).toMatchObject({ line })
            const refused = { code: 'TRANSCRIPT_DAMAGED', details: { file, line } }
            await expect(open.begin()).rejects.toMatchObject(refused)
            await expect(open.annotate([])).rejects.toMatchObject(refused)
            const read = await all(open.history())
            // Two lines at most: the changed one, and that behind it when what stood between them, or proved it, is what changed.
            expect(read.length).toBeGreaterThanOrEqual(history.length - 2)
            for (const entry of read) expect(history).toContainEqual(entry)
          })
          expect(readFileSync(file)).toEqual(bytes)
        },
      ),
      { numRuns: 200, examples: [...signsForDigits(whole), ...changesOfOneLine(whole)] },
    )
  })

  test('W4: a damaged header is refused with its line and not touched; the rest can be salvaged', async () => {
    await using world = new TestTranscripts()
    const { id, file, whole } = await writeSample(world)
    const headerBytes = whole.indexOf(LF)
    await assert(
      asyncProperty(nat(headerBytes), integer({ min: 1, max: 255 }), async (at, flip) => {
        const bytes = Buffer.from(whole)
        bytes[at]! ^= flip
        writeFileSync(file, bytes)
        await expect(world.store.open(id)).rejects.toMatchObject({ code: expect.stringMatching(/DAMAGED|NEWER/) })
        expect(readFileSync(file)).toEqual(bytes)
        expect(textsOf(await all(world.store.salvage(id))).slice(-3)).toEqual(TEXTS.slice(-3))
      }),
      { numRuns: 60 },
    )
  })

  test('a file of a newer version is refused and not touched', async () => {
    await using world = new TestTranscripts()
    const { id, file, whole } = await writeSample(world)
    const text = whole.toString('utf8').replace('"version":1', '"version":2')
    writeFileSync(file, text)
    await expect(world.store.open(id)).rejects.toMatchObject({
      code: 'TRANSCRIPT_NEWER',
      details: { found: 2, known: 1 },
    })
    expect(readFileSync(file, 'utf8')).toBe(text)
  })

  test('a line that is missing or stands in another place is found, although each line is whole', async () => {
    await using world = new TestTranscripts()
    const { id, file, whole } = await writeSample(world)
    const lines = whole.toString('utf8').split('\n')
    const [a, b] = [lines[3]!, lines[4]!]
    for (const [from, count, put] of [
      [3, 1, []],
      [3, 2, [b, a]],
      [3, 1, [a, a]],
    ] as const) {
      writeFileSync(file, lines.toSpliced(from, count, ...put).join('\n'))
      await withOpen(world, id, async (open) => expect(open.damage?.line).toBeGreaterThanOrEqual(4))
    }
  })

  test('W9: what counts is the last summary, what it kept and what came after; the rest stays in the history', async () => {
    await using world = new TestTranscripts()
    const { id } = await writeSample(world)
    await withOpen(world, id, async (open) => {
      expect(open.entries.map(({ type }) => type)).toEqual(['compaction', ...Array(7).fill(expect.any(String))])
      expect(textsOf(open.entries)).toEqual(TEXTS.slice(2))
      expect(open.title).toBe('T')
      expect(textsOf(await all(open.history()))).toEqual(TEXTS)
      const attempt = await open.begin()
      await attempt.compact({ summary: { text: 'S2' }, keepFromSeq: open.entries.at(-1)!.seq + 2 })
      expect(open.entries).toMatchObject([{ body: { summary: { text: 'S2' }, replaced: { fromSeq: 2 } } }])
      await attempt.append([message('g')])
    })
    await withOpen(world, id, async (open) => expect(textsOf(open.entries)).toEqual(['g']))
  })
})
