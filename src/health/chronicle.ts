// The row of this life, from its begin to its end, and the look at how the life before it ended.
// Owns the rows of lives; decides whether this one begins in safe mode. Never judges what that means.

import type { Clock } from '../base/clock.ts'
import { ignore } from '../base/deadline.ts'
import { isHoldfastError } from '../base/errors.ts'
import type { Logger } from '../observe/logger.ts'
import { readOomKills } from '../process/oom-kills.ts'
import { isUnclean } from '../store/lives.ts'
import type { LifeEnding, LifePatch, LifeRecord } from '../store/lives.ts'
import type { NodeRecord, Store } from '../store/store.ts'
import { countCrashes, isBraked } from './brake.ts'
import type { BrakeLimits } from './brake.ts'
import { crashHistoryOf } from './crash-history.ts'
import type { CrashHistory } from './crash-history.ts'
import type { CrashRecorder } from './crash-recorder.ts'
import { findEnd } from './find-end.ts'
import { SafeMode } from './safe-mode.ts'
import type { SafeModeEnd } from './safe-mode.ts'

export interface ChroniclePorts {
  readonly store: Pick<Store, 'lives'>
  readonly node: NodeRecord
  readonly recorder: CrashRecorder
  readonly clock: Clock
  readonly logger: Logger
  readonly version: string
  readonly pid: number
  readonly bootId: string
  /** Undefined: the log goes where we cannot read it. */
  readonly logFile: string | undefined
  readonly brake: BrakeLimits
}

/** As many as are kept. */
const LIVES_MAX = 100

export class Chronicle implements Disposable {
  readonly #ports: ChroniclePorts
  readonly safeMode: SafeMode
  /** Set by who holds work back meanwhile; called once, when safe mode ends. */
  onSafeModeEnd: () => void = () => {}

  private constructor(ports: ChroniclePorts, safeMode: SafeMode) {
    this.#ports = ports
    this.safeMode = safeMode
    safeMode.onEnd = (how) => this.#safeModeEnded(how)
  }

  /** Resolves when the end of every earlier life is on record, and the begin of this one. */
  static async begin(ports: ChroniclePorts): Promise<Chronicle> {
    const { store, node, clock, version, pid, bootId, brake, recorder, logger } = ports
    const earlier = await findEnds(ports, await store.lives.list(node.id, LIVES_MAX))
    recorder.begin(node.epoch)
    const now = clock.now()
    await store.lives.insert({ epoch: node.epoch, version, pid, bootId, startedAt: now, memory: readOomKills() })
    const crashes = countCrashes(earlier, brake, now)
    const isSafe = isBraked(crashes, brake)
    if (isSafe) {
      await store.lives.patch(node.epoch, { safeMode: 'on' })
      logger.warn({ crashes, windowMs: brake.windowMs }, 'safe mode: too many lives in a row ended unasked')
    }
    return new Chronicle(ports, new SafeMode(clock, isSafe ? crashes : undefined, brake.windowMs))
  }

  /** What became of the turns that the life before left. */
  recovered(turns: { readonly takenOver: number; readonly interrupted: number }): void {
    this.#note({ turnsTakenOver: turns.takenOver, turnsInterrupted: turns.interrupted })
  }

  /** The API answers. */
  ready(): void {
    this.#note({ readyAt: this.#ports.clock.now() })
  }

  /** The end was asked for: what comes now is not unasked. */
  asked(): void {
    this.#note({ askedAt: this.#ports.clock.now() })
  }

  /** The last write of this life. Never rejects: what the database does not take, the file of the recorder gets. */
  async end(asked: 'stopped' | 'restart' | undefined): Promise<void> {
    const { store, node, recorder, clock } = this.#ports
    const { failure } = recorder
    const code = isHoldfastError(failure) ? failure.code : undefined
    const how = failure === undefined ? (asked ?? 'failed') : 'failed'
    const reason = failure instanceof Error && code === undefined ? failure.name : undefined
    try {
      await store.lives.patch(node.epoch, { end: { at: clock.now(), how, code, reason } })
    } catch (error) {
      recorder.failed(failure ?? error)
    }
  }

  /** The lives on record, this one among them. */
  async history(): Promise<CrashHistory> {
    const { store, node } = this.#ports
    return crashHistoryOf(await store.lives.list(node.id, LIVES_MAX))
  }

  [Symbol.dispose](): void {
    this.safeMode[Symbol.dispose]()
  }

  #safeModeEnded(how: SafeModeEnd): void {
    this.#note({ safeMode: how })
    this.#ports.logger.info({ how }, 'safe mode is over')
    this.onSafeModeEnd()
  }

  /** What people may want to know and nothing depends on. */
  #note(patch: LifePatch): void {
    const { store, node } = this.#ports
    store.lives.patch(node.epoch, patch).catch(ignore('a store that fails ends this life, and says so itself'))
  }
}

/** Writes how lives ended that could not; `lives` with every end, in the same order. */
async function findEnds(ports: ChroniclePorts, lives: readonly LifeRecord[]): Promise<LifeRecord[]> {
  const { recorder, logFile, bootId, clock } = ports
  const ended: LifeRecord[] = []
  for (const life of lives) {
    const end = life.end ?? findEnd(life, { crashFile: recorder.file, logFile, bootId, foundAt: clock.now() })
    if (life.end === undefined) await ports.store.lives.patch(life.epoch, { end })
    if (life.end === undefined) tell(ports.logger, life, end)
    ended.push({ ...life, end })
  }
  return ended
}

function tell(logger: Logger, { epoch, pid }: LifeRecord, end: LifeEnding): void {
  const fields = { epoch, pid, ...end }
  if (isUnclean(end)) logger.warn(fields, 'the life before ended unasked')
  else logger.info(fields, 'the life before did not write its end')
}
