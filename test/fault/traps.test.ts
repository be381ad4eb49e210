// Traps of the seed that process trees, keepers and the state directory can fall into, each shown absent:
// docs/fault-battery.md, "Traps of the seed".

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, expect, test, vi } from 'vitest'

import { systemClock } from '../../src/base/clock.ts'
import { ignore } from '../../src/base/deadline.ts'
import { EXIT } from '../../src/cli/exit-codes.ts'
import { reapEarlierLives, type Reaped } from '../../src/keeper/host/reap-earlier-lives.ts'
import { readBootId, readStat } from '../../src/base/birth.ts'
import { ProcessScanner } from '../../src/process/process-scanner.ts'
import type { LeaseRecord } from '../../src/store/records.ts'
import { KEEPER_MAIN, openKeeperRig, watchAgent } from '../_support/keeper-rig.ts'
import { listLeaks } from '../_support/leak-check.ts'
import { createMemoryLeases, type MemoryLeases } from '../_support/memory-leases.ts'
import { startStranger, type Stranger } from '../_support/stranger.ts'
import { changeStored } from '../_support/stored-database.ts'
import { TestGateway } from '../_support/test-gateway.ts'

afterEach(() => vi.restoreAllMocks())

const EPOCH = 7
/** Less than a keeper that nobody ends waits for a gateway. */
const KEEPER_EXIT_MS = 5_000

function openLease(id: number): LeaseRecord {
  return {
    id,
    keeperNo: EPOCH,
    sessionId: undefined,
    generation: 1,
    agent: 'test',
    nodeEpoch: 1,
    state: 'running',
    commandDigest: '',
    bootId: readBootId(),
    tag: '',
    pid: undefined,
    startTicks: undefined,
    createdAt: 0,
    updatedAt: 0,
    exit: undefined,
  }
}

/** A process that carries the mark of a lease, as an earlier life of the gateway has left it. */
function startOrphan(store: MemoryLeases, lease: number): Stranger {
  const env = { HOLDFAST_LEASE: `${store.instanceNumber()}.${lease}.${EPOCH}` }
  return startStranger({ argv: ['sleep', '600'], env })
}

function leasesOf(...ids: readonly number[]): MemoryLeases {
  return createMemoryLeases(undefined, ids.map(openLease))
}

/** The start of the next life, whose keepers hold the leases named. */
function reap(store: MemoryLeases, ...held: readonly number[]): Promise<Reaped> {
  const node = { id: 'local', epoch: EPOCH + 1, startedAt: 0 }
  return reapEarlierLives({ held: new Set(held), store, node, clock: systemClock, logger: undefined })
}

function states(store: MemoryLeases): string[] {
  return [...store.rows.values()].map(({ state }) => state)
}

/** The process table can be read `times` more times. */
function breakScans(times: number): void {
  const { scan } = ProcessScanner.prototype
  let left = times
  vi.spyOn(ProcessScanner.prototype, 'scan').mockImplementation(function (this: ProcessScanner) {
    return left-- > 0 ? scan.call(this) : Promise.reject(new Error('EMFILE'))
  })
}

test.each([
  { when: 'from the first look on', looks: 0, state: 'running' },
  { when: 'once the trees are known', looks: 1, state: 'stuck' },
])('T10: a process table that cannot be read, $when, loses no lease: the next start ends the tree', async (each) => {
  const store = leasesOf(1)
  await using orphan = startOrphan(store, 1)
  breakScans(each.looks)
  const reaped = await reap(store).catch(() => ({ survivors: [orphan.pid] }))
  expect(reaped.survivors).toEqual([orphan.pid])
  expect([states(store), orphan.isAlive()]).toEqual([[each.state], true])
  vi.restoreAllMocks()
  expect(await reap(store)).toEqual({ ended: 1, survivors: [] })
  expect([states(store), orphan.isAlive()]).toEqual([['lost'], false])
})

test('T11: the end of one orphan settles its own lease; that of a tree that is held stays open, and the tree lives', async () => {
  const store = leasesOf(1, 2)
  await using orphan = startOrphan(store, 1)
  await using held = startOrphan(store, 2)
  expect(await reap(store, 2)).toEqual({ ended: 1, survivors: [] })
  expect(states(store)).toEqual(['lost', 'running'])
  expect([orphan.isAlive(), held.isAlive()]).toEqual([false, true])
})

test('T12: whose a process is, is told by its mark: a child of ours without one lives, an orphan whose parent lives is ended', async () => {
  const store = leasesOf(1)
  await using orphan = startOrphan(store, 1)
  await using child = startStranger({ argv: ['sleep', '600'] })
  expect([orphan, child].map(({ pid }) => readStat(pid)?.ppid)).toEqual([process.pid, process.pid])
  await reap(store)
  expect([orphan.isAlive(), child.isAlive()]).toEqual([false, true])
})

test.each([
  { who: 'nobody waits for it', agents: 0 },
  { who: 'an agent waits for it', agents: 1 },
])('T14: a stop while the keeper is being started and $who ends what that start makes', async ({ agents }) => {
  await using rig = openKeeperRig()
  const host = await rig.open()
  const refused = ignore('refused, or started and ended: both leave nothing')
  const asked = Array.from({ length: agents }, () => host.spawn(rig.spec(['cat'])).catch(refused))
  await expect.poll(() => rig.leases.keepers).toHaveLength(1)
  expect(rig.leases.keepers[0]?.pid).toBeUndefined()
  await host[Symbol.asyncDispose]()
  await Promise.all(asked)
  expect(rig.agents()).toEqual([])
  // It has said its last word, and its process ends now.
  const keepers = (): unknown[] => listLeaks({ mark: join(rig.directory, 'run', 'k') })
  await expect.poll(keepers, { timeout: KEEPER_EXIT_MS }).toEqual([])
  expect(rig.leases.keepers.map(({ endedAt }) => typeof endedAt)).toEqual(['number'])
  expect(states(rig.leases).filter((state) => state !== 'closed')).toEqual([])
  await expect(host.spawn(rig.spec(['cat']))).rejects.toMatchObject({ code: 'SPAWN_FAILED' })
})

test('T15: a keeper that could not be started is tried again by the next agent', async () => {
  await using rig = openKeeperRig()
  const program = join(rig.directory, 'keeper.ts')
  await using host = await rig.open({ command: [process.execPath, program] })
  for (let i = 0; i < 2; i++)
    await expect(host.spawn(rig.spec(['cat']))).rejects.toMatchObject({ code: 'KEEPER_UNAVAILABLE' })
  symlinkSync(KEEPER_MAIN, program)
  const { agent, lines } = watchAgent(await host.spawn(rig.spec(['cat'])))
  agent.send('alive')
  await expect.poll(() => lines, { timeout: 5_000 }).toEqual(['alive'])
})

const OPEN_DATABASE = `
  const { openSqliteStore } = await import(process.argv[1])
  await using store = await openSqliteStore({ file: process.argv[2] })
  console.log(store.instanceNumber())
`

/** What a process of its own says is the number; empty when it may not open the database. */
async function readInstance(file: string): Promise<string> {
  const module = new URL('../../src/store/open-sqlite-store.ts', import.meta.url).href
  const argv = ['--input-type=module', '-e', OPEN_DATABASE, module, file]
  const child: ChildProcess = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'ignore'] })
  let said = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (said += text))
  await once(child, 'close')
  return said.trim()
}

test('T16: of many processes that make the database at once nobody gets a number that another does not have', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-traps-'))
  const file = join(directory, 'holdfast.db')
  const first = await Promise.all(Array.from({ length: 6 }, () => readInstance(file)))
  const numbers = new Set(first.filter((number) => number !== ''))
  expect([...numbers]).toEqual([await readInstance(file)])
  rmSync(directory, { recursive: true })
})

test('T23: a gateway whose store fails says so and ends; the next life settles what was not stored', async () => {
  await using gateway = await TestGateway.start()
  const session = await gateway.newSession()
  await gateway.ask(session, 'hello')
  changeStored(gateway.home, 'ALTER TABLE event RENAME TO event_away')
  await expect(gateway.client.prompt(session, { prompt: 'late' })).rejects.toMatchObject({ code: 'STORE_FAILED' })
  expect((await gateway.died()).code).toBe(EXIT.io)
  expect(gateway.output).toContain('STORE_FAILED')
  changeStored(gateway.home, 'ALTER TABLE event_away RENAME TO event')
  await gateway.start()
  expect((await gateway.client.listTurns(session)).turns.map(({ state }) => state)).toEqual(['completed'])
  expect((await gateway.ask(session, 'again')).state).toBe('completed')
})
