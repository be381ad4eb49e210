// The reaper after a gateway that was really killed: B 28 and B 34 of the fault battery, at the level of the host.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

import { systemClock } from '../../src/base/clock.ts'
import { reapEarlierLives, type Reaped } from '../../src/keeper/host/reap-earlier-lives.ts'
import type { LeaseRecord } from '../../src/store/records.ts'
import { listLeaks } from '../_support/leak-check.ts'
import { createMemoryLeases, type MemoryLeases } from '../_support/memory-leases.ts'
import { openNastyHost } from '../_support/nasty-host.ts'

interface Left {
  readonly instance: number
  readonly directory: string
  readonly rows: readonly LeaseRecord[]
}

/** What a gateway leaves that was ended by SIGKILL. */
async function leaveOrphans(...programs: string[]): Promise<Left & AsyncDisposable> {
  const script = fileURLToPath(new URL('../_support/doomed-gateway.ts', import.meta.url))
  const gateway = spawn(process.execPath, [script, ...programs], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: gateway.stdout })
  const [line] = (await once(lines, 'line')) as [string]
  const left = JSON.parse(line) as Left
  const exited = once(gateway, 'exit')
  gateway.kill('SIGKILL')
  await exited
  return { ...left, [Symbol.asyncDispose]: () => rm(left.directory, { recursive: true, force: true }) }
}

/** The reaper of a new life, whose keepers hold the leases named. */
function reap(store: MemoryLeases, ...held: readonly number[]): Promise<Reaped> {
  const log = (): void => {}
  const logger = { debug: log, info: log, warn: log, error: log }
  const node = { id: 'local', epoch: 8, startedAt: 0 }
  return reapEarlierLives({ held: new Set(held), store, node, clock: systemClock, logger })
}

const PROGRAMS = ['double-fork.mjs', 'env-scrub.mjs', 'fork-storm.mjs']
/** One daemon, one without environment, twenty: the roots themselves end with their input. */
const LEFT_MIN = 22

function states(store: MemoryLeases): Set<string> {
  return new Set([...store.rows.values()].map(({ state }) => state))
}

test('B 28: the next start ends everything a killed gateway left, and its leases are lost', async () => {
  await using left = await leaveOrphans(...PROGRAMS)
  expect(listLeaks({ instance: left.instance }).length).toBeGreaterThanOrEqual(LEFT_MIN)
  const store = createMemoryLeases(left.instance, left.rows)
  const report = await reap(store)
  expect(listLeaks({ instance: left.instance })).toEqual([])
  expect(report).toMatchObject({ survivors: [] })
  expect(report.ended).toBeGreaterThanOrEqual(LEFT_MIN)
  expect(states(store)).toEqual(new Set(['lost']))
})

test('B 34: a process whose start was never recorded is found by the intent', async () => {
  await using left = await leaveOrphans('env-scrub.mjs')
  const intents = left.rows.map((row) => ({
    ...row,
    state: 'spawning' as const,
    pid: undefined,
    startTicks: undefined,
  }))
  const store = createMemoryLeases(left.instance, intents)
  await reap(store)
  expect(listLeaks({ instance: left.instance })).toEqual([])
  expect(states(store)).toEqual(new Set(['lost']))
})

test('A 26: what carries the tag of a lease that is no longer open is ended too', async () => {
  await using left = await leaveOrphans('env-scrub.mjs')
  const report = await reap(createMemoryLeases(left.instance))
  expect(listLeaks({ instance: left.instance })).toEqual([])
  expect(report).toMatchObject({ survivors: [] })
  expect(report.ended).toBeGreaterThanOrEqual(1)
})

test('what a keeper that lives holds, and what another instance started, is left alone', async () => {
  await using rig = await openNastyHost()
  await using other = await openNastyHost()
  const [own, foreign] = await Promise.all([rig.start('double-fork.mjs'), other.start('double-fork.mjs')])
  await Promise.all([own.waitTold(2), foreign.waitTold(2)])
  const before = [await own.leaks(), await foreign.leaks()]
  expect(await reap(rig.leases, own.process.leaseId)).toEqual({ ended: 0, survivors: [] })
  expect([await own.leaks(), await foreign.leaks()]).toEqual(before)
})

test('a lease of another boot is lost without a look: its pid means somebody else now', async () => {
  await using rig = await openNastyHost()
  const nasty = await rig.start('ignore-term.mjs')
  await nasty.waitTold(1)
  const row = rig.leases.rows.get(nasty.process.leaseId) as LeaseRecord
  const store = createMemoryLeases(1, [{ ...row, bootId: 'another boot' }])
  expect(await reap(store)).toEqual({ ended: 0, survivors: [] })
  expect(states(store)).toEqual(new Set(['lost']))
  expect(await nasty.leaks()).toHaveLength(1)
})
