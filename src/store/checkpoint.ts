// Copies the WAL into the database off the event loop: at most every 500 ms while there are commits, and at close.
// Owns the worker thread. Its failure costs disk space, never data: commits do not wait for it.

import { Worker } from 'node:worker_threads'

import type { Clock, Timer } from '../base/clock.ts'
import { deadline, ignore } from '../base/deadline.ts'
import { HoldfastError } from '../base/errors.ts'
import type { CheckpointAnswer, CheckpointRequest } from './checkpoint-thread.ts'

const INTERVAL_MS = 500
const CLOSE_MS_MAX = 5_000
/** quick_check reads the whole file. */
const CHECK_MS_MAX = 10 * 60_000
/** The worker holds one connection and no rows. */
const WORKER_LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 }

// `tsc` rewrites the extensions of imports only.
const SOURCE = import.meta.url.endsWith('.ts') ? './checkpoint-worker.ts' : './checkpoint-worker.js'
const OWN_PROGRAM: ThreadProgram = { url: new URL(SOURCE, import.meta.url), data: {} }

export type CheckpointReport = (problem: string) => void

/** What the program of the thread is given. */
export interface CheckpointWorkerData {
  readonly file: string
}

/** Another program for the thread: a thread costs 10 MB, and this one has time. It calls `serveCheckpoints`, and must not block itself. */
export interface ThreadProgram {
  readonly url: URL
  /** Given to it besides the file. */
  readonly data: Readonly<Record<string, unknown>>
}

export class Checkpointer {
  readonly #file: string
  readonly #program: ThreadProgram
  readonly #clock: Clock
  readonly #report: CheckpointReport
  readonly #waiting = new Map<number, PromiseWithResolvers<CheckpointAnswer>>()
  #worker: Worker | undefined
  #timer: Timer | undefined
  #lastId = 0
  #closed = false

  constructor(file: string, clock: Clock, report: CheckpointReport, program: ThreadProgram = OWN_PROGRAM) {
    this.#file = file
    this.#program = program
    this.#clock = clock
    this.#report = report
    // What it does besides begins now; checkpoints alone can wait for the first commit.
    if (program !== OWN_PROGRAM) this.#worker = this.#startWorker()
  }

  /** Says that there was a commit. */
  touch(): void {
    if (this.#closed || this.#timer !== undefined) return
    this.#timer = this.#clock.at(this.#clock.now() + INTERVAL_MS, () => void this.#run())
  }

  /** SQLite's own check of the file: one line per problem. */
  async checkFile(): Promise<string[]> {
    const answer = await deadline(this.#ask({ kind: 'check' }), { ms: CHECK_MS_MAX, stage: 'quick_check' })
    return [...answer.problems]
  }

  /** Empties the WAL and ends the thread; bounded by 5 s, after which the next open does the work. */
  async close(): Promise<void> {
    this.#closed = true
    this.#timer?.cancel()
    const worker = this.#worker
    if (worker === undefined) return
    try {
      await deadline(this.#ask({ kind: 'close' }), { ms: CLOSE_MS_MAX, stage: 'last checkpoint' })
    } catch (error) {
      this.#report(reasonOf(error))
    }
    await worker.terminate()
  }

  async #run(): Promise<void> {
    try {
      const { problems } = await this.#ask({ kind: 'checkpoint' })
      for (const problem of problems) this.#report(problem)
    } catch (error) {
      this.#report(reasonOf(error))
    }
    // Only now: a slow disk never has more than one request waiting. Commits since the request ask again.
    this.#timer = undefined
  }

  #ask(request: CheckpointRequest): Promise<CheckpointAnswer> {
    this.#worker ??= this.#startWorker()
    const id = ++this.#lastId
    const waiting = Promise.withResolvers<CheckpointAnswer>()
    this.#waiting.set(id, waiting)
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    this.#worker.postMessage({ ...request, id })
    return waiting.promise
  }

  #startWorker(): Worker {
    const { url, data } = this.#program
    const worker = new Worker(url, {
      workerData: { ...data, file: this.#file } satisfies CheckpointWorkerData,
      resourceLimits: WORKER_LIMITS,
      execArgv: [],
      env: {},
    })
    worker.unref()
    worker.on('message', ({ id, ...answer }: CheckpointAnswer & { id: number }) => {
      this.#waiting.get(id)?.resolve(answer)
      this.#waiting.delete(id)
    })
    worker.on('error', (error) => this.#lose(reasonOf(error)))
    worker.on('exit', () => this.#lose('the checkpoint thread ended'))
    return worker
  }

  /** The next request starts another thread. */
  #lose(reason: string): void {
    this.#worker = undefined
    for (const { promise, reject } of this.#waiting.values()) {
      promise.catch(ignore('its asker may have given up waiting'))
      reject(new HoldfastError('STORE_UNUSABLE', { reason }))
    }
    this.#waiting.clear()
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
