// The kinds of rounds: what is done to which contender, and what must come of it at once.

import { deepStrictEqual, ok } from 'node:assert/strict'

import { pause } from '../../../src/base/deadline.ts'
import type { Random } from '../../model/random.ts'
import type { ContenderProcess } from './contender-process.ts'

export const ROUND_KINDS = [
  'killRunning',
  'killHolder',
  'cleanUpHung',
  'stopHolder',
  'stopRunning',
  'tearLine',
] as const
export type RoundKind = (typeof ROUND_KINDS)[number]

/** The contenders, all alive and at rest between two rounds. */
export interface Ring {
  readonly random: Random
  readonly contenders: readonly ContenderProcess[]
  readonly waitsMs: { readonly dead: number[]; readonly hung: number[] }
  shuffled(): [ContenderProcess, ContenderProcess, ContenderProcess]
  /** A new one in the place of one that was killed. */
  replace(dead: ContenderProcess): Promise<void>
  letRun(ms: number): Promise<void>
}

/** Long enough that a wait that does not end by itself is seen. */
const WAIT_MS = 10_000
const SHORT_WAIT_MS = 30

const PLAY: Readonly<Record<RoundKind, (ring: Ring) => Promise<void>>> = {
  killRunning: async (ring) => {
    await ring.letRun(40 + ring.random.int(60))
    const [victim, ...others] = ring.shuffled()
    await victim.kill()
    await rest(others)
    await ring.replace(victim)
  },

  killHolder: async (ring) => {
    const [holder, waiter] = ring.shuffled()
    await holder.ask({ do: 'hang', isTorn: false }, 'hanging')
    await waitForDead(ring, holder, waiter)
  },

  tearLine: async (ring) => {
    const [holder, waiter] = ring.shuffled()
    await holder.ask({ do: 'hang', isTorn: true }, 'hanging')
    await waitForDead(ring, holder, waiter)
  },

  cleanUpHung: async (ring) => {
    const [holder, waiter] = ring.shuffled()
    await holder.ask({ do: 'hang', isTorn: false }, 'hanging')
    await refuse(waiter, holder, 'running')
    const [got, written] = await startWaiting(ring, waiter)
    const { from } = await holder.ask({ do: 'cleanup' }, 'cleaned')
    const { at } = await got
    await written
    ok(at >= from, 'the lock was free before its holder was cleaned up')
    await wakeLate(holder)
    ring.waitsMs.hung.push((at - from) / 1_000)
  },

  stopHolder: async (ring) => {
    const [holder, waiter] = ring.shuffled()
    await holder.ask({ do: 'hang', isTorn: false }, 'hanging')
    holder.signal('SIGSTOP')
    await refuse(waiter, holder, 'stopped')
    const [got, written] = await startWaiting(ring, waiter)
    const cleaned = holder.next('cleaned')
    holder.tell({ do: 'cleanup' })
    holder.signal('SIGCONT')
    ok((await got).at >= (await cleaned).from, 'the lock of a holder that was stopped went to another')
    await written
    await wakeLate(holder)
  },

  stopRunning: async (ring) => {
    await ring.letRun(20 + ring.random.int(40))
    const [stopped, ...others] = ring.shuffled()
    stopped.signal('SIGSTOP')
    await pause(5 + ring.random.int(40))
    stopped.signal('SIGCONT')
    await rest([stopped, ...others])
  },
}

export function playRound(ring: Ring, kind: RoundKind): Promise<void> {
  return PLAY[kind](ring)
}

async function waitForDead(ring: Ring, holder: ContenderProcess, waiter: ContenderProcess): Promise<void> {
  const [got, written] = await startWaiting(ring, waiter)
  const killedAt = await holder.kill()
  const { at } = await got
  await written
  ok(at >= killedAt, 'the lock was free before its holder was dead')
  ring.waitsMs.dead.push((at - killedAt) / 1_000)
  await ring.replace(holder)
}

/** Resolves when `waiter` has waited for a while, with when it gets the lock and when it has written. */
async function startWaiting(ring: Ring, waiter: ContenderProcess) {
  const [got, written] = [waiter.next('got'), waiter.next('held')]
  await waiter.ask({ do: 'want', waitMs: WAIT_MS }, 'waiting')
  await pause(ring.random.int(30))
  return [got, written] as const
}

/** The body that hung goes on while another has written: nothing comes of it. */
async function wakeLate(holder: ContenderProcess): Promise<void> {
  const { late } = await holder.ask({ do: 'wake' }, 'woken')
  deepStrictEqual(late, 'TRANSCRIPT_TAKEN_OVER')
}

/** `waiter` gives up in time, and says who holds the lock and how he is. */
async function refuse(waiter: ContenderProcess, holder: ContenderProcess, liveness: string): Promise<void> {
  const refused = await waiter.ask({ do: 'want', waitMs: SHORT_WAIT_MS }, 'refused')
  deepStrictEqual(refused, { kind: 'refused', code: 'SESSION_LOCKED', pid: holder.pid, liveness })
}

async function rest(contenders: readonly ContenderProcess[]): Promise<void> {
  await Promise.all(contenders.map((contender) => contender.ask({ do: 'rest' }, 'resting')))
}
