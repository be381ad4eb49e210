// How long a whole turn may take: what the session has chosen, else the configuration.

import type { SessionLimits, SessionModel } from '../state.ts'

/** Milliseconds; 0 = no limit. */
export function turnMsOf({ terms }: Pick<SessionModel, 'terms'>, { turnMs }: Pick<SessionLimits, 'turnMs'>): number {
  const seconds = terms.options.turnTimeoutSeconds
  return seconds === undefined ? turnMs : seconds * 1000
}
