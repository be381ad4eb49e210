// Containment, at the level of the host: whatever a child does, after a stop nothing of it is left and nothing else is hurt.
// Numbers A nn: the fault battery of the reliability reference. Survivors are looked for by other means than the sweep's.

import { spawnSync, spawn, type ChildProcess } from 'node:child_process'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import type { Tagging } from '../../src/process/tag.ts'
import { findBirth, listLeaks, startLeakCheck, type LeakCheck } from '../_support/leak-check.ts'
import { nastyPath, openNastyHost, until, type Nasty, type NastyHost } from '../_support/nasty-host.ts'

const TEST_MS = 60_000

let check: LeakCheck
beforeEach(() => {
  check = startLeakCheck()
})
afterEach(() => check.assertNone())

/** Stops and demands that nothing is left at the moment the stop returns. */
async function stopsClean(nasty: Nasty, rig: NastyHost): Promise<Awaited<ReturnType<Nasty['process']['stop']>>> {
  const report = await nasty.process.stop()
  expect(await nasty.leaks()).toEqual([])
  expect(listLeaks({ instance: rig.leases.instanceNumber() })).toEqual([])
  expect(report.survivors).toEqual([])
  expect(rig.leases.rows.get(nasty.process.leaseId)).toMatchObject({ state: 'closed' })
  return report
}

interface Case {
  readonly n: string
  readonly program: string
  readonly args?: readonly string[]
  /** Processes that tell before the stop. */
  readonly told: number
  /** Processes that tell in all, those born during the stop included. */
  readonly toldAtEnd?: number
  readonly forced: boolean
  readonly sweptMin: number
  /** True when nothing but the tag shows whose it is. */
  readonly tagOnly?: boolean
}

const CASES: readonly Case[] = [
  { n: 'A 1', program: 'polite.mjs', told: 1, forced: false, sweptMin: 0 },
  { n: 'A 2', program: 'ignore-term.mjs', told: 1, forced: true, sweptMin: 0 },
  { n: 'A 3', program: 'setsid-grandchild.mjs', told: 2, forced: false, sweptMin: 1 },
  { n: 'A 4', program: 'double-fork.mjs', told: 2, forced: false, sweptMin: 1 },
  { n: 'A 5', program: 'env-scrub.mjs', told: 2, forced: false, sweptMin: 1, tagOnly: true },
  { n: 'A 6', program: 'env-scrub.mjs', args: ['--quick'], told: 2, forced: false, sweptMin: 1, tagOnly: true },
  { n: 'A 7', program: 'undumpable.py', told: 2, forced: false, sweptMin: 1, tagOnly: true },
  { n: 'A 8', program: 'title-wipe.mjs', told: 3, forced: false, sweptMin: 2 },
  { n: 'A 9', program: 'respawner.mjs', told: 2, forced: false, sweptMin: 2 },
  { n: 'A 10', program: 'fork-storm.mjs', told: 21, forced: false, sweptMin: 20 },
  { n: 'A 11', program: 'job-control.sh', told: 3, forced: false, sweptMin: 2 },
  { n: 'A 12', program: 'eof-daemon.mjs', told: 1, toldAtEnd: 2, forced: false, sweptMin: 1 },
  { n: 'A 13', program: 'term-spawner.mjs', told: 1, toldAtEnd: 2, forced: true, sweptMin: 1 },
  { n: 'A 14', program: 'stopped.mjs', told: 1, forced: true, sweptMin: 0 },
  { n: 'A 15', program: 'zombie.sh', told: 1, forced: true, sweptMin: 0 },
]

/** One fixture makes a system call that Node has no way to make. */
const hasPython = spawnSync('python3', ['-c', '']).status === 0

async function runCase(rig: NastyHost, c: Case): Promise<void> {
  const nasty = await rig.start(c.program, ...(c.args ?? []))
  const told = await nasty.waitTold(c.told)
  expect(told.filter(({ birth, pid }) => findBirth(pid) === birth)).toHaveLength(c.told)
  const report = await stopsClean(nasty, rig)
  expect(await nasty.told()).toHaveLength(c.toldAtEnd ?? c.told)
  expect(report).toMatchObject({ forced: c.forced })
  expect(report.swept).toBeGreaterThanOrEqual(c.sweptMin)
  expect(report.ms).toBeLessThan(24_000)
}

describe('containment by tag', () => {
  test.for(CASES)('$n: $program is gone when the stop returns', { timeout: TEST_MS }, async (c, { skip }) => {
    if (c.program.endsWith('.py') && !hasPython) skip('python3 is not installed')
    await using rig = await openNastyHost()
    expect(rig.host.describe().tagging).not.toBe('marker')
    await runCase(rig, c)
  })
})

describe('containment by marker, where trees cannot be tagged', () => {
  const tagging: Tagging = { kind: 'marker' }
  const cases = CASES.filter(({ tagOnly }) => !tagOnly)
  test.for(cases)('$n: $program is gone when the stop returns', { timeout: TEST_MS }, async (c) => {
    await using rig = await openNastyHost({ tagging })
    expect(rig.host.describe().tagging).toBe('marker')
    await runCase(rig, c)
  })
})

describe('containment, whole stories', () => {
  test(
    'A 26: the audit ends what carries the mark of a closed lease, and nothing else',
    { timeout: TEST_MS },
    async () => {
      await using rig = await openNastyHost({ auditMs: 100 })
      const closed = await rig.start('polite.mjs')
      await closed.process.stop()
      const open = await rig.start('polite.mjs')
      await open.waitTold(1)
      const instance = rig.leases.instanceNumber()
      const sleepers = [instance, instance + 1].map((owner) =>
        spawn('sleep', ['60'], { env: { ...process.env, HOLDFAST_LEASE: `${owner}.${closed.process.leaseId}.7` } }),
      )
      const [stray, foreign] = sleepers
      await expect.poll(() => stray?.signalCode, { timeout: 10_000 }).toBe('SIGKILL')
      expect(foreign?.signalCode).toBeNull()
      expect(await open.leaks()).toHaveLength(1)
      foreign?.kill('SIGKILL')
    },
  )

  test('A 1: a polite agent is stopped without force in less than 3 s', { timeout: TEST_MS }, async () => {
    await using rig = await openNastyHost()
    const nasty = await rig.start('polite.mjs')
    await nasty.waitTold(1)
    const report = await stopsClean(nasty, rig)
    expect(report).toMatchObject({ forced: false, swept: 0, exit: { code: 0, signal: null } })
    expect(report.ms).toBeLessThan(3_000)
    expect(rig.leases.history.map(({ state }) => state)).toEqual(['spawning', 'running', 'stopping', 'closed'])
  })

  test('A 9: no generation is born after the stop returned', { timeout: TEST_MS }, async () => {
    await using rig = await openNastyHost()
    const nasty = await rig.start('respawner.mjs')
    const [, child] = await nasty.waitTold(2)
    process.kill(child?.pid ?? 0, 'SIGKILL')
    await nasty.waitTold(3)
    await stopsClean(nasty, rig)
    const told = await nasty.told()
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(await nasty.told()).toEqual(told)
  })

  test(
    'A 16: the exit is told although a child holds the pipes, and the child is gone',
    { timeout: TEST_MS },
    async () => {
      await using rig = await openNastyHost()
      const nasty = await rig.start('root-exits.mjs')
      await until('the exit', () => nasty.exits[0])
      expect(nasty.exits).toEqual([{ code: 0, signal: null }])
      expect(nasty.lines).toEqual(['last words'])
      const report = await stopsClean(nasty, rig)
      expect(report).toMatchObject({ forced: false, swept: 1 })
    },
  )

  test(
    'A 17: nobody asks for a stop: the children of a crashed root go and its lease closes',
    { timeout: TEST_MS },
    async () => {
      await using rig = await openNastyHost()
      const nasty = await rig.start('double-fork.mjs')
      const told = await nasty.waitTold(2)
      process.kill(told.find(({ role }) => role === 'root')?.pid ?? 0, 'SIGKILL')
      await until(
        'the lease to close',
        () => rig.leases.rows.get(nasty.process.leaseId)?.state === 'closed' || undefined,
      )
      expect(await nasty.leaks()).toEqual([])
      expect(nasty.exits).toEqual([{ code: null, signal: 'SIGKILL' }])
      expect(rig.leases.rows.get(nasty.process.leaseId)).toMatchObject({ exit: 'signal SIGKILL' })
      expect(rig.host.describe()).toMatchObject({ live: 0, stuck: 0 })
    },
  )

  test("A 18: stopping one session leaves the other's tree alone", { timeout: TEST_MS }, async () => {
    await using rig = await openNastyHost()
    const one = await rig.start('double-fork.mjs')
    const other = await rig.start('double-fork.mjs')
    await Promise.all([one.waitTold(2), other.waitTold(2)])
    await one.process.stop()
    expect(await one.leaks()).toEqual([])
    const births = (await other.told()).map(({ birth }) => birth)
    expect((await other.leaks()).map(({ pid, startTicks }) => `${pid} ${startTicks}`)).toEqual(
      expect.arrayContaining(births),
    )
    await stopsClean(other, rig)
  })

  test('A 19: processes of others with the same command line live on', { timeout: TEST_MS }, async () => {
    await using rig = await openNastyHost()
    const nasty = await rig.start('double-fork.mjs')
    await nasty.waitTold(2)
    await using strangers = startStrangers(rig.directory)
    await until('the strangers to run', () => strangers.births().length === 2 || undefined)
    await stopsClean(nasty, rig)
    expect(strangers.births()).toHaveLength(2)
  })

  test('A 21: twenty fork storms end together', { timeout: 2 * TEST_MS }, async () => {
    const rig = await openNastyHost()
    const storms: Nasty[] = []
    for (let i = 0; i < 20; i++) storms.push(await rig.start('fork-storm.mjs'))
    await Promise.all(storms.map((storm) => storm.waitTold(21)))
    const startedAt = performance.now()
    await rig.host[Symbol.asyncDispose]()
    expect(performance.now() - startedAt).toBeLessThan(30_000)
    for (const storm of storms) expect(await storm.leaks()).toEqual([])
    expect(listLeaks({ instance: rig.leases.instanceNumber() })).toEqual([])
    expect([...rig.leases.rows.values()].map(({ state }) => state)).toEqual(Array(20).fill('closed'))
    await rig[Symbol.asyncDispose]()
  })

  test('A 22: twenty agents that exit at once leave nothing', { timeout: TEST_MS }, async () => {
    await using rig = await openNastyHost()
    for (let i = 0; i < 20; i++) {
      const agent = await rig.host.spawn(rig.spec(['sh', '-c', i % 2 ? 'exit 3' : 'kill -9 $$'], 'early-exit'))
      const report = await agent.stop()
      expect(report.exit).toEqual(i % 2 ? { code: 3, signal: null } : { code: null, signal: 'SIGKILL' })
    }
    expect(listLeaks({ mark: 'early-exit', instance: rig.leases.instanceNumber() })).toEqual([])
    expect(new Set([...rig.leases.rows.values()].map(({ state }) => state))).toEqual(new Set(['closed']))
  })

  test(
    'A 23: a command that is missing, a directory or not executable starts nothing',
    { timeout: TEST_MS },
    async () => {
      await using rig = await openNastyHost()
      await writeFile(join(rig.directory, 'plain'), 'exit 0\n')
      await chmod(join(rig.directory, 'plain'), 0o644)
      await mkdir(join(rig.directory, 'folder'))
      await expect(rig.host.spawn(rig.spec(['no-such-agent']))).rejects.toMatchObject({
        code: 'AGENT_COMMAND_MISSING',
        details: { agent: 'nasty', command: 'no-such-agent' },
      })
      for (const command of ['./folder', './plain']) {
        await expect(rig.host.spawn(rig.spec([command]))).rejects.toMatchObject({
          code: 'AGENT_COMMAND_UNUSABLE',
          details: { command },
        })
      }
      expect(rig.leases.rows.size).toBe(0)
      expect(rig.host.describe()).toMatchObject({ live: 0, stuck: 0 })
    },
  )
})

interface Strangers extends AsyncDisposable {
  births(): string[]
}

/** The same command line as the nasty child, but not ours: one with a marker of another gateway, one without. */
function startStrangers(directory: string): Strangers {
  const argv = [nastyPath('linger.sh'), join(directory, 'strangers.log'), 'daemon']
  const options = { stdio: 'ignore', detached: true } as const
  const children: ChildProcess[] = [
    spawn('/bin/sh', argv, options),
    spawn('/bin/sh', argv, { ...options, env: { ...process.env, HOLDFAST_LEASE: '1.1.7' } }),
  ]
  const births = (): string[] => children.flatMap(({ pid }) => findBirth(pid ?? 0) ?? [])
  const end = async (): Promise<void> => {
    const exits = children.map((child) => new Promise((resolve) => child.once('exit', resolve)))
    for (const child of children) child.kill('SIGKILL')
    await Promise.all(exits)
  }
  return { births, [Symbol.asyncDispose]: end }
}
