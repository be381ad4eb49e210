// The right of one attempt to write, over many short holds. Live, then over: taken over by another attempt, failed at a write, or cleaned up.
// What is over writes nothing, whatever still runs of it, and everything that listens to its signal or hooks is told to end.

import type { Clock } from '../../../src/base/clock.ts'
import { deadline, ignore } from '../../../src/base/deadline.ts'
import { CancelledError, HoldfastError } from '../../../src/base/errors.ts'
import type { Diagnose } from './diagnose.ts'
import type { OpenTranscript } from './open-transcript.ts'
import type {
  AttemptLock,
  CancelHook,
  CleanupReport,
  Entry,
  HeldTranscript,
  HoldOptions,
  LockHold,
  NewEntry,
} from './port.ts'
import { COMPACTION } from './file/view.ts'

/** What others may have appended between two holds; reading it costs every hold that finds it. */
const MERGED_BYTES_MAX = 1024 * 1024
/** All cancel hooks together. */
const HOOKS_MS = 2_000

interface RunningHold {
  readonly hold: LockHold
  readonly stage: string
  readonly sinceMs: number
}

export interface AttemptDeps {
  readonly epoch: number
  readonly clock: Clock
  readonly diagnose: Diagnose
  readonly onOver: () => void
}

export class Attempt implements AttemptLock {
  readonly epoch: number
  readonly #transcript: OpenTranscript
  readonly #deps: AttemptDeps
  readonly #abort = new AbortController()
  readonly #holds = new Set<RunningHold>()
  readonly #hooks = new Set<CancelHook>()
  readonly #claimSeq: number
  #overReason: string | undefined
  #hooksFailed: Promise<number> | undefined
  #cleanup: Promise<CleanupReport> | undefined

  /** Right behind the entry that claims `epoch`, under the lock. */
  constructor(transcript: OpenTranscript, deps: AttemptDeps) {
    this.epoch = deps.epoch
    this.#transcript = transcript
    this.#claimSeq = transcript.lastSeq
    this.#deps = deps
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  append(entries: readonly NewEntry[]): Promise<readonly Entry[]> {
    return this.#hold({ stage: 'append', nested: true }, (held) => held.append(entries))
  }

  compact(compaction: { readonly summary: object; readonly keepFromSeq: number }): Promise<Entry> {
    return this.#hold({ stage: 'compact', nested: true }, (held) => held.compact(compaction))
  }

  hold<T>(stage: string, body: (held: HeldTranscript) => T | Promise<T>): Promise<T> {
    return this.#hold({ stage }, body)
  }

  async sync(): Promise<void> {
    this.#assertLive()
    await this.#transcript.sync().catch((error: unknown) => this.#failed(error))
  }

  onCancel(hook: CancelHook): Disposable {
    if (this.#overReason !== undefined)
      void Promise.resolve(hook(this.#overReason)).catch(ignore('nobody waits for it'))
    else this.#hooks.add(hook)
    return { [Symbol.dispose]: () => void this.#hooks.delete(hook) }
  }

  cleanup(reason: string): Promise<CleanupReport> {
    this.#cleanup ??= this.#cleanUp(reason)
    return this.#cleanup
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cleanup('the attempt has ended')
  }

  async #hold<T>(options: HoldOptions, body: (held: HeldTranscript) => T | Promise<T>): Promise<T> {
    this.#assertLive()
    try {
      return await this.#transcript.hold({ ...options, signal: this.signal }, (hold) =>
        this.#runHeld({ hold, stage: options.stage, sinceMs: performance.now() }, body),
      )
    } catch (error) {
      // A wait that the end of the attempt cut short.
      if (error instanceof CancelledError) this.#assertLive()
      throw error
    }
  }

  async #runHeld<T>(running: RunningHold, body: (held: HeldTranscript) => T | Promise<T>): Promise<T> {
    this.#holds.add(running)
    try {
      this.#checkFence()
      return await body(this.#held(running.hold))
    } finally {
      this.#holds.delete(running)
    }
  }

  #held(hold: LockHold): HeldTranscript {
    const transcript = this.#transcript
    const append = (entries: readonly NewEntry[]): readonly Entry[] => {
      this.#assertLive()
      try {
        return transcript.write(hold, entries, this.epoch)
      } catch (error) {
        return this.#failed(error)
      }
    }
    return {
      get entries() {
        return transcript.entries
      },
      signal: hold.signal,
      append,
      compact: (compaction) => append([{ type: COMPACTION, body: transcript.compactionBody(compaction) }])[0]!,
    }
  }

  /** Under the lock: notes of others are merged; anything else that others did ends this attempt. */
  #checkFence(): void {
    this.#assertLive()
    this.#catchUp()
    const { epoch, foreignSeq } = this.#transcript
    if (epoch !== this.epoch) this.#end(`attempt ${epoch} has begun; this is attempt ${this.epoch}`)
    else if (foreignSeq > this.#claimSeq) this.#end(`somebody else wrote entry ${foreignSeq}`)
    this.#assertLive()
  }

  #catchUp(): void {
    try {
      this.#transcript.catchUp(MERGED_BYTES_MAX)
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code === 'TRANSCRIPT_DAMAGED') throw error
      const { reason } = error.details
      this.#end(typeof reason === 'string' ? reason : 'the conversation was deleted')
    }
  }

  #assertLive(): void {
    if (this.#overReason === undefined) return
    throw new HoldfastError('TRANSCRIPT_TAKEN_OVER', { file: this.#transcript.file, reason: this.#overReason })
  }

  /** What is stored after a write that failed is not known to anybody who did not look: another attempt will. */
  #failed(error: unknown): never {
    if (error instanceof HoldfastError && error.code === 'TRANSCRIPT_FAILED') this.#end(error.message)
    throw error
  }

  #end(reason: string): void {
    this.#close(reason)
    this.#tellAll()
  }

  async #cleanUp(reason: string): Promise<CleanupReport> {
    this.#close(reason)
    // Before anybody is told: what hears of the end may take its time.
    const abandoned = [...this.#holds].flatMap((running) => this.#abandon(running, reason))
    this.#tellAll()
    return { abandoned, hooksFailed: (await this.#hooksFailed) ?? 0 }
  }

  /** From here on nothing is written. First reason wins. */
  #close(reason: string): void {
    this.#overReason ??= reason
  }

  #tellAll(): void {
    if (this.#hooksFailed !== undefined) return
    this.#hooksFailed = this.#runHooks(this.#overReason!)
    this.#abort.abort(this.#overReason)
    this.#deps.onOver()
  }

  /** The lock is free when this returns; the body finds out at its next write, and its own end changes nothing. */
  #abandon({ hold, stage, sinceMs }: RunningHold, reason: string): CleanupReport['abandoned'] {
    if (!hold.revoke(reason)) return []
    const heldMs = Math.round(performance.now() - sinceMs)
    const { file } = this.#transcript
    this.#deps.diagnose('transcript lock was taken from an attempt that did not give it back', {
      file,
      pid: process.pid,
      reason,
      stage,
      heldMs,
    })
    return [{ stage, heldMs }]
  }

  async #runHooks(reason: string): Promise<number> {
    const hooks = [...this.#hooks].map(async (hook) => hook(reason))
    this.#hooks.clear()
    if (hooks.length === 0) return 0
    const work = hooks.map((hook) => deadline(hook, { ms: HOOKS_MS, stage: 'cancel hook' }))
    const results = await Promise.allSettled(work)
    return results.filter(({ status }) => status === 'rejected').length
  }
}
