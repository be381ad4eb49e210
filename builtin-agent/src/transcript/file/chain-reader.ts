// Reads a transcript file forward, line by line, and checks that each is what was written after the one before.
// Owns the position up to which the file is proved. Never writes, never decides what a bad line means.

import { readSync } from 'node:fs'

import { checkLine, CRC_START, LINE_BYTES_MAX, typeOfLine } from './line-format.ts'
import type { TranscriptDamage } from '../port.ts'

const CHUNK_BYTES = 1024 * 1024
const LF = 0x0a

export interface RawLine {
  /** Without its LF. A view of a buffer that is not used again. */
  readonly bytes: Buffer
  /** Where it begins in the file. */
  readonly offset: number
}

export interface ChainLine extends RawLine {
  readonly seq: number
  readonly type: string
}

/** Up to where the file is proved: behind the last good line. */
export interface Position {
  readonly offset: number
  /** Of the last entry; 0 when there is none. */
  readonly seq: number
  readonly crc: number
}

export class ChainReader {
  #position: Position
  #damage: TranscriptDamage | undefined

  constructor(position: Position) {
    this.#position = position
  }

  /** Of a file whose entries begin at `offset`. */
  static atStart(offset: number): ChainReader {
    return new ChainReader({ offset, seq: 0, crc: CRC_START })
  }

  get position(): Position {
    return this.#position
  }

  /** Set once a whole line was not what was written; nothing is read after that. */
  get damage(): TranscriptDamage | undefined {
    return this.#damage
  }

  /** The good lines of `fd` from the position to `end`, in batches. A last line without LF is left out; it is no damage. */
  *read(fd: number, end: number): Generator<readonly ChainLine[]> {
    for (const batch of rawLines(fd, this.#position.offset, end)) {
      const lines: ChainLine[] = []
      for (const raw of batch) {
        const line = this.#check(raw)
        if (line === undefined) break
        lines.push(line)
      }
      yield lines
      if (this.#damage !== undefined) return
    }
  }

  #check(raw: RawLine): ChainLine | undefined {
    const seq = this.#position.seq + 1
    const crc = checkLine(raw.bytes, this.#position.crc)
    const type = typeOfLine(raw.bytes, seq)
    if (crc === undefined || type === undefined) {
      const reason = crc === undefined ? 'its checksum is wrong' : `it is not entry ${seq}`
      this.#damage = { line: seq + 1, reason }
      return undefined
    }
    this.#position = { offset: raw.offset + raw.bytes.length + 1, seq, crc }
    return { ...raw, seq, type }
  }
}

/** The lines of `fd` that end with LF before `end`, as they are, in batches of about 1 MiB. */
export function* rawLines(fd: number, from: number, end: number): Generator<readonly RawLine[]> {
  let offset = from
  let wantBytes = CHUNK_BYTES
  while (offset < end) {
    const chunk = readFully(fd, offset, Math.min(wantBytes, end - offset))
    const whole = chunk.lastIndexOf(LF) + 1
    if (whole === 0) {
      if (chunk.length < wantBytes || wantBytes > LINE_BYTES_MAX) return
      wantBytes *= 2
      continue
    }
    yield splitLines(chunk.subarray(0, whole), offset)
    offset += whole
    wantBytes = CHUNK_BYTES
  }
}

function splitLines(chunk: Buffer, offset: number): RawLine[] {
  const lines: RawLine[] = []
  for (let start = 0; start < chunk.length;) {
    const lf = chunk.indexOf(LF, start)
    lines.push({ bytes: chunk.subarray(start, lf), offset: offset + start })
    start = lf + 1
  }
  return lines
}

/** As much of the range as there is. */
export function readFully(fd: number, from: number, bytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(bytes)
  let filled = 0
  while (filled < bytes) {
    const count = readSync(fd, buffer, filled, bytes - filled, from + filled)
    if (count === 0) break
    filled += count
  }
  return buffer.subarray(0, filled)
}
