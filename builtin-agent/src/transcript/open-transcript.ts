// One open conversation: reading without a lock, writing under it. Owns the file, what counts of it, and the attempts made here.
// Modes: whole, damaged (reads, never writes), closed. Nobody writes but through `write`, which looks at the file first.

import { HoldfastError } from '../../../src/base/errors.ts'
import { assert } from '../../../src/base/assert.ts'
import type { Clock } from '../../../src/base/clock.ts'
import { Attempt } from './attempt.ts'
import type { ChainLine } from './file/chain-reader.ts'
import type { Diagnose } from './diagnose.ts'
import type { ProcessIdentity } from './lock/holders.ts'
import type { Journal } from './file/journal.ts'
import { decodeEntry, encodeEntry, LINE_BYTES_MAX, type EncodedLine } from './file/line-format.ts'
import { readFrom, type LoadedFile } from './file/load.ts'
import type { LeasedLock } from './lock/lock-table.ts'
import type { Entry, HoldOptions, LockHold, NewEntry, Note, Transcript, TranscriptId, WaitOptions } from './port.ts'
import { ATTEMPT, isNote } from './file/view.ts'

export interface TranscriptDeps {
  readonly clock: Clock
  readonly diagnose: Diagnose
  readonly identity: ProcessIdentity
  /** What a list shows of it may be another now. */
  readonly onChange: (transcript: OpenTranscript) => void
  readonly onClose: (transcript: OpenTranscript) => void
}

export class OpenTranscript implements Transcript {
  readonly #journal: Journal
  readonly #loaded: LoadedFile
  readonly #leased: LeasedLock
  readonly #deps: TranscriptDeps
  readonly #attempts = new Set<Attempt>()
  #damage: LoadedFile['damage']
  #foreignSeq = 0
  #closing: Promise<void> | undefined

  constructor(journal: Journal, loaded: LoadedFile, leased: LeasedLock, deps: TranscriptDeps) {
    this.#journal = journal
    this.#loaded = loaded
    this.#leased = leased
    this.#deps = deps
    this.#damage = loaded.damage
  }

  get id(): TranscriptId {
    return this.#loaded.header.id
  }

  get file(): string {
    return this.#journal.file
  }

  get cwd(): string {
    return this.#loaded.header.cwd
  }

  get createdAt(): number {
    return this.#loaded.header.created
  }

  get parent(): TranscriptId | undefined {
    return this.#loaded.header.parent?.id
  }

  get title(): string | undefined {
    return this.#loaded.view.title
  }

  get settings(): Transcript['settings'] {
    return this.#loaded.view.settings
  }

  get damage(): Transcript['damage'] {
    return this.#damage
  }

  get entries(): readonly Entry[] {
    return this.#loaded.view.entries
  }

  /** Of the last entry that is known here: the attempt that may write. */
  get epoch(): number {
    return this.#loaded.view.epoch
  }

  get lastSeq(): number {
    return this.#journal.position.seq
  }

  /** The last entry that others wrote and that is no note; 0 when there is none. */
  get foreignSeq(): number {
    return this.#foreignSeq
  }

  async *history(): AsyncGenerator<Entry> {
    for await (const entry of readFrom(this.file, this.#loaded.base)) if (entry.type !== ATTEMPT) yield entry
  }

  annotate(notes: readonly Note[], options: WaitOptions = {}): Promise<readonly Entry[]> {
    return this.hold({ ...options, stage: 'annotate', nested: true }, (hold) => {
      this.catchUp()
      const stored = this.write(hold, notes, this.epoch)
      this.#deps.onChange(this)
      return stored
    })
  }

  begin(options: WaitOptions = {}): Promise<Attempt> {
    return this.hold({ ...options, stage: 'begin' }, (hold) => {
      this.catchUp()
      const epoch = this.epoch + 1
      const { clock, diagnose, identity, onChange } = this.#deps
      this.write(hold, [{ type: ATTEMPT, body: identity }], epoch)
      const attempt = new Attempt(this, { epoch, clock, diagnose, onOver: () => this.#ended(attempt) })
      this.#attempts.add(attempt)
      onChange(this)
      return attempt
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Runs `body` under the lock of this file. Errors of `SessionLock.hold`. */
  hold<T>(options: HoldOptions, body: (hold: LockHold) => T | Promise<T>): Promise<T> {
    assert(this.#closing === undefined, 'a closed transcript is not written')
    return this.#leased.lock.hold(options, body)
  }

  /**
   * Under the lock: what others wrote becomes part of what counts here. TRANSCRIPT_NOT_FOUND, TRANSCRIPT_DAMAGED;
   * TRANSCRIPT_TAKEN_OVER when the file is not the one that was opened, or others wrote more than `bytesMax`.
   */
  catchUp(bytesMax = Number.POSITIVE_INFINITY): void {
    const advance = this.#journal.advance(bytesMax)
    const { file } = this
    switch (advance.kind) {
      case 'lines':
        return advance.lines.forEach((line) => this.#applyForeign(line))
      case 'missing':
        // The lock that we took may have been made anew behind the deletion.
        if (this.#journal.links() === 0) this.#leased.discard()
        throw new HoldfastError('TRANSCRIPT_NOT_FOUND', { transcript: this.id, file })
      case 'changed':
        throw new HoldfastError('TRANSCRIPT_TAKEN_OVER', { file, reason: advance.reason })
      case 'damaged':
        this.#damage = advance.damage
        throw this.#damagedError(advance.damage)
    }
  }

  /** Under the lock and behind `catchUp`: one write. TRANSCRIPT_TAKEN_OVER when the hold is over, TRANSCRIPT_FAILED. */
  write(hold: LockHold, entries: readonly NewEntry[], epoch: number): readonly Entry[] {
    const at = this.#deps.clock.now()
    const { seq, offset, crc } = this.#journal.position
    const stored = entries.map((entry, n) => ({ ...entry, seq: seq + 1 + n, at, epoch }) as Entry)
    const lines = this.#encode(stored, crc)
    hold.assertHeld()
    if (lines.length === 0) return stored
    this.#journal.append(Buffer.concat(lines.map(({ bytes }) => bytes)), {
      seq: seq + lines.length,
      crc: lines.at(-1)!.crc,
    })
    let next = offset - this.#loaded.base
    for (const [n, entry] of stored.entries()) {
      this.#loaded.view.apply(entry, next)
      next += lines[n]!.bytes.length
    }
    return stored
  }

  /** Under the lock: the body of a compaction that would be the next entry. */
  compactionBody({ summary, keepFromSeq }: { summary: object; keepFromSeq: number }): object {
    const { seq, offset } = this.#journal.position
    return this.#loaded.view.compaction(summary, keepFromSeq, { seq: seq + 1, offset: offset - this.#loaded.base })
  }

  sync(): Promise<void> {
    return this.#journal.sync()
  }

  #encode(entries: readonly Entry[], crc: number): EncodedLine[] {
    let previous = crc
    return entries.map((entry) => {
      const line = encodeEntry(entry, previous)
      if (line.bytes.length > LINE_BYTES_MAX) {
        const reason = `an entry has ${line.bytes.length} bytes; the limit is ${LINE_BYTES_MAX}`
        throw new HoldfastError('TRANSCRIPT_FAILED', { file: this.file, reason })
      }
      previous = line.crc
      return line
    })
  }

  #applyForeign({ bytes, offset, seq, type }: ChainLine): void {
    this.#loaded.view.apply(decodeEntry(bytes)!, offset - this.#loaded.base)
    if (!isNote(type)) this.#foreignSeq = seq
  }

  #ended(attempt: Attempt): void {
    this.#attempts.delete(attempt)
    this.#deps.onChange(this)
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#attempts].map((attempt) => attempt.cleanup('the conversation was closed')))
    await this.#journal.close()
    this.#leased.giveBack()
    this.#deps.onClose(this)
  }

  #damagedError({ line, reason }: NonNullable<LoadedFile['damage']>): HoldfastError {
    return new HoldfastError('TRANSCRIPT_DAMAGED', { file: this.file, line, reason })
  }
}
