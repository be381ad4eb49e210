// The process that takes over, as the one that leaves sees it: started before anything is let go, told when it is its turn.
// Words to it: `go`, `stop`. Words from it: `standing by`, `ready`.

import { deadline, firstOf, ignore } from '../base/deadline.ts'
import { startPartner } from '../process/start-partner.ts'
import type { Partner, PartnerCommand } from '../process/start-partner.ts'

/** What a successor says when it has loaded its code and read its configuration. */
export const STANDING_BY = 'standing by'
/** What it says when it serves. */
export const READY = 'ready'
/** The lock is free. */
export const GO = 'go'
/** Nothing is to be served any more. */
export const STOP = 'stop'

/** To load the program and to read the configuration. */
const STAND_BY_MS_MAX = 10_000
/** To take the lock, open the database, attach the agents and listen. */
const READY_MS_MAX = 30_000

export type TakeOver = 'serves' | 'slow' | { readonly ended: string }

export interface Successor {
  readonly pid: number
  /** Tells it that lock and sockets are free. Resolves when it serves, has ended, or was not ready within 30 s; one without the lock is ended then. */
  takeOver(): Promise<TakeOver>
  /** It ends as by SIGTERM, whatever it does. */
  stop(): void
}

/** How long a successor is waited for, and what is asked then. */
export interface Patience {
  /** Whether a process holds the lock of our state directory. */
  hasLock(pid: number): boolean
  /** Until it serves, once it was told to go. */
  readonly readyMs?: number
}

/** `unavailable`: it could not be started. `refused`: it ran and ended by itself, so another start would end the same way. */
export type SuccessorStart =
  | { readonly kind: 'standing by'; readonly successor: Successor }
  | { readonly kind: 'unavailable'; readonly reason: string }
  | { readonly kind: 'refused'; readonly because: string }

/**
 * Resolves when it stands by, or when it is known that it will not; then it is not left running.
 */
export async function startSuccessor(command: PartnerCommand, patience: Patience): Promise<SuccessorStart> {
  let partner: Partner
  try {
    partner = await startPartner(command)
  } catch (error) {
    return { kind: 'unavailable', reason: error instanceof Error ? error.message : String(error) }
  }
  const waits = [partner.heard(STANDING_BY), partner.exited]
  const first = await deadline(firstOf(waits), { ms: STAND_BY_MS_MAX, stage: 'start of the successor' }).catch(
    ignore('it is not waited for any longer'),
  )
  if (first === STANDING_BY) return { kind: 'standing by', successor: successorOf(partner, patience) }
  partner.kill()
  if (first === undefined) return { kind: 'unavailable', reason: `it said nothing for ${STAND_BY_MS_MAX / 1000} s` }
  const where = command.outputFile === undefined ? '' : `; what it said is in ${command.outputFile}`
  return { kind: 'refused', because: `the next process ended with ${first} before it could take over${where}` }
}

function successorOf(partner: Partner, { hasLock, readyMs = READY_MS_MAX }: Patience): Successor {
  return {
    pid: partner.pid,
    takeOver: async () => {
      partner.say(GO)
      const ended = partner.exited.then((how) => ({ ended: how }))
      const serves = partner.heard(READY).then(() => 'serves' as const)
      const first = await deadline(firstOf<'serves' | { ended: string }>([serves, ended]), {
        ms: readyMs,
        stage: 'start of the successor',
      }).catch(ignore('it has the lock, and lives'))
      if (first === undefined && !hasLock(partner.pid)) return giveUp(partner, readyMs)
      if (first === undefined || first === 'serves') partner.letGo()
      return first ?? 'slow'
    },
    stop: () => {
      partner.say(STOP)
      partner.letGo()
    },
  }
}

/** G7: it hangs without the lock, so nobody would serve. */
async function giveUp(partner: Partner, readyMs: number): Promise<TakeOver> {
  partner.kill()
  await partner.exited
  partner.letGo()
  return { ended: `it did not take the lock for ${readyMs / 1000} s, and was killed` }
}
