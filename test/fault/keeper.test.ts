// The keeper program, really: what it keeps while gateways come and go, and how everything ends when it does.

import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { OUTPUT_LIMITS } from '../../src/keeper/held/held-process.ts'
import { isAlive } from '../../src/base/birth.ts'
import { signalProcess } from '../../src/process/signals.ts'
import { eventually, leave, openKeeperRig, watchAgent } from '../_support/keeper-rig.ts'

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, i) => `${from + i}`)

test('many gateways in the middle of one output: no line is lost or doubled, and numbers go on', async () => {
  await using rig = openKeeperRig()
  const first = await rig.open()
  const script = 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo $i; done; read -r _; exit 5'
  const agent = await first.spawn(rig.spec(['sh', '-c', script]))
  const stored: string[] = []
  let host = first
  let watched = watchAgent(agent, { acknowledgesTo: 2_500 })
  for (let life = 1; life <= 6; life++) {
    await eventually(`line ${life * 2_500}`, () => watched.last() >= life * 2_500)
    await leave(host)
    host = await rig.open()
    const { process: again } = host.held()[0]!
    expect([again.pid, again.acknowledged]).toEqual([agent.pid, life * 2_500])
    // What was told and not acknowledged over there is told again.
    stored.push(...watched.lines.slice(0, again.acknowledged - stored.length))
    expect(watched.events).toEqual([])
    watched = watchAgent(again, { acknowledgesTo: life === 6 ? Infinity : (life + 1) * 2_500 })
  }
  await eventually('the last line', () => watched.last() === 20_000)
  watched.agent.send('go')
  await eventually('the exit', () => watched.events.includes('exit 5'))
  expect([...stored, ...watched.lines]).toEqual(numbers(1, 20_000))
  expect(watched.events).toEqual(['exit 5'])
  await host[Symbol.asyncDispose]()
})

test('frames are remembered over lives: what was written is known, and is not written again', async () => {
  await using rig = openKeeperRig()
  const first = await rig.open()
  const agent = await first.spawn(rig.spec(['cat']))
  const before = watchAgent(agent)
  agent.send('one', 'f1')
  agent.send('one', 'f1')
  agent.send('any')
  await eventually('the echo', () => before.last() === 2)
  await leave(first)
  const second = await rig.open()
  const { process: again } = second.held()[0]!
  expect(['f1', 'f2'].map((id) => again.wasWritten(id))).toEqual([true, false])
  const after = watchAgent(again)
  again.send('one', 'f1')
  again.send('two', 'f2')
  await eventually('the echo', () => after.last() === 3)
  expect([before.lines, after.lines]).toEqual([['one', 'any'], ['two']])
  await second[Symbol.asyncDispose]()
})

test('an exit while nobody was there is told to the next life with its last lines, and its lease is closed', async () => {
  await using rig = openKeeperRig()
  const first = await rig.open()
  const agent = await first.spawn(rig.spec(['sh', '-c', 'read -r _; echo bye; exit 9']))
  await leave(first)
  const between = await rig.open()
  between.held()[0]!.process.send('go')
  await leave(between)
  await eventually('the agent to end', () => rig.agents().length === 0)
  const second = await rig.open()
  const [held] = second.held()
  expect(held).toMatchObject({ sessionId: 'ses_test', generation: 1, agent: 'test' })
  const watched = watchAgent(held!.process)
  await eventually('the exit', () => watched.events.includes('exit 9'))
  expect(watched.lines).toEqual(['bye'])
  await held!.process.stop() // as its session does, when the end is stored
  await eventually('the lease', () => rig.leases.rows.get(agent.leaseId)?.state === 'closed')
  expect(rig.leases.rows.get(agent.leaseId)).toMatchObject({ exit: 'code 9' })
  await eventually('it to be forgotten', () => second.describe().keepers[0]?.live === 0)
  await leave(second)
  const third = await rig.open()
  expect(third.held()).toEqual([])
  await third[Symbol.asyncDispose]()
})

test('more than memory holds goes to the file and comes back exactly; the exit comes after the last of it', async () => {
  await using rig = openKeeperRig()
  const outputLimits = { ...OUTPUT_LIMITS, memoryBytesMax: 10_000 }
  const first = await rig.open({ outputLimits })
  // About 40 MB: also more than may be told without an acknowledgement after an exit.
  const script = 'read -r _; seq -f "%07.0f 0123456789012345678901234567890123456789" 1 800000; exit 4'
  const agent = await first.spawn(rig.spec(['sh', '-c', script]))
  agent.send('go')
  await leave(first)
  await eventually('the agent to end', () => rig.agents().length === 0, 60_000)
  const spool = join(rig.directory, 'state/spool', String(rig.keeper().no), `${agent.leaseId}.lines`)
  expect(statSync(spool).mode & 0o777).toBe(0o600)
  expect(statSync(spool).size).toBeGreaterThan(38_000_000)
  const second = await rig.open({ outputLimits })
  const watched = watchAgent(second.held()[0]!.process)
  await eventually('the exit', () => watched.events.includes('exit 4'), 60_000)
  expect(watched.events).toEqual(['exit 4'])
  expect(watched.lines).toHaveLength(800_000)
  expect(watched.lines.every((line, i) => Number(line.slice(0, 7)) === i + 1 && line.length === 48)).toBe(true)
  await second[Symbol.asyncDispose]()
})

test('at the cap the agent waits until somebody comes; nothing is lost', async () => {
  await using rig = openKeeperRig()
  const outputLimits = { ...OUTPUT_LIMITS, memoryBytesMax: 10_000, spoolBytesMax: 200_000 }
  const first = await rig.open({ outputLimits })
  const agent = await first.spawn(rig.spec(['sh', '-c', 'read -r _; seq 1 300000; echo done >&2; read -r _']))
  agent.send('go')
  await leave(first)
  const spool = join(rig.directory, 'state/spool', String(rig.keeper().no), `${agent.leaseId}.lines`)
  await eventually('the cap', () => (statSync(spool, { throwIfNoEntry: false })?.size ?? 0) > 180_000)
  const second = await rig.open({ outputLimits })
  const { process: again } = second.held()[0]!
  expect(again.stderrTail()).toBe('')
  const watched = watchAgent(again)
  await eventually('all lines', () => watched.last() === 300_000, 60_000)
  expect(watched.lines).toEqual(numbers(1, 300_000))
  await eventually('stderr', () => again.stderrTail() === 'done\n')
  await second[Symbol.asyncDispose]()
})

test('SIGKILL of the keeper: what it held is gone within 2 s, the host says so, and the next spawn has a new keeper', async () => {
  await using rig = openKeeperRig()
  const host = await rig.open()
  const agent = await host.spawn(rig.spec(['sh', '-c', 'setsid sleep 600 & env -i sleep 600 & cat']))
  const watched = watchAgent(agent)
  await eventually('the tree', () => rig.agents().length >= 3)
  const keeper = rig.keeper()
  signalProcess(keeper, 'SIGKILL')
  await eventually('the tree to be gone', () => rig.agents().length === 0, 2_000)
  await eventually('the exit', () => watched.events.length > 0)
  expect(watched.events).toEqual(['exit null'])
  expect(await agent.stop()).toMatchObject({ survivors: [], exit: undefined })
  await eventually('the lease', () => rig.leases.rows.get(agent.leaseId)?.state === 'closed')
  expect(host.describe()).toMatchObject({ live: 0, keepers: [] })
  const next = watchAgent(await host.spawn(rig.spec(['cat'])))
  next.agent.send('alive')
  await eventually('the echo', () => next.lines[0] === 'alive')
  expect(rig.keeper().no).toBeGreaterThan(keeper.no)
  await host[Symbol.asyncDispose]()
})

test('SIGKILL of gateway, keeper and warden: the next host has nothing left when it is open', async () => {
  await using rig = openKeeperRig()
  const host = await rig.open()
  const agent = await host.spawn(rig.spec(['sh', '-c', 'setsid sleep 600 & trap "" TERM HUP; cat; sleep 600']))
  await eventually('the tree', () => rig.agents().length >= 2)
  const { wardenPid } = host.describe()
  expect(wardenPid).toBeGreaterThan(1)
  await leave(host)
  if (wardenPid !== undefined && wardenPid > 1) process.kill(wardenPid, 'SIGKILL')
  signalProcess(rig.keeper(), 'SIGKILL')
  const next = await rig.open()
  expect(rig.agents()).toEqual([])
  expect(next.held()).toEqual([])
  expect(rig.leases.rows.get(agent.leaseId)).toMatchObject({ state: 'lost' })
  await next[Symbol.asyncDispose]()
})

test('a keeper that hangs: a stop still ends the tree, and the next start ends the keeper', async () => {
  await using rig = openKeeperRig()
  const host = await rig.open({ stopTimes: { stdinMs: 200, termMs: 200, sweepMs: 3_000 } })
  const agent = await host.spawn(rig.spec(['sh', '-c', 'setsid sleep 600 & cat']))
  await eventually('the tree', () => rig.agents().length >= 2)
  const keeper = rig.keeper()
  signalProcess(keeper, 'SIGSTOP')
  const startedAt = performance.now()
  expect(await agent.stop()).toMatchObject({ forced: true, survivors: [] })
  expect(performance.now() - startedAt).toBeLessThan(15_000)
  expect(rig.agents()).toEqual([])
  expect(rig.leases.rows.get(agent.leaseId)).toMatchObject({ state: 'closed' })
  await leave(host)
  const next = await rig.open()
  expect(isAlive(keeper)).toBe(false)
  const echo = watchAgent(await next.spawn(rig.spec(['cat'])))
  echo.agent.send('alive')
  await eventually('the echo', () => echo.lines[0] === 'alive')
  await next[Symbol.asyncDispose]()
})

test('after the adoption grace the agents are stopped and the keeper is gone; its files too', async () => {
  await using rig = openKeeperRig()
  const host = await rig.open({ adoptionGraceMs: 300 })
  const agent = await host.spawn(rig.spec(['sh', '-c', 'setsid sleep 600 & cat']))
  await eventually('the tree', () => rig.agents().length >= 2)
  expect(agent.pid).toBeGreaterThan(1)
  const keeper = rig.keeper()
  await leave(host)
  await eventually('the keeper to end', () => !isAlive(keeper))
  expect(rig.agents()).toEqual([])
  expect(statSync(rig.socketOf(keeper), { throwIfNoEntry: false })).toBeUndefined()
  expect(statSync(join(rig.directory, 'state/spool', String(keeper.no)), { throwIfNoEntry: false })).toBeUndefined()
})

test('SIGTERM to the keeper stops its agents politely first, and the gateway hears their exits', async () => {
  await using rig = openKeeperRig()
  const host = await rig.open()
  const watched = watchAgent(await host.spawn(rig.spec(['sh', '-c', 'cat; echo goodbye; exit 3'])))
  const keeper = rig.keeper()
  signalProcess(keeper, 'SIGTERM')
  await eventually('the exit', () => watched.events.length > 0)
  expect(watched).toMatchObject({ lines: ['goodbye'], events: ['exit 3'] })
  expect(await watched.agent.stop()).toMatchObject({ forced: false, survivors: [] })
  await eventually('the keeper to end', () => !isAlive(keeper))
  expect(watched.events).toEqual(['exit 3'])
  await host[Symbol.asyncDispose]()
})

test('a keeper that ends lets nobody in, while it waits for an agent that does not end', async () => {
  await using rig = openKeeperRig()
  const host = await rig.open()
  const watched = watchAgent(
    await host.spawn(rig.spec(['sh', '-c', 'trap "" TERM; echo up; while :; do sleep 1; done'])),
  )
  await eventually('the trap', () => watched.lines[0] === 'up')
  const keeper = rig.keeper()
  signalProcess(keeper, 'SIGTERM')
  await eventually('its socket to be gone', () => !existsSync(rig.socketOf(keeper)))
  expect(isAlive(keeper)).toBe(true)
  expect(watched.events).toEqual([])
  await eventually('the exit', () => watched.events.includes('exit SIGKILL'))
  await eventually('the keeper to end', () => !isAlive(keeper))
  await host[Symbol.asyncDispose]()
})

test('a keeper of another version keeps its agents, takes no new ones, and ends with its last one', async () => {
  await using rig = openKeeperRig()
  const old = await rig.open({ version: '1' })
  await old.spawn(rig.spec(['cat']))
  const retiring = rig.keeper()
  await leave(old)
  const host = await rig.open({ version: '2' })
  const [held] = host.held()
  expect(held?.process.isRetiring).toBe(true)
  const kept = watchAgent(held!.process)
  kept.agent.send('still here')
  await eventually('the echo', () => kept.lines[0] === 'still here')
  const fresh = await host.spawn(rig.spec(['cat']))
  expect(fresh.isRetiring).toBe(false)
  expect(host.describe().keepers.map(({ version, isRetiring, live }) => [version, isRetiring, live])).toEqual([
    ['1', true, 1],
    ['2', false, 1],
  ])
  await kept.agent.stop()
  await eventually('the old keeper to end', () => !isAlive(retiring))
  expect(isAlive(rig.keeper())).toBe(true)
  expect(host.describe().keepers.map(({ version }) => version)).toEqual(['2'])
  await host[Symbol.asyncDispose]()
  expect(rig.leases.keepers.every(({ endedAt }) => endedAt !== undefined)).toBe(true)
})
