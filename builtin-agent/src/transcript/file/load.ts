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

/** What can be read of a file whose header says nothing: everything behind the first line. */
export async function* readBehindHeader(journal: Journal): AsyncGenerator<Entry> {
  const [first] = rawLines(journal.fd, 0, journal.size()).next().value ?? []
  if (first === undefined) return
  const range = { from: first.bytes.length + 1, end: journal.size(), previousCrc: undefined }
  for await (const { entry } of readSalvage(journal.fd, range)) yield entry
}

interface SalvagedEntry {
  readonly entry: Entry
  readonly offset: number
}

/**
 * The entries from `from` on that are as they were written. Behind a bad line one line is taken at its word, because what proves it is
 * gone; a compaction never is. `previousCrc`: of the line before `from`, if it is known.
 */
export async function* readSalvage(
  fd: number,
  { from, end, previousCrc }: { from: number; end: number; previousCrc: number | undefined },
): AsyncGenerator<SalvagedEntry> {
  let previous = previousCrc
  for (const batch of rawLines(fd, from, end)) {
    for (const { bytes, offset } of batch) {
      const isProved = previous !== undefined && checkLine(bytes, previous) !== undefined
      const isGood = isProved || (previous === undefined && storedCrc(bytes) !== undefined)
      const entry = isGood ? decodeEntry(bytes) : undefined
      previous = isGood ? storedCrc(bytes) : undefined
      if (entry !== undefined && (isProved || entry.type !== COMPACTION)) yield { entry, offset }
    }
    await setImmediate()
  }
}
