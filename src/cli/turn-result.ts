// What a turn that was watched came to: its end, why we cancelled it if we did, and what was decided about permissions.

import type { ErrorCode } from '../base/errors.ts'
import type { TurnEndState } from '../wire/turn.ts'
import { EXIT, TURN_EXIT_CODE } from './exit-codes.ts'

/** Why this command cancelled the turn; the first reason counts. */
export type CancelCause = 'interrupt' | 'timeout' | 'permission'

export interface PermissionTally {
  readonly approved: number
  readonly denied: number
}

export interface TurnResult {
  readonly state: TurnEndState
  /** Of the error that it ended with, if it did. */
  readonly errorCode?: string | undefined
  readonly permissions: PermissionTally
  readonly cancelledFor: CancelCause | undefined
}

const LOGIN: ErrorCode = 'AGENT_AUTH_REQUIRED'

/** Also the exit code when the end of the cancelled turn was not waited for. */
export const CANCELLED_EXIT_CODE: Readonly<Record<CancelCause, number>> = {
  interrupt: EXIT.interrupted,
  timeout: EXIT.timedOut,
  permission: EXIT.denied,
}

/**
 * Exit code of `prompt` and `run`. A turn that we cancelled is never a success, also when the agent calls it complete: what follows
 * in a script must not run after Ctrl-C. 5 when something was denied, nothing approved, and the turn did not fail by itself.
 */
export function exitCodeOf({ state, errorCode, permissions, cancelledFor }: TurnResult): number {
  const isCut = state === 'cancelled' || state === 'completed'
  if (isCut && cancelledFor !== undefined) return CANCELLED_EXIT_CODE[cancelledFor]
  const { approved, denied } = permissions
  if (state === 'completed' && denied > 0 && approved === 0) return EXIT.denied
  return errorCode === LOGIN ? EXIT.login : TURN_EXIT_CODE[state]
}
