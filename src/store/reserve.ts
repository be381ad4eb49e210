// Room for what was promised before the disk was full: a file beside the database that is given up then.
// Modes: kept -> given up (no new work may be taken) -> kept, when there is room for it again. Owns that file and one timer.

import { randomBytes } from 'node:crypto'
import { existsSync, rmSync } from 'node:fs'
import { open, rename, rm, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'

import type { Clock, Timer } from '../base/clock.ts'

/** As much as the WAL takes before it starts over. */
const RESERVE_BYTES = 8 * 1024 * 1024
/** With less than this the file would be what fills the disk. */
const FREE_BYTES_MIN = 2 * RESERVE_BYTES
const PIECE_BYTES = 512 * 1024
/** A start has better things to do. */
const FIRST_MS = 1_000
const LOOK_MS = 1_000

export interface ReserveOptions {
  readonly file: string
  readonly clock: Clock
  /** Told at each change of mode, and when there was no room for it from the start. */
  changed(hasRoom: boolean): void
}

export class Reserve {
  readonly #options: ReserveOptions
  #hasRoom = true
  #timer: Timer | undefined
  #isClosed = false
  #looking: Promise<void> = Promise.resolve()

  constructor(options: ReserveOptions) {
    this.#options = options
    this.#lookIn(FIRST_MS)
  }

  /** False: what is left on the disk is for what runs already. */
  get hasRoom(): boolean {
    return this.#hasRoom
  }

  /** The disk is full. True when that made room, once until there was enough again: a write is worth another try. */
  giveUp(): boolean {
    const { file } = this.#options
    if (!this.#hasRoom || !existsSync(file)) return false
    rmSync(file, { force: true })
    this.#enter(false)
    this.#lookIn(LOOK_MS)
    return true
  }

  /** The file stays for the next start. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#timer?.cancel()
    await this.#looking
  }

  #lookIn(ms: number): void {
    const { clock } = this.#options
    this.#timer?.cancel()
    if (this.#isClosed) return
    this.#timer = clock.at(clock.now() + ms, () => void (this.#looking = this.#look()))
  }

  /** Until the file is there. */
  async #look(): Promise<void> {
    const isKept = await this.#keep().catch(() => false)
    if (isKept !== this.#hasRoom) this.#enter(isKept)
    if (!isKept) this.#lookIn(LOOK_MS)
  }

  async #keep(): Promise<boolean> {
    const { file } = this.#options
    if (existsSync(file)) return true
    const { bavail, bsize } = await statfs(dirname(file))
    if (bavail * bsize < FREE_BYTES_MIN || this.#isClosed) return false
    try {
      await fill(`${file}.partial`)
      await rename(`${file}.partial`, file)
      return true
    } catch (error) {
      await rm(`${file}.partial`, { force: true })
      throw error
    }
  }

  #enter(hasRoom: boolean): void {
    this.#hasRoom = hasRoom
    this.#options.changed(hasRoom)
  }
}

/** Bytes that no file system can make smaller. */
async function fill(path: string): Promise<void> {
  const handle = await open(path, 'w', 0o600)
  try {
    const piece = randomBytes(PIECE_BYTES)
    for (let bytes = 0; bytes < RESERVE_BYTES; bytes += PIECE_BYTES) await handle.appendFile(piece)
  } finally {
    await handle.close()
  }
}
