// What a person types to have an agent logged in, and the session that waits for it go on.

import { HoldfastError, isHoldfastError } from '../base/errors.ts'

export interface LoginHelp {
  readonly agent: string
  readonly sessionId: string
  /** The agent is no program of this machine: no login of it can be made here. */
  readonly isElsewhere: boolean
}

/** For a shell: the name of an agent needs no quotes, see the patterns of names. */
export function loginCommand({ agent, sessionId, isElsewhere }: LoginHelp): string {
  return isElsewhere ? `holdfast resume ${sessionId} --action retry` : `holdfast agents login ${agent}`
}

/** What is wanted of an agent that runs elsewhere is said to be wanted there (`elsewhere` in the details). Any other error as it came. */
export function wantedElsewhere(error: unknown): unknown {
  if (!isHoldfastError(error) || error.code !== 'AGENT_AUTH_REQUIRED') return error
  return new HoldfastError(error.code, { ...error.details, elsewhere: true }, { cause: error.cause })
}
