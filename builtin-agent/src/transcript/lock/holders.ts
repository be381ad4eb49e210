// Who holds which lock, for messages: one small file for each process, written in place. It may be behind or torn; it decides nothing.

import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'

import { isDead, readBootId, readStat } from '../../../../src/base/birth.ts'
import { ensurePrivateDirectory } from '../../../../src/base/private-directory.ts'

/** Names one process on one machine. `pid` and `startTicks` mean nothing in another boot or pid namespace. */
export interface ProcessIdentity {
  readonly boot: string
  readonly pidNamespace: string
  readonly pid: number
  readonly startTicks: string
}

export interface NotedHold {
  readonly key: string
  /** Epoch ms. */
  readonly since: number
  readonly stage: string
}

/** `elsewhere`: it lives in another pid namespace, if it does. `unknown`: nobody said that he holds it. */
export type Liveness = 'this process' | 'running' | 'stopped' | 'gone' | 'elsewhere' | 'unknown'

export interface Holder extends ProcessIdentity, NotedHold {
  readonly liveness: Liveness
}

interface HolderFile extends ProcessIdentity {
  readonly holds: readonly NotedHold[]
}

/** The file of this process, and a look at those of others. */
export class Holders implements Disposable {
  readonly #directory: string
  readonly #file: string
  #fd: number | undefined
  readonly #holds = new Map<string, NotedHold>()
  readonly identity = readOwnIdentity()

  /** Makes the directory; removes the files of processes that are proved to be gone. `name` is unique in this process. */
  constructor(directory: string, name: string) {
    ensurePrivateDirectory(directory)
    this.#directory = directory
    sweep(directory, this.identity)
    this.#file = join(directory, `${this.identity.pid}-${this.identity.startTicks}-${name}.json`)
    this.#fd = openSync(this.#file, 'w', 0o600)
    this.#write()
  }

  note(hold: NotedHold): void {
    this.#holds.set(hold.key, hold)
    this.#write()
  }

  clear(key: string): void {
    this.#holds.delete(key)
    this.#write()
  }

  /** Who says that he holds `key`; one that lives before one that is gone. */
  find(key: string): Holder | undefined {
    const found = readAll(this.#directory).flatMap((file) => this.#heldBy(file, key))
    return found.find(({ liveness }) => liveness !== 'gone') ?? found[0]
  }

  /** Idempotent; nothing is noted after it. */
  [Symbol.dispose](): void {
    if (this.#fd === undefined) return
    closeSync(this.#fd)
    this.#fd = undefined
    rmSync(this.#file, { force: true })
  }

  #heldBy({ holds, ...identity }: HolderFile, key: string): Holder[] {
    const liveness = livenessOf(identity, this.identity)
    return holds.filter((hold) => hold.key === key).map((hold) => ({ ...identity, ...hold, liveness }))
  }

  #write(): void {
    const file: HolderFile = { ...this.identity, holds: [...this.#holds.values()] }
    // Only the first line counts; what a longer one has left behind it is not cut off.
    if (this.#fd !== undefined) writeSync(this.#fd, `${JSON.stringify(file)}\n`, 0)
  }
}

export function readOwnIdentity(): ProcessIdentity {
  const startTicks = readStat(process.pid)?.startTicks ?? ''
  return { boot: readBootId(), pidNamespace: readPidNamespace(), pid: process.pid, startTicks }
}

/** What can be told of `identity` from where `own` stands. `gone` only when it is proved. */
export function livenessOf(identity: ProcessIdentity, own: ProcessIdentity): Liveness {
  if (own.boot === '') return identity.pid === own.pid ? 'this process' : 'unknown'
  if (identity.boot !== own.boot) return 'gone'
  if (identity.pidNamespace !== own.pidNamespace) return 'elsewhere'
  if (identity.pid === own.pid && identity.startTicks === own.startTicks) return 'this process'
  const stat = readStat(identity.pid)
  if (stat === undefined || stat.startTicks !== identity.startTicks || isDead(stat)) return 'gone'
  return stat.state === 'T' || stat.state === 't' ? 'stopped' : 'running'
}

function readPidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}

function sweep(directory: string, own: ProcessIdentity): void {
  for (const name of readdirSync(directory)) {
    const file = readHolderFile(join(directory, name))
    if (file !== undefined && livenessOf(file, own) === 'gone') rmSync(join(directory, name), { force: true })
  }
}

function readAll(directory: string): HolderFile[] {
  return readdirSync(directory).flatMap((name) => readHolderFile(join(directory, name)) ?? [])
}

function readHolderFile(path: string): HolderFile | undefined {
  try {
    const [line = ''] = readFileSync(path, 'utf8').split('\n', 1)
    const file = JSON.parse(line) as HolderFile
    return Array.isArray(file.holds) ? file : undefined
  } catch {
    // Removed, or written to at this moment.
    return undefined
  }
}
