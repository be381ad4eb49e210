// What must be true of cancels in a schedule: nothing is ended by force before it was asked for in both ways. Looks; changes nothing.

import type { TurnId } from '../../src/base/ids.ts'
import type { Transition } from '../../src/session/effect.ts'
import type { Input } from '../../src/session/input.ts'
import { lastGraceMs } from '../../src/session/turns/cancel-grace.ts'
import { LIMITS } from './limits.ts'
import { must } from './invariant.ts'

export class WorldCancels {
  /** Turns whose prompt was taken back, and since when the gateway might have done so: it may have been away, or drain. */
  readonly #withdrawn = new Set<TurnId>()
  #freeSince = 0

  look(input: Input, { state, writes, effects }: Transition, now: number): void {
    if (input.kind === 'opened' || state.phase.kind === 'draining') this.#freeSince = now
    for (const write of writes) {
      const isForced = write.kind === 'turn.end' && write.outcome.forced
      const hadTime = now - this.#freeSince > lastGraceMs(LIMITS)
      must(!isForced || !hadTime || this.#withdrawn.has(write.turnId), 'S29', 'ended by force, and asked only once')
    }
    for (const effect of effects) if (effect.kind === 'agent.withdraw') this.#withdrawn.add(effect.turnId)
  }
}
