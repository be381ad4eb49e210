// One entry of a directory, held by a descriptor that neither follows a link nor opens what it is (O_PATH): asking it about itself is
// asking about exactly this entry, whatever becomes of its name. Linux; `/proc/self/fd` is how the descriptor is used as a path.

import { existsSync } from 'node:fs'
import type { BigIntStats } from 'node:fs'
import { constants, open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'

import { codeOf } from './file-refusal.ts'

/** Of the kernel, the same on every machine that Node runs on; it has no name for it. */
const O_PATH = 0o10000000

/** Files can be confined here: without these descriptors every check is of a name, and a name is somebody else's to change. */
export function canHoldEntries(): boolean {
  return process.platform === 'linux' && existsSync('/proc/self/fd')
}

/** What something is, beyond its name. */
export type Identity = Pick<BigIntStats, 'dev' | 'ino'>

export class HeldEntry implements AsyncDisposable {
  readonly stat: BigIntStats
  readonly #handle: FileHandle

  private constructor(handle: FileHandle, stat: BigIntStats) {
    this.#handle = handle
    this.stat = stat
  }

  /** Rejects with the error of the system; a link is held itself unless `follow`. */
  static async open(path: string, { follow = false } = {}): Promise<HeldEntry> {
    const handle = await open(path, O_PATH | (follow ? 0 : constants.O_NOFOLLOW))
    try {
      return new HeldEntry(handle, await handle.stat({ bigint: true }))
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  /** Of a directory: the entry of this name. Undefined when there is none. */
  async find(name: string): Promise<HeldEntry | undefined> {
    try {
      return await HeldEntry.open(this.at(name))
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined
      throw error
    }
  }

  /** A path to the entry itself. Good while it is held. */
  get path(): string {
    return `/proc/self/fd/${this.#handle.fd}`
  }

  /** A path to what `name` is in this directory. Good while the directory is held. */
  at(name: string): string {
    return `${this.path}/${name}`
  }

  is({ dev, ino }: Identity): boolean {
    return this.stat.dev === dev && this.stat.ino === ino
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close()
  }
}
