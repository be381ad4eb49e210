// The locks of one state directory. A file is named by device and inode, so that all its paths are one lock.
// A lock is used only while its file is open: as long as it is, the kernel gives its inode to no other file.

import { AsyncLocalStorage } from 'node:async_hooks'
import { fstatSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import type { Clock } from '../../../../src/base/clock.ts'
import { newId } from '../../../../src/base/ids.ts'
import { ensurePrivateDirectory } from '../../../../src/base/private-directory.ts'
import type { Diagnose } from '../diagnose.ts'
import { Holders, type ProcessIdentity } from './holders.ts'
import { FileLock, type HoldContext, type LockDeps } from './session-lock.ts'

export interface LeasedLock {
  readonly lock: FileLock
  /** Once, when the file is closed. */
  giveBack(): void
  /** Removes what the kernel's lock stood on. Only under the lock, with the file open and its last name gone. */
  discard(): void
}

interface Slot {
  readonly lock: FileLock
  users: number
}

export class LockTable implements Disposable {
  readonly #directory: string
  readonly #deps: LockDeps
  readonly #slots = new Map<string, Slot>()

  /** `directory`: that of the state; `locks` and `holders` are made in it. */
  constructor(directory: string, { clock, diagnose }: { clock: Clock; diagnose: Diagnose }) {
    this.#directory = join(directory, 'locks')
    ensurePrivateDirectory(this.#directory)
    const holders = new Holders(join(directory, 'holders'), newId('store'))
    this.#deps = { clock, diagnose, holders, context: new AsyncLocalStorage<HoldContext>() }
  }

  /** Who we are, as others will know us. */
  get identity(): ProcessIdentity {
    return this.#deps.holders.identity
  }

  /** The lock of the open file `fd`; `file` is its name in messages. */
  lease(fd: number, file: string): LeasedLock {
    const { dev, ino } = fstatSync(fd, { bigint: true })
    const key = `${dev}-${ino}`
    const lockFile = join(this.#directory, `${key}.lock`)
    const slot = this.#slots.get(key) ?? { lock: new FileLock({ file, key, lockFile }, this.#deps), users: 0 }
    slot.users++
    this.#slots.set(key, slot)
    const giveBack = (): void => {
      slot.users--
      if (slot.users === 0 && this.#slots.get(key) === slot) this.#slots.delete(key)
    }
    return { lock: slot.lock, giveBack, discard: () => rmSync(lockFile, { force: true }) }
  }

  [Symbol.dispose](): void {
    this.#deps.holders[Symbol.dispose]()
  }
}
