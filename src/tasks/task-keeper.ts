// Keeps the tasks true: tells parents when there is something to tell, sweeps at the start and every minute.
// Modes: resting -> working (asked again meanwhile: another round follows) -> resting; stopped for good. A store that fails is said,
// and tried again.

import type { Clock, Timer } from '../base/clock.ts'
import type { Logger } from '../observe/logger.ts'
import { sweepTasks } from './sweep-tasks.ts'
import type { SweepPorts } from './sweep-tasks.ts'
import { tellDueTasks } from './tell-tasks.ts'
import type { TellPorts } from './tell-tasks.ts'

export interface TaskKeeperPorts extends Omit<TellPorts, 'now'>, Omit<SweepPorts, 'now' | 'store'> {
  readonly store: TellPorts['store'] & SweepPorts['store']
  readonly clock: Clock
  readonly logger: Logger
}

const SWEEP_EVERY_MS = 60_000
const RETRY_FIRST_MS = 1_000

export class TaskKeeper implements AsyncDisposable {
  readonly #ports: TaskKeeperPorts
  #working: Promise<void> | undefined
  #isAsked = false
  #isSweepDue = true
  #isStopped = false
  #failures = 0
  #timer: Timer | undefined

  constructor(ports: TaskKeeperPorts) {
    this.#ports = ports
  }

  /** Something may be due. Returns at once; calls while it works become one more round. */
  look(): void {
    if (this.#isStopped) return
    this.#isAsked = true
    this.#working ??= this.#work().finally(() => this.#worked())
  }

  /** Resolves when nothing is being told. Nothing is begun afterwards: what is due waits for the next life. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true
    this.#timer?.cancel()
    await this.#working
  }

  #worked(): void {
    this.#working = undefined
    if (this.#isAsked) this.look()
  }

  async #work(): Promise<void> {
    let waiting = 0
    try {
      while (this.#isAsked && !this.#isStopped) {
        this.#isAsked = false
        waiting = await this.#round()
      }
      if (waiting === 0) this.#failures = 0
    } catch (err) {
      this.#failures += 1
      this.#ports.logger.error({ err, failures: this.#failures }, 'tasks cannot be kept')
    }
    this.#rest(waiting)
  }

  /** Resolves with the number of parents that could not be told. */
  async #round(): Promise<number> {
    const { clock, logger } = this.#ports
    const ports = { ...this.#ports, now: () => clock.now() }
    if (this.#isSweepDue) {
      const { repaired, deleted } = await sweepTasks(ports)
      this.#isSweepDue = false
      if (repaired + deleted > 0) logger.info({ repaired, deleted }, 'tasks swept')
    }
    const { told, waiting } = await tellDueTasks(ports)
    if (told > 0) logger.debug({ told }, 'parents told of their tasks')
    return waiting
  }

  /** Until the next sweep, or sooner when something did not work: 1, 2, 4 … seconds. */
  #rest(waiting: number): void {
    if (this.#isStopped) return
    if (waiting > 0) this.#failures += 1
    const retryMs = Math.min(RETRY_FIRST_MS * 2 ** Math.max(this.#failures - 1, 0), SWEEP_EVERY_MS)
    const isSweep = this.#failures === 0 || retryMs === SWEEP_EVERY_MS
    const { clock } = this.#ports
    this.#timer?.cancel()
    this.#timer = clock.at(clock.now() + (isSweep ? SWEEP_EVERY_MS : retryMs), () => {
      this.#isSweepDue ||= isSweep
      this.look()
    })
  }
}
