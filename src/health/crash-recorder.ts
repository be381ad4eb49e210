// What this process can still say when a life of its gateway ends without its database. Outlives the lives that it speaks of.

import type { Clock } from '../base/clock.ts'
import { crashFileOf, describeError, writeCrashRecord } from './crash-record.ts'
import type { CrashRecord } from './crash-record.ts'

export interface CrashRecorderPorts {
  readonly stateDir: string
  readonly version: string
  readonly pid: number
  readonly clock: Clock
}

export class CrashRecorder {
  readonly file: string
  readonly #ports: CrashRecorderPorts
  /** Of the life that runs; 0 before there is one. */
  epoch = 0
  /** What the life that runs gives up with, once that is known; it ends in order then. */
  failure: unknown

  constructor(ports: CrashRecorderPorts) {
    this.#ports = ports
    this.file = crashFileOf(ports.stateDir)
  }

  /** Before each life. */
  begin(epoch: number): void {
    this.epoch = epoch
    this.failure = undefined
  }

  /** For an exception that nobody caught. Written when this returns. */
  crashed(error: unknown): void {
    this.#write({ kind: 'exception', ...describeError(error) })
  }

  /** For a life that ends in order and cannot write that into its row. */
  failed(error: unknown): void {
    this.#write({ kind: 'failed', ...describeError(error) })
  }

  /** For an end that somebody insisted on. */
  forced(): void {
    this.#write({ kind: 'forced', reason: 'it was asked to end at once' })
  }

  #write(what: Pick<CrashRecord, 'kind' | 'reason' | 'code' | 'frames'>): void {
    const { version, pid, clock } = this.#ports
    writeCrashRecord(this.file, { ...what, at: clock.now(), epoch: this.epoch, pid, version })
  }
}
