// Opens a transcript file for use: header, proof of every line, and what counts. Takes no lock and writes nothing.
// Every byte is checked; only what counts is parsed.

import { setImmediate } from 'node:timers/promises'

import { HoldfastError } from '../../../../src/base/errors.ts'
import { ChainReader, rawLines, type ChainLine } from './chain-reader.ts'
import type { Journal } from './journal.ts'
import {
  checkLine,
  CRC_START,
  decodeEntry,
  decodeHeader,
  FORMAT_VERSION,
  storedCrc,
  type Header,
} from './line-format.ts'
import { ReadOnlyFile } from './real-file.ts'
import type { CompactionBody, Entry, TranscriptDamage } from '../port.ts'
import { COMPACTION, SETTING, TITLE, TranscriptView } from './view.ts'

export interface LoadedFile {
  readonly header: Header
  /** Where the first entry begins in the file. */
  readonly base: number
  readonly view: TranscriptView
  readonly damage: TranscriptDamage | undefined
}

/** Leaves the journal behind the last good line. TRANSCRIPT_DAMAGED for the header, TRANSCRIPT_NEWER. */
export async function loadTranscript(journal: Journal): Promise<LoadedFile> {
  const { header, base } = readHeader(journal)
  const size = journal.size()
  const view = new TranscriptView()
  const reader = ChainReader.atStart(base)
  let keptFrom = 0
  for (const batch of reader.read(journal.fd, size)) {
    for (const line of batch) keptFrom = survey(line, view, keptFrom)
    await setImmediate()
  }
  journal.moveTo(reader.position)
  const { damage } = reader
  if (damage === undefined) await applyFrom(journal, { base, keptFrom, view })
  else
    for await (const { entry, offset } of readSalvage(journal.fd, { from: base, end: size, previousCrc: CRC_START }))
      view.apply(entry, offset - base)
  return { header, base, view, damage }
}

/** What is needed of a line although a later compaction replaced it; where loading starts after this line. */
function survey(line: ChainLine, view: TranscriptView, keptFrom: number): number {
  if (line.type === TITLE || line.type === SETTING) view.applyNote(decodeEntry(line.bytes)!)
  if (line.type !== COMPACTION) return keptFrom
  return (decodeEntry(line.bytes)!.body as unknown as CompactionBody).keptFrom
}

async function applyFrom(
  journal: Journal,
  { base, keptFrom, view }: { base: number; keptFrom: number; view: TranscriptView },
): Promise<void> {
  for (const batch of rawLines(journal.fd, base + keptFrom, journal.position.offset)) {
    for (const { bytes, offset } of batch) view.apply(decodeEntry(bytes)!, offset - base)
    await setImmediate()
  }
}

function readHeader(journal: Journal): { header: Header; base: number } {
  const { file, fd } = journal
  const [first] = rawLines(fd, 0, journal.size()).next().value ?? []
  const decoded = first === undefined ? { problem: 'there is none' } : decodeHeader(first.bytes)
  if ('problem' in decoded) throw new HoldfastError('TRANSCRIPT_DAMAGED', { file, line: 1, reason: decoded.problem })
  if ('newerVersion' in decoded) {
    throw new HoldfastError('TRANSCRIPT_NEWER', { file, found: decoded.newerVersion, known: FORMAT_VERSION })
  }
  return { header: decoded, base: first!.bytes.length + 1 }
}

/** What can be read of a file whose header says nothing: everything behind the first line. Errors of `ReadOnlyFile`. */
export async function* readBehindHeader(path: string): AsyncGenerator<Entry> {
  using file = new ReadOnlyFile(path)
  const end = file.size()
  const [first] = rawLines(file.fd, 0, end).next().value ?? []
  if (first === undefined) return
  const range = { from: first.bytes.length + 1, end, previousCrc: undefined }
  for await (const { entry } of readSalvage(file.fd, range)) yield entry
}

/** Everything from `base` on, where the first entry begins, that is as it was written. Errors of `ReadOnlyFile`. */
export async function* readFrom(path: string, base: number): AsyncGenerator<Entry> {
  using file = new ReadOnlyFile(path)
  const range = { from: base, end: file.size(), previousCrc: CRC_START }
  for await (const { entry } of readSalvage(file.fd, range)) yield entry
}

interface SalvagedEntry {
  readonly entry: Entry
  readonly offset: number
}

/**
 * The entries from `from` on that are as they were written. Behind a bad line whose checksum is what is bad, one line is taken at its word,
 * because nothing can prove it; a compaction never is. `previousCrc`: of the line before `from`, if it is known.
 */
async function* readSalvage(
  fd: number,
  { from, end, previousCrc }: { from: number; end: number; previousCrc: number | undefined },
): AsyncGenerator<SalvagedEntry> {
  let previous = { crc: previousCrc, isGood: previousCrc !== undefined }
  for (const batch of rawLines(fd, from, end)) {
    for (const { bytes, offset } of batch) {
      const crc = storedCrc(bytes)
      const isProved = previous.crc !== undefined && checkLine(bytes, previous.crc) !== undefined
      const isGood = isProved || (!previous.isGood && crc !== undefined)
      previous = { crc, isGood }
      const entry = isGood ? decodeEntry(bytes) : undefined
      if (entry !== undefined && (isProved || entry.type !== COMPACTION)) yield { entry, offset }
    }
    await setImmediate()
  }
}
