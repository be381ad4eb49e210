// What a command that follows a stream says when the stream is lost. A gateway that restarts is back in a moment: nobody needs to
// read about that, unless it takes longer.

import type { StreamGateway } from '../../wire/event.ts'
import { isHoldfastError } from '../../base/errors.ts'

/** Attempts to come back that are nobody's business: about a second. */
const QUIET_ATTEMPTS = 4

/** One stream's losses; remembers between attempts what the gateway said at the end. */
export class Losses {
  #isRestart = false

  /** The line to say, if there is one. `attempt`: 1 for the first after the stream was lost. */
  lost(attempt: number, error: unknown): string | undefined {
    const reason = attempt === 1 ? reasonOf(error) : undefined
    if (attempt === 1) this.#isRestart = reason === 'restart'
    if (this.#isRestart) return attempt === QUIET_ATTEMPTS ? 'the gateway restarts' : undefined
    if (attempt > 1) return undefined
    return reason === 'stop' ? 'the gateway stops' : 'lost the gateway'
  }
}

/** What to say when the gateway has announced its end; nothing for a restart. */
export function leavingText({ reason, until }: StreamGateway, now: number): string | undefined {
  if (reason === 'restart') return undefined
  const seconds = Math.max(0, Math.round((Date.parse(until) - now) / 1000))
  return `the gateway stops; running turns have ${seconds} s`
}

function reasonOf(error: unknown): unknown {
  return isHoldfastError(error) && error.code === 'GATEWAY_DRAINING' ? error.details['reason'] : undefined
}
