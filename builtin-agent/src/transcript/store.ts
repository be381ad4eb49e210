// All conversations of one state directory: makes, opens, lists, copies and removes transcripts.
// Owns the names and the directory. Many processes may have it open; what they do to one file is decided by its lock.

import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'

import { systemClock, type Clock } from '../../../src/base/clock.ts'
import { HoldfastError } from '../../../src/base/errors.ts'
import { newId } from '../../../src/base/ids.ts'
import { ensurePrivateDirectory } from '../../../src/base/private-directory.ts'
import type { Diagnose } from './diagnose.ts'
import { glanceAt } from './file/glance.ts'
import { Journal } from './file/journal.ts'
import { Listing } from './listing.ts'
import { loadTranscript, readBehindHeader } from './file/load.ts'
import { LockTable } from './lock/lock-table.ts'
import { copyTranscript, removeOldDrafts, writeNewTranscript } from './file/new-file.ts'
import { OpenTranscript } from './open-transcript.ts'
import type {
  Entry,
  ListOptions,
  Transcript,
  TranscriptId,
  TranscriptPage,
  TranscriptStore,
  TranscriptSummary,
} from './port.ts'
import { realFile } from './file/real-file.ts'

const SUFFIX = '.jsonl'
const NAME_PATTERN = /^conv_[0-9a-z]{26}\.jsonl$/
/** Files that one turn of the event loop looks at. */
const GLANCES = 50

export interface StoreOptions {
  readonly diagnose: Diagnose
  readonly clock?: Clock
}

export class FileTranscriptStore implements TranscriptStore {
  readonly #directory: string
  readonly #listing: Listing
  readonly #locks: LockTable
  readonly #clock: Clock
  readonly #diagnose: Diagnose
  readonly #open = new Set<OpenTranscript>()
  #isListingWhole = false

  /** Made with mode 0700 when it is missing. STATE_DIR_UNSAFE, TRANSCRIPT_FAILED. */
  constructor(stateDirectory: string, { diagnose, clock = systemClock }: StoreOptions) {
    this.#directory = join(stateDirectory, 'transcripts')
    ensurePrivateDirectory(stateDirectory)
    ensurePrivateDirectory(this.#directory)
    this.#clock = clock
    this.#diagnose = diagnose
    this.#listing = new Listing(join(stateDirectory, 'listing.db'))
    this.#locks = new LockTable(stateDirectory, { clock, diagnose })
  }

  async create({ cwd }: { readonly cwd: string }): Promise<Transcript> {
    const created = this.#clock.now()
    const id = newId('conv', created) as TranscriptId
    this.#listing.put({ id, cwd, createdAt: created, updatedAt: created })
    writeNewTranscript(this.#fileOf(id), { id, cwd, created })
    return this.openFile(this.#fileOf(id))
  }

  async open(id: TranscriptId): Promise<Transcript> {
    const transcript = await this.openFile(this.#fileOf(id))
    if (transcript.id === id) return transcript
    await transcript.close()
    const { file } = transcript
    throw new HoldfastError('TRANSCRIPT_DAMAGED', { file, line: 1, reason: `it is the header of ${transcript.id}` })
  }

  /** By any of its paths. As `open`. */
  async openFile(path: string): Promise<OpenTranscript> {
    const journal = this.#openJournal(path)
    try {
      const loaded = await loadTranscript(journal)
      const transcript = new OpenTranscript(journal, loaded, this.#locks.lease(journal.fd, journal.file), {
        clock: this.#clock,
        diagnose: this.#diagnose,
        identity: this.#locks.identity,
        onChange: (changed) => this.#listing.put(summaryOf(changed, this.#clock.now())),
        onClose: (closed) => this.#open.delete(closed),
      })
      this.#open.add(transcript)
      return transcript
    } catch (error) {
      await journal.close()
      throw error
    }
  }

  salvage(id: TranscriptId): AsyncIterable<Entry> {
    return readBehindHeader(this.#fileOf(id))
  }

  async list(options: ListOptions = {}): Promise<TranscriptPage> {
    if (!this.#isListingWhole) await this.#completeListing()
    this.#isListingWhole = true
    const { items, ...rest } = this.#listing.page(options)
    return { items: items.flatMap((item) => this.#asItIs(item) ?? []), ...rest }
  }

  async fork(id: TranscriptId, { cwd }: { readonly cwd: string }): Promise<Transcript> {
    const journal = this.#openJournal(this.#fileOf(id))
    try {
      const { header, base, damage, view } = await loadTranscript(journal)
      if (damage !== undefined) throw new HoldfastError('TRANSCRIPT_DAMAGED', { file: journal.file, ...damage })
      const created = this.#clock.now()
      const child = newId('conv', created) as TranscriptId
      const { title } = view
      const summary = { id: child, cwd, createdAt: created, updatedAt: created, parent: header.id }
      this.#listing.put({ ...summary, ...(title !== undefined && { title }) })
      const parent = { id: header.id, seq: journal.position.seq }
      await copyTranscript(journal, { base, file: this.#fileOf(child), header: { id: child, cwd, created, parent } })
      return await this.openFile(this.#fileOf(child))
    } finally {
      await journal.close()
    }
  }

  async delete(id: TranscriptId): Promise<void> {
    const journal = this.#openJournal(this.#fileOf(id))
    const { lock, giveBack, discard } = this.#locks.lease(journal.fd, journal.file)
    try {
      await lock.hold({ stage: 'delete' }, () => {
        rmSync(journal.file, { force: true })
        if (journal.links() === 0) discard()
      })
      for (const name of readdirSync(this.#directory)) {
        if (name.startsWith(`${id}${SUFFIX}.`)) rmSync(join(this.#directory, name), { force: true })
      }
      this.#listing.delete(id)
    } finally {
      giveBack()
      await journal.close()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#open].map((transcript) => transcript.close()))
    this.#locks[Symbol.dispose]()
    this.#listing[Symbol.dispose]()
  }

  #fileOf(id: TranscriptId): string {
    const name = `${id}${SUFFIX}`
    if (!NAME_PATTERN.test(name)) throw new HoldfastError('TRANSCRIPT_NOT_FOUND', { transcript: id })
    return join(this.#directory, name)
  }

  #openJournal(path: string): Journal {
    return new Journal(realFile(path), this.#diagnose)
  }

  /** What a crash or a hand has kept out of the list or left in it. */
  async #completeListing(): Promise<void> {
    removeOldDrafts(this.#directory, this.#clock.now())
    const known = this.#listing.ids()
    const names = new Set(readdirSync(this.#directory).filter((name) => NAME_PATTERN.test(name)))
    for (const id of known) if (!names.has(`${id}${SUFFIX}`)) this.#listing.delete(id as TranscriptId)
    const missing = [...names].filter((name) => !known.has(name.slice(0, -SUFFIX.length)))
    for (let at = 0; at < missing.length; at += GLANCES) {
      const files = missing.slice(at, at + GLANCES).map((name) => join(this.#directory, name))
      this.#listing.putAll(files.flatMap((file) => (existsSync(file) ? (glanceAt(file) ?? []) : [])))
      await setImmediate()
    }
  }

  /** Undefined when it is gone. A writer that died may have left the list behind the file. */
  #asItIs(item: TranscriptSummary): TranscriptSummary | undefined {
    const stat = statSync(this.#fileOf(item.id), { throwIfNoEntry: false })
    return stat && { ...item, updatedAt: Math.max(item.updatedAt, Math.floor(stat.mtimeMs)) }
  }
}

function summaryOf({ id, cwd, title, createdAt, parent }: Transcript, updatedAt: number): TranscriptSummary {
  return {
    id,
    cwd,
    createdAt,
    updatedAt,
    ...(title !== undefined && { title }),
    ...(parent !== undefined && { parent }),
  }
}
