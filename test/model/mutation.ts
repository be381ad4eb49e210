// What a planted bug may change; see session-simulator.test.ts.

import type { DeadlineKind } from '../../src/session/deadlines.ts'
import type { SessionModel } from '../../src/session/state.ts'
import type { Input } from '../../src/session/input.ts'
import type { SessionWrite } from '../../src/store/store.ts'

/** A planted bug: how the world differs from the honest one. */
export interface Mutation {
  /** Rewrites what reaches the reducer. */
  readonly input?: (input: Input, state: SessionModel) => Input
  /** Deadlines that the actor forgets. */
  readonly forgets?: DeadlineKind
  /** Effects leave before the commit. */
  readonly effectsFirst?: boolean
  /** Writes that do not reach the store. */
  readonly loses?: (write: SessionWrite, all: readonly SessionWrite[]) => boolean
  /** What is read after a dispatch is stored with it, before the prompt has left. */
  readonly promptsLate?: boolean
  /** How often the gateway dies at a step; one in a hundred times if not given. */
  readonly deathChance?: number
  /** The holder writes a frame again that it has written before. */
  readonly forgetsFrames?: boolean
}
