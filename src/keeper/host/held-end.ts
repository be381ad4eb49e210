// How one held process ends: by its holder, or without it by a sweep. Owns the steps of its lease from `running` to the end.

import { deadline, firstOf } from '../../base/deadline.ts'
import { CancelledError } from '../../base/errors.ts'
import type { ProcessLeases } from '../../lease/process-leases.ts'
import type { Logger } from '../../observe/logger.ts'
import type { ProcessExit, StopReport } from '../agent-host.ts'
import type { Held } from '../holder.ts'

export interface HeldEndDeps {
  readonly leases: ProcessLeases
  readonly logger: Logger | undefined
  /** What a stop may take before the holder counts as hung. */
  readonly stopMsMax: number
  /** Aborted when what is held is another life's: from then on it is neither stopped nor swept from here. */
  readonly left: AbortSignal
  /** Ends the tree without its holder: by tag, marker and the root's birth identity. Never rejects. */
  sweep(): Promise<Pick<StopReport, 'swept' | 'survivors'>>
}

const RECORD_MS_MAX = 5_000

/** Of a stop that did nothing, because the process is another life's. */
export const LEFT_ALONE: StopReport = { forced: false, swept: 0, survivors: [], ms: 0, exit: undefined }

/** Modes: running; stopping; stopped. None goes back. */
export class HeldEnd {
  readonly #held: Held
  readonly #deps: HeldEndDeps
  readonly #lost = Promise.withResolvers<void>()
  #stopped: Promise<StopReport> | undefined
  #recording: Promise<void>

  /** `recorded`: later steps of the lease come after it. */
  constructor(held: Held, recorded: Promise<void>, deps: HeldEndDeps) {
    this.#held = held
    this.#deps = deps
    this.#recording = deadline(recorded, { ms: RECORD_MS_MAX, stage: 'lease running' }).catch(() => undefined)
  }

  /** The holder is gone: it will not answer a stop. */
  lose(): void {
    this.#lost.resolve()
  }

  /** Resolves when the tree is gone, or its survivors are known, and the lease says so. Idempotent, never rejects. */
  stop(): Promise<StopReport> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<StopReport> {
    const startedAt = performance.now()
    if (this.#deps.left.aborted) return LEFT_ALONE
    void this.#record('stopping')
    const report = (await this.#stopByHolder()) ?? (await this.#stopBySweep(startedAt))
    if (report === LEFT_ALONE) return report
    await this.#settle(report)
    return report
  }

  /** Undefined when the holder is gone, or hung: then the tree is ended without it. */
  async #stopByHolder(): Promise<StopReport | undefined> {
    const { left: signal, logger, stopMsMax: ms } = this.#deps
    const lost = this.#lost.promise.then(() => undefined)
    try {
      return await deadline(firstOf([this.#held.stop(), lost]), { ms, stage: 'stop by the keeper', signal })
    } catch (err) {
      if (err instanceof CancelledError) return LEFT_ALONE
      logger?.error({ leaseId: this.#held.leaseId, err }, 'the keeper does not stop an agent')
      return undefined
    }
  }

  async #stopBySweep(startedAt: number): Promise<StopReport> {
    const { swept, survivors } = await this.#deps.sweep()
    return { forced: true, swept, survivors, ms: Math.round(performance.now() - startedAt), exit: undefined }
  }

  async #settle({ survivors, exit }: StopReport): Promise<void> {
    if (survivors.length === 0) return this.#record('closed', describeExit(exit))
    const { leaseId, pid } = this.#held
    this.#deps.logger?.error({ leaseId, pid, survivors }, 'agent processes could not be ended')
    await this.#record('stuck')
  }

  /** Steps of the lease in order. Containment never waits long for the store and never fails because of it. */
  #record(state: 'stopping' | 'closed' | 'stuck', exit = ''): Promise<void> {
    this.#recording = this.#recordAfter(this.#recording, state, exit)
    return this.#recording
  }

  async #recordAfter(previous: Promise<void>, state: 'stopping' | 'closed' | 'stuck', exit: string): Promise<void> {
    await previous
    const { leaseId } = this.#held
    try {
      await deadline(this.#deps.leases[state](leaseId, exit), { ms: RECORD_MS_MAX, stage: `lease ${state}` })
    } catch (err) {
      this.#deps.logger?.warn({ leaseId, state, err }, 'lease could not be updated')
    }
  }
}

function describeExit(exit: ProcessExit | undefined): string {
  if (exit === undefined) return 'unknown'
  return exit.signal === null ? `code ${exit.code}` : `signal ${exit.signal}`
}
