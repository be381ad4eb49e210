// The open file of one transcript: appends whole lines, sees what others appended, puts a torn tail aside.
// Everything that writes or looks for others' writes is called under the session lock; this class knows nothing of it.

import {
  closeSync,
  constants,
  fdatasync,
  fstatSync,
  fsync,
  ftruncateSync,
  openSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'

import { HoldfastError } from '../../../../src/base/errors.ts'
import { ChainReader, readFully, type ChainLine, type Position } from './chain-reader.ts'
import type { Diagnose } from '../diagnose.ts'
import { LINE_BYTES_MAX, tailOf } from './line-format.ts'
import type { TranscriptDamage } from '../port.ts'

/** What happened to the file since it was looked at. */
export type Advance =
  | { readonly kind: 'lines'; readonly lines: readonly ChainLine[]; readonly bytes: number }
  | { readonly kind: 'missing' }
  | { readonly kind: 'changed'; readonly reason: string }
  | { readonly kind: 'damaged'; readonly damage: TranscriptDamage }

export class Journal {
  readonly fd: number
  readonly file: string
  readonly #diagnose: Diagnose
  #position: Position = { offset: 0, seq: 0, crc: 0 }
  #syncing: Promise<void> = Promise.resolve()
  #isNameSynced = false

  /** `file`: absolute, without symbolic links. Errors of the system call. */
  constructor(file: string, diagnose: Diagnose) {
    this.file = file
    this.fd = openSync(file, constants.O_RDWR | constants.O_APPEND)
    this.#diagnose = diagnose
  }

  /** Behind the last line that is known to be good. */
  get position(): Position {
    return this.#position
  }

  /** After reading, by whoever read up to there. */
  moveTo(position: Position): void {
    this.#position = position
  }

  size(): number {
    return fstatSync(this.fd).size
  }

  /** How many names the file has. */
  links(): number {
    return fstatSync(this.fd).nlink
  }

  /** Looks for what others appended. At most `bytesMax` of it; more is `changed`. Puts a torn tail aside. */
  advance(bytesMax: number): Advance {
    const size = this.size()
    const change = this.#findChange(size)
    if (change !== undefined) return change
    const bytes = size - this.#position.offset
    if (bytes > bytesMax) return { kind: 'changed', reason: `others wrote ${bytes} bytes` }
    const reader = new ChainReader(this.#position)
    const lines = [...reader.read(this.fd, size)].flat()
    if (reader.damage !== undefined) return { kind: 'damaged', damage: reader.damage }
    this.#position = reader.position
    const tailBytes = size - reader.position.offset
    // Longer than a line can be: whatever it is, nobody died over writing it.
    if (tailBytes > LINE_BYTES_MAX)
      return { kind: 'damaged', damage: { line: reader.position.seq + 2, reason: 'it has no end' } }
    if (tailBytes > 0) this.#putTailAside(size)
    return { kind: 'lines', lines, bytes }
  }

  /** One write; moves the position behind it. TRANSCRIPT_FAILED: the file is as before. */
  append(bytes: Buffer, last: { readonly seq: number; readonly crc: number }): void {
    const { offset } = this.#position
    let written = 0
    let cause: unknown
    try {
      written = writeSync(this.fd, bytes)
    } catch (error) {
      cause = error
    }
    if (written !== bytes.length) {
      ftruncateSync(this.fd, offset)
      const { code: reason = `the disk took ${written} of ${bytes.length} bytes` } = (cause ??
        {}) as NodeJS.ErrnoException
      throw new HoldfastError('TRANSCRIPT_FAILED', { file: this.file, reason }, { cause })
    }
    this.#position = { offset: offset + bytes.length, ...last }
  }

  /** What was appended survives the machine; the first time also the name of the file. TRANSCRIPT_FAILED; never to be tried again. */
  sync(): Promise<void> {
    this.#syncing = this.#syncing.then(() => this.#sync())
    return this.#syncing
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.#syncing])
    closeSync(this.fd)
  }

  async #sync(): Promise<void> {
    try {
      await promisify(fdatasync)(this.fd)
      if (!this.#isNameSynced) await syncDirectory(dirname(this.file))
      this.#isNameSynced = true
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      throw new HoldfastError('TRANSCRIPT_FAILED', { file: this.file, reason: code }, { cause })
    }
  }

  #findChange(size: number): Advance | undefined {
    const named = statSync(this.file, { bigint: true, throwIfNoEntry: false })
    if (named === undefined) return { kind: 'missing' }
    const { dev, ino } = fstatSync(this.fd, { bigint: true })
    if (named.dev !== dev || named.ino !== ino) return { kind: 'changed', reason: 'the file was replaced' }
    const { offset, seq, crc } = this.#position
    if (size < offset) return { kind: 'changed', reason: 'the file was shortened' }
    if (seq === 0) return undefined
    const tail = tailOf(crc)
    const isSame = readFully(this.fd, offset - tail.length, tail.length).equals(tail)
    return isSame ? undefined : { kind: 'changed', reason: 'the file was rewritten' }
  }

  /** A line that somebody died over. It stays in a file beside. */
  #putTailAside(size: number): void {
    const { offset } = this.#position
    const tail = readFully(this.fd, offset, size - offset)
    const copy = `${this.file}.torn-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`
    writeFileSync(copy, tail, { flag: 'wx', mode: 0o600, flush: true })
    ftruncateSync(this.fd, offset)
    this.#diagnose('torn tail of a transcript was put aside', { file: this.file, bytes: tail.length, copy })
  }
}

async function syncDirectory(path: string): Promise<void> {
  const fd = openSync(path, 'r')
  try {
    await promisify(fsync)(fd)
  } finally {
    closeSync(fd)
  }
}
