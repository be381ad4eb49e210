// What a turn that was watched came to: its end, and what was decided about permissions meanwhile. Decides the exit code.

import { EXIT, TURN_EXIT_CODE } from './exit-codes.ts'

export type TurnEndState = 'completed' | 'cancelled' | 'failed' | 'timed_out' | 'interrupted' | 'expired'

export interface PermissionTally {
  readonly approved: number
  readonly denied: number
}

export interface TurnResult {
  readonly state: TurnEndState
  readonly permissions: PermissionTally
  /** True when our own --timeout ended it: the gateway only saw a cancel. */
  readonly overdue: boolean
}

/** Exit code of `prompt` and `run`: 5 when something was denied, nothing approved, and the turn did not fail on its own. */
export function exitCodeOf({ state, permissions, overdue }: TurnResult): number {
  const { approved, denied } = permissions
  if (overdue && state === 'cancelled') return EXIT.timedOut
  const deniedOnly = denied > 0 && approved === 0
  if (deniedOnly && state === 'completed') return EXIT.denied
  return TURN_EXIT_CODE[state]
}
