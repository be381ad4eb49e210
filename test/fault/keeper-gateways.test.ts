// Gateways of one keeper, really: two lives at once, one that ends in the middle of a spawn, and what a keeper needs to live.

import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { NODE_FLAGS } from '../../src/daemon/open-host.ts'
import { encodeJson, FRAME } from '../../src/keeper/socket/frames.ts'
import { isAlive, readBootId } from '../../src/base/birth.ts'
import { knockAt } from '../_support/keeper-pair.ts'
import { eventually, KEEPER_MAIN, leave, openKeeperRig, watchAgent, type KeeperRig } from '../_support/keeper-rig.ts'
import { manualClock } from '../_support/manual-clock.ts'

test('a gateway that was superseded is told so and ends nothing: neither by stop, nor by audit, nor at its end', async () => {
  await using rig = openKeeperRig()
  const clock = manualClock()
  const old = await rig.open({ clock })
  const agent = await old.spawn(rig.spec(['cat']))
  const oldEvents = watchAgent(agent).events
  const fresh = await rig.open()
  const watched = watchAgent(fresh.held()[0]!.process)
  await eventually('the old one to know', () => old.describe().keepers.length === 0)
  const other = watchAgent(await fresh.spawn(rig.spec(['cat'])))
  // Neither pings nor audits of the old one are left.
  expect(clock.waiting()).toBe(0)
  expect(await agent.stop()).toMatchObject({ forced: false, swept: 0, survivors: [] })
  await expect(old.spawn(rig.spec(['cat']))).rejects.toMatchObject({ code: 'SPAWN_FAILED' })
  await old[Symbol.asyncDispose]()
  for (const each of [watched, other]) each.agent.send('alive')
  await eventually('both echoes', () => watched.lines[0] === 'alive' && other.lines[0] === 'alive')
  expect([oldEvents, watched.events, other.events]).toEqual([[], [], []])
  expect(rig.leases.keepers).toHaveLength(1)
  await fresh[Symbol.asyncDispose]()
})

/** Asks the keeper for a process as a gateway does that is killed before it hears the answer. The lease is on disk. */
async function askAndDie(rig: KeeperRig, isWaiting: boolean): Promise<number> {
  const { no, secret } = rig.keeper()
  const { spec, leases } = rig
  const { agent, cwd, env, argv } = spec(['/bin/cat'])
  const { id } = await leases.insertLease({
    keeperNo: no,
    sessionId: undefined,
    generation: 7,
    agent,
    nodeEpoch: 1,
    state: 'spawning',
    commandDigest: '',
    bootId: readBootId(),
    tag: '',
    pid: undefined,
    startTicks: undefined,
    createdAt: 0,
    exit: undefined,
  })
  const knock = knockAt(rig.socketOf(rig.keeper()))
  knock.hello({ secret })
  const order = { sessionId: 'ses_dead', generation: 7, agent, argv, env, cwd, lineBytesMax: 1_000 }
  for (const bytes of encodeJson(FRAME.spawn, id, order)) knock.socket.write(bytes)
  if (isWaiting) await eventually('the process', () => rig.agents().length > 0)
  else await eventually('the welcome', () => knock.frames.length > 0)
  knock.socket.destroy()
  return id
}

test('a gateway killed before it heard of its spawn: the next one holds the process, by its label', async () => {
  await using rig = openKeeperRig()
  const first = await rig.open()
  await (await first.spawn(rig.spec(['cat']))).stop()
  await leave(first)
  const leaseId = await askAndDie(rig, true)
  const next = await rig.open()
  const [held] = next.held()
  expect(held).toMatchObject({ sessionId: 'ses_dead', generation: 7, process: { leaseId } })
  await eventually('the lease', () => rig.leases.rows.get(leaseId)?.state === 'running')
  const watched = watchAgent(held!.process)
  watched.agent.send('alive')
  await eventually('the echo', () => watched.lines[0] === 'alive')
  await next[Symbol.asyncDispose]()
})

test('killed in the middle of the spawn: it is held by the next one, or gone and its lease settled; never lost', async () => {
  await using rig = openKeeperRig()
  for (let round = 0; round < 5; round++) {
    const first = await rig.open()
    await (await first.spawn(rig.spec(['cat']))).stop()
    await leave(first)
    const leaseId = await askAndDie(rig, false)
    const next = await rig.open()
    const isHeld = next.held().some(({ process }) => process.leaseId === leaseId)
    if (isHeld) await eventually('the lease', () => rig.leases.rows.get(leaseId)?.state === 'running')
    else await eventually('the end of it', () => rig.agents().length === 0)
    await Promise.all(next.held().map(({ process }) => process.stop()))
    await eventually('the keeper to forget', () => next.describe().keepers[0]?.live === 0)
    expect(['closed', 'lost']).toContain(rig.leases.rows.get(leaseId)?.state)
    await leave(next)
  }
})

test('a log that cannot be written costs the keeper nothing', async () => {
  await using rig = openKeeperRig()
  symlinkSync('/dev/full', join(rig.directory, 'state/keeper.log'))
  const host = await rig.open()
  const watched = watchAgent(await host.spawn(rig.spec(['cat'])))
  const keeper = rig.keeper()
  // A connection that is refused is said in the log.
  const knock = knockAt(rig.socketOf(keeper))
  knock.hello({ secret: 'wrong' })
  await knock.closed
  watched.agent.send('alive')
  await eventually('the echo', () => watched.lines[0] === 'alive')
  expect(isAlive(keeper)).toBe(true)
  await host[Symbol.asyncDispose]()
})

test('what is left of a database that is gone is in nobody\u2019s way', async () => {
  await using rig = openKeeperRig()
  writeFileSync(join(rig.directory, 'run/k7.sock'), '')
  const host = await rig.open()
  const watched = watchAgent(await host.spawn(rig.spec(['cat'])))
  watched.agent.send('alive')
  await eventually('the echo', () => watched.lines[0] === 'alive')
  expect(rig.keeper().no).toBe(7)
  await host[Symbol.asyncDispose]()
})

test('of two keepers of the same version one takes new agents; the other ends with its last one', async () => {
  await using rig = openKeeperRig()
  const first = await rig.open()
  await first.spawn(rig.spec(['cat']))
  const extra = rig.keeper()
  await leave(first)
  // A life that does not find it starts another, and ends what it does not know as held.
  const record = rig.leases.keepers[0]!
  Object.assign(record, { endedAt: 1 })
  const between = await rig.open()
  await between.spawn(rig.spec(['cat']))
  const taking = rig.keeper()
  await leave(between)
  Object.assign(record, { endedAt: undefined })
  const host = await rig.open()
  expect(host.describe().keepers.map(({ no, isRetiring }) => [no, isRetiring])).toEqual([
    [extra.no, true],
    [taking.no, false],
  ])
  for (const { process } of host.held()) watchAgent(process)
  await eventually('the extra one to end', () => !isAlive(extra))
  expect(isAlive(taking)).toBe(true)
  expect(host.describe()).toMatchObject({ live: 1, keepers: [{ no: taking.no, live: 1 }] })
  await host[Symbol.asyncDispose]()
})

test('a keeper of 50 idle agents stays under 60 MB', async () => {
  await using rig = openKeeperRig()
  const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', NODE_COMPILE_CACHE: join(rig.directory, 'cache') }
  const command = [process.execPath, ...NODE_FLAGS, KEEPER_MAIN] as const
  // The first one fills the cache that every later one has.
  const warm = await rig.open({ command, env })
  await warm.spawn(rig.spec(['cat']))
  await warm[Symbol.asyncDispose]()
  const host = await rig.open({ command, env })
  const agents = await Promise.all(Array.from({ length: 50 }, () => host.spawn(rig.spec(['cat']))))
  const watched = agents.map((agent) => watchAgent(agent))
  for (const { agent } of watched) agent.send('ready')
  await eventually('the echoes', () => watched.every(({ lines }) => lines.length === 1))
  const status = readFileSync(`/proc/${rig.keeper().pid}/status`, 'utf8')
  const megabytes = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024
  // About 41 MB of it are pages of the node program, which every node on the machine shares.
  console.log(
    `keeper with 50 agents: ${megabytes('VmRSS').toFixed(1)} MB, ${megabytes('RssAnon').toFixed(1)} of its own`,
  )
  expect(megabytes('VmRSS')).toBeLessThan(60)
  await host[Symbol.asyncDispose]()
})
