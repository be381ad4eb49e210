// Transcripts of the built-in agent: what a turn costs besides its model when 5 MB were said before, opening such a conversation, and a page of
// the list of 10,000.

import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { writeNewTranscript } from '../builtin-agent/src/transcript/file/new-file.ts'
import type { Transcript, TranscriptId } from '../builtin-agent/src/transcript/port.ts'
import { FileTranscriptStore } from '../builtin-agent/src/transcript/store.ts'
import { newId } from '../src/base/ids.ts'
import { inRounds, type Plan } from './measure.ts'
import type { Row } from './result.ts'
import { median } from './stats.ts'

const LONG_BYTES = 5_000_000
const CONVERSATIONS = 10_000
/** Of each in one round. */
const TIMES = 20
const ENTRY = { type: 'message', body: { role: 'user', text: 'x'.repeat(400) } }

export async function measureTranscripts({ rounds }: Plan): Promise<Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-bench-transcripts-'))
  fill(directory)
  const store = new FileTranscriptStore(directory, { diagnose: () => {} })
  try {
    const long = await writeLong(store)
    const turn = await inRounds(rounds, () => timeOf(() => runTurn(long)))
    const opening = await inRounds(rounds, () => timeOf(async () => (await store.open(long.id)).close()))
    const page = await inRounds(rounds, () => timeOf(() => store.list()))
    return [
      row('a turn of two entries at 5 MB', 15, turn),
      row('opening 5 MB, compacted', 100, opening),
      row(`a page of ${CONVERSATIONS} conversations`, 5, page),
    ]
  } finally {
    await store[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true })
  }
}

function fill(directory: string): void {
  const folder = join(directory, 'transcripts')
  mkdirSync(folder, { mode: 0o700 })
  for (let n = 0; n < CONVERSATIONS; n++) {
    const id = newId('conv') as TranscriptId
    writeNewTranscript(join(folder, `${id}.jsonl`), { id, cwd: `/project-${n % 20}`, created: Date.now() })
  }
}

/** A conversation whose older part was compacted. */
async function writeLong(store: FileTranscriptStore): Promise<Transcript> {
  const transcript = await store.create({ cwd: '/' })
  const attempt = await transcript.begin()
  while (statSync(transcript.file).size < LONG_BYTES) await attempt.append(Array.from({ length: 100 }, () => ENTRY))
  await attempt.compact({ summary: { text: 'so far' }, keepFromSeq: transcript.entries.at(-10)!.seq })
  await attempt.cleanup('written')
  return transcript
}

async function runTurn(transcript: Transcript): Promise<void> {
  const attempt = await transcript.begin()
  await attempt.append([ENTRY])
  await attempt.append([ENTRY])
  await attempt.sync()
  await attempt.cleanup('the turn has ended')
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const values: number[] = []
  for (let n = 0; n < TIMES; n++) {
    const startedAt = performance.now()
    await work()
    values.push(performance.now() - startedAt)
  }
  return median(values)
}

function row(name: string, limit: number, values: readonly number[]): Row {
  return { name, unit: 'ms', holdfast: median([...values]), bar: { on: 'value', kind: 'at most', limit } }
}
