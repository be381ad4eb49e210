// The strong modes of containment on the real kernel. Where a mode does not work its tests are skipped by name, with the reason.

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { chmod, mkdtemp, rm, rmdir, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { systemClock } from '../../src/base/clock.ts'
import { reapEarlierLives } from '../../src/keeper/host/reap-earlier-lives.ts'
import { findCgroupPlace } from '../../src/process/cgroup-place.ts'
import { probeCgroup } from '../../src/process/cgroup-probe.ts'
import { Containment, probeContainment, type ContainmentSpec } from '../../src/process/containment.ts'
import { spawnChild } from '../../src/process/spawn.ts'
import { startLeakCheck, type LeakCheck } from '../_support/leak-check.ts'
import { findTellers } from '../_support/namespaced.ts'
import { createMemoryLeases } from '../_support/memory-leases.ts'
import { openNastyHost, until, type Nasty, type NastyHost } from '../_support/nasty-host.ts'
import { testWhere, type Ability } from '../_support/where-it-works.ts'

const TEST_MS = 60_000
const MIB = 1024 * 1024

const report = await probeContainment()
const ABILITIES = {
  bwrap: { name: 'bwrap', ...report.bwrap },
  cgroup: { name: 'cgroup', ...report.cgroup },
  memory: { name: 'memory limit', ...report.memoryLimit },
  processes: { name: 'process limit', ...report.processLimit },
  python: { name: 'python3', works: spawnSync('python3', ['-c', '']).status === 0, reason: 'it is not installed' },
} satisfies Record<string, Ability>

let check: LeakCheck
beforeEach(() => {
  check = startLeakCheck()
})
afterEach(() => check.assertNone())

const tellers = async (nasty: Nasty): Promise<number[]> => findTellers((await nasty.told()).map(({ birth }) => birth))

const groupsOf = (rig: NastyHost): string[] => {
  const place = findCgroupPlace()
  const directory = place.found ? join(place.directory, `holdfast-${rig.leases.instanceNumber()}`) : ''
  return existsSync(directory)
    ? readdirSync(directory, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? e.name : []))
    : []
}

/** Directories of the groups of every rig of this file. */
const opened: string[] = []

const openRig = async (containment: ContainmentSpec): Promise<NastyHost> => {
  const rig = await openNastyHost({}, containment)
  opened.push(`holdfast-${rig.leases.instanceNumber()}`)
  return rig
}

const PROGRAMS: readonly (readonly [program: string, told: number, arg?: string])[] = [
  ['polite.mjs', 1],
  ['ignore-term.mjs', 1],
  ['setsid-grandchild.mjs', 2],
  ['double-fork.mjs', 2],
  ['env-scrub.mjs', 2],
  ['env-scrub.mjs', 2, '--quick'],
  ['untag.mjs', 2],
  ['undumpable.py', 2],
  ['title-wipe.mjs', 3],
  ['root-exits.mjs', 2],
  ['respawner.mjs', 2],
  ['fork-storm.mjs', 21],
  ['job-control.sh', 3],
  ['eof-daemon.mjs', 1],
  ['term-spawner.mjs', 1],
  ['stopped.mjs', 1],
  ['zombie.sh', 1],
]

describe.each(['bwrap', 'cgroup'] as const)('%s', (mode) => {
  const works = ABILITIES[mode]

  for (const [program, told, arg] of PROGRAMS) {
    const needs = program.endsWith('.py') ? [works, ABILITIES.python] : [works]
    const body = async (): Promise<void> => {
      await using rig = await openRig({ mode })
      const nasty = await rig.start(program, ...(arg === undefined ? [] : [arg]))
      await nasty.waitTold(told)
      const stopped = await nasty.process.stop()
      expect(await tellers(nasty)).toEqual([])
      expect(await nasty.leaks()).toEqual([])
      expect(stopped.survivors).toEqual([])
      expect(rig.leases.rows.get(nasty.process.leaseId)).toMatchObject({ state: 'closed' })
      expect(groupsOf(rig)).toEqual([])
    }
    testWhere(needs, `${program} ${arg ?? ''} is gone when the stop returns`, body, TEST_MS)
  }

  const arrives = async (): Promise<void> => {
    await using rig = await openRig({ mode })
    const script =
      'pwd; printf "%s|" "$@"; echo; grep "Max file locks" /proc/self/limits; echo "$HOLDFAST_LEASE"; exit 7'
    const agent = await rig.host.spawn(rig.spec(['sh', '-c', script, 'sh', 'a b', '', '$x', '--']))
    const { lines, exits } = listen(agent)
    await until('the exit', () => exits[0])
    const [cwd, args, limits, marker] = lines
    expect([cwd, args]).toEqual([rig.directory, 'a b||$x|--|'])
    expect(limits).toMatch(new RegExp(`^Max file locks +${agent.leaseId} `))
    expect(marker).toBe(`${rig.leases.instanceNumber()}.${agent.leaseId}.7`)
    expect(exits).toEqual([{ code: 7, signal: null }])
    await agent.stop()
  }
  testWhere([works], 'cwd, arguments, tag, marker and exit code are those of any agent', arrives, TEST_MS)

  const acts = async (): Promise<void> => {
    await using rig = await openRig({ mode })
    const script = 'trap "echo tidied; exit 3" TERM; exec 0</dev/null; echo ready; while :; do sleep 0.1; done'
    const agent = await rig.host.spawn(rig.spec(['sh', '-c', script]))
    const { lines, exits } = listen(agent)
    await until('the trap', () => lines[0])
    const stopped = await agent.stop()
    expect(lines).toEqual(['ready', 'tidied'])
    expect(exits).toEqual([{ code: 3, signal: null }])
    expect(stopped).toMatchObject({ forced: true, survivors: [] })
  }
  testWhere([works], 'an agent may act on SIGTERM before it is ended', acts, TEST_MS)
})

describe('tag', () => {
  const escapes = async (): Promise<void> => {
    await using rig = await openRig({ mode: 'tag' })
    const nasty = await rig.start('untag.mjs')
    await nasty.waitTold(2)
    await nasty.process.stop()
    const left = await tellers(nasty)
    expect(left).toHaveLength(1)
    for (const pid of left) process.kill(pid, 'SIGKILL')
    await until('its end', async () => (await tellers(nasty)).length === 0 || undefined)
  }
  testWhere([], 'what lowers its own limits on purpose lives on: the strong modes are for that', escapes, TEST_MS)
})

describe('bwrap only', () => {
  const hidden = async (): Promise<void> => {
    await using rig = await openRig({ mode: 'bwrap' })
    const script = 'readlink /proc/self/ns/pid; ls -d /proc/[0-9]* | wc -l; [ -e /proc/1/root/etc ] && echo files'
    const agent = await rig.host.spawn(rig.spec(['sh', '-c', script]))
    const { lines, exits } = listen(agent)
    await until('the exit', () => exits[0])
    expect(lines[0]).toMatch(/^pid:/)
    expect(Number(lines[1])).toBeLessThan(8)
    expect(lines[2]).toBe('files')
  }
  testWhere([ABILITIES.bwrap], 'an agent sees its own processes only, and all files', hidden, TEST_MS)

  const killed = async (): Promise<void> => {
    await using rig = await openRig({ mode: 'bwrap' })
    const nasty = await rig.start('untag.mjs')
    await nasty.waitTold(2)
    process.kill(nasty.process.pid, 'SIGKILL')
    await until('the end of all', async () => (await tellers(nasty)).length === 0 || undefined)
  }
  testWhere([ABILITIES.bwrap], 'the kernel ends the whole tree with bwrap, without any sweep', killed, TEST_MS)

  test(
    'a bwrap that is refused is an error with its words, and nothing is started or left open',
    { timeout: TEST_MS },
    async () => {
      const tools = await mkdtemp(join(tmpdir(), 'holdfast-tools-'))
      await writeFile(
        join(tools, 'bwrap'),
        '#!/bin/sh\necho "bwrap: No permissions to create new namespace" >&2\nexit 1\n',
      )
      await chmod(join(tools, 'bwrap'), 0o755)
      await symlink('/usr/bin/env', join(tools, 'env'))
      const owner = { instance: 1, lease: 1, epoch: 1 }
      await expect(new Containment({ toolPath: tools }).prepare({ mode: 'bwrap' }, 'a', owner)).rejects.toMatchObject({
        code: 'CONTAINMENT_UNAVAILABLE',
        retryable: false,
        details: { agent: 'a', mode: 'bwrap', reason: 'bwrap: No permissions to create new namespace' },
      })
      await rm(tools, { recursive: true })
    },
  )
})

describe('cgroup only', () => {
  const leftover = async (): Promise<void> => {
    const store = createMemoryLeases()
    const owner = { instance: store.instanceNumber(), lease: 99, epoch: 3 }
    const enclosure = await new Containment().prepare({ mode: 'cgroup' }, 'a', owner)
    // Neither tag nor marker: its group alone says whose it is.
    const child = await spawnChild({ argv: enclosure.wrap(['/bin/sleep', '600']), cwd: '/', env: {} })
    const node = { id: 'local', epoch: 8, startedAt: 0 }
    const reap = (...held: number[]): Promise<unknown> =>
      reapEarlierLives({ held: new Set(held), store, node, clock: systemClock, logger: undefined })
    try {
      await reap(owner.lease)
      expect(child.exit()).toBeUndefined()
      await reap()
      expect(await until('its end', () => child.exit(), 2_000)).toEqual({ code: null, signal: 'SIGKILL' })
      opened.push(`holdfast-${owner.instance}`)
    } finally {
      await enclosure.kill()
      await enclosure.dispose()
    }
  }
  testWhere(
    [ABILITIES.cgroup],
    'a start empties and removes the group of an earlier life; one that is held stays',
    leftover,
    TEST_MS,
  )

  const probed = async (): Promise<void> => {
    const place = findCgroupPlace()
    const directory = await mkdtemp(join(place.found ? place.directory : tmpdir(), 'holdfast-test-'))
    expect(await probeCgroup({ found: true, directory })).toMatchObject({ works: true, base: directory })
    expect(readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory())).toEqual([])
    await rmdir(directory)
  }
  testWhere([ABILITIES.cgroup], 'a probe leaves no group behind', probed, TEST_MS)

  const spec = (limits: Omit<ContainmentSpec & { mode: 'cgroup' }, 'mode'>): ContainmentSpec => ({
    mode: 'cgroup',
    ...limits,
  })

  const bounded = async (): Promise<void> => {
    await using rig = await openRig(spec({ processesMax: 40 }))
    const nasty = await rig.start('fork-many.sh')
    await until('the refusal', () => nasty.exits[0])
    expect(nasty.lines).toEqual([])
    await nasty.process.stop()
    expect(await nasty.leaks()).toEqual([])
  }
  testWhere(
    [ABILITIES.cgroup, ABILITIES.processes],
    'a fork bomb is refused at processesMax, and what it started is gone',
    bounded,
    TEST_MS,
  )

  const hog = async (): Promise<void> => {
    await using rig = await openRig(spec({ memoryBytesMax: 192 * MIB }))
    const nasty = await rig.start('memory-hog.mjs', '--mib=512')
    const exit = await until('the end of the hog', () => nasty.exits[0])
    expect(exit).toEqual({ code: null, signal: 'SIGKILL', memoryKills: 1 })
    await nasty.process.stop()
  }
  testWhere(
    [ABILITIES.cgroup, ABILITIES.memory],
    'a memory hog is ended at memoryBytesMax, and its exit says so',
    hog,
    TEST_MS,
  )

  const refused = async (): Promise<void> => {
    await using rig = await openRig(spec({ memoryBytesMax: 64 * MIB }))
    await expect(rig.host.spawn(rig.spec(['true']))).rejects.toMatchObject({
      code: 'CONTAINMENT_UNAVAILABLE',
      details: { agent: 'nasty', mode: 'cgroup', reason: report.memoryLimit.reason },
    })
    expect([...rig.leases.rows.values()].map(({ state }) => state)).toEqual(['closed'])
    expect(groupsOf(rig)).toEqual([])
  }
  const lacking = { name: 'a machine without memory limits', works: !report.memoryLimit.works, reason: 'it has them' }
  testWhere([lacking], 'a limit that does not work here is an error: no process, the lease closed', refused, TEST_MS)
})

test('a host that has closed leaves no group behind', () => {
  const place = findCgroupPlace()
  const left = place.found ? readdirSync(place.directory).filter((name) => opened.includes(name)) : []
  expect(left).toEqual([])
})

function listen(agent: Nasty['process']): Pick<Nasty, 'lines' | 'exits'> {
  const heard: Pick<Nasty, 'lines' | 'exits'> = { lines: [], exits: [] }
  agent.listen({
    onLines: ({ first, lines }) => {
      heard.lines.push(...lines)
      agent.acknowledge(first + lines.length - 1)
    },
    onOutputEnd: () => {},
    onLineTooLong: () => {},
    onExit: (exit) => void heard.exits.push(exit),
    onInputLost: () => {},
    onDisconnected: () => {},
  })
  return heard
}
