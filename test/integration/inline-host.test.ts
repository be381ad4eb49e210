// The inline host with real children: what they get, what is told about them, and how leases follow.

import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { systemClock, type Clock } from '../../src/base/clock.ts'
import type { LocalProcess, SpawnSpec } from '../../src/keeper/agent-host.ts'
import { listTagged } from '../../src/process/kill-tagged.ts'
import { ProcessScanner } from '../../src/process/process-scanner.ts'
import { sweep } from '../../src/process/sweep.ts'
import { probeTagging, type Tagging } from '../../src/process/tag.ts'
import { encodeHardLimit } from '../../src/process/tag-value.ts'
import { findBirth, listLeaks, startLeakCheck, type LeakCheck } from '../_support/leak-check.ts'
import { openNastyHost, until, type NastyHost } from '../_support/nasty-host.ts'

let check: LeakCheck
beforeEach(() => {
  check = startLeakCheck()
})
afterEach(() => check.assertNone())

interface Watched {
  readonly agent: LocalProcess
  readonly lines: string[]
  readonly events: string[]
}

function watch(agent: LocalProcess, isAcknowledging = true): Watched {
  const watched: Watched = { agent, lines: [], events: [] }
  agent.listen({
    onLines: ({ first, lines }) => {
      expect(first).toBe(watched.lines.length + 1)
      watched.lines.push(...lines)
      if (isAcknowledging) agent.acknowledge(first + lines.length - 1)
    },
    onOutputEnd: () => watched.events.push('outputEnd'),
    onLineTooLong: () => watched.events.push('lineTooLong'),
    onExit: ({ code, signal }) => watched.events.push(`exit ${code ?? signal} after ${watched.lines.length}`),
    onInputLost: () => watched.events.push('writeStalled'),
    onDisconnected: () => {},
  })
  return watched
}

async function spawnWatched(rig: NastyHost, script: string, over: Partial<SpawnSpec> = {}): Promise<Watched> {
  return watch(await rig.host.spawn({ ...rig.spec(['sh', '-c', script]), ...over }))
}

function event(watched: Watched, start: string): Promise<string> {
  return until(start, () => watched.events.find((name) => name.startsWith(start)))
}

const HARD = encodeHardLimit(0xabcdef, 7)
const TAGGINGS: readonly Tagging[] = [
  { kind: 'prlimit', command: '/usr/bin/prlimit', hard: HARD },
  { kind: 'ulimit', command: '/bin/sh', hard: HARD, flag: 'w' },
  { kind: 'marker' },
]

describe('inline host: what a child gets', () => {
  test.for(TAGGINGS)('$kind $command: arguments, environment and cwd arrive exactly', async (tagging) => {
    await using rig = await openNastyHost({ tagging })
    const script =
      'read -r _; for a; do printf "%s|" "$a"; done; pwd; env; grep "Max file locks" /proc/self/limits; cat /proc/self/oom_score_adj'
    const argv = ['sh', '-c', script, 'sh', 'a b', '', '"$x"', '--locks=1', '\u{e9}'] as const
    const watched = watch(await rig.host.spawn({ ...rig.spec([...argv]), env: { PATH: '/usr/bin:/bin', A: 'b c' } }))
    watched.agent.send('go')
    await event(watched, 'exit 0')
    expect(watched.lines[0]).toBe(`a b||"$x"|--locks=1|\u{e9}|${rig.directory}`)
    expect(watched.lines).toContain('A=b c')
    expect(watched.lines).toContain(`HOLDFAST_LEASE=${rig.leases.instanceNumber()}.${watched.agent.leaseId}.7`)
    const names = watched.lines.filter((line) => /^\w+=/.test(line)).map((line) => line.split('=')[0])
    expect(new Set(names).difference(new Set(['PWD', 'OLDPWD', 'SHLVL', '_']))).toEqual(
      new Set(['A', 'HOLDFAST_LEASE', 'PATH']),
    )
    const limits = watched.lines.find((line) => line.startsWith('Max file locks'))
    const expected = tagging.kind === 'marker' ? /unlimited/ : new RegExp(` ${watched.agent.leaseId} +${HARD} `)
    expect(limits).toMatch(expected)
    expect(watched.lines.at(-1)).toBe('500')
    expect(rig.leases.rows.get(watched.agent.leaseId)).toMatchObject({
      tag: tagging.kind === 'marker' ? '' : HARD,
      pid: watched.agent.pid,
      keeperNo: 7,
      nodeEpoch: 7,
    })
  })

  test("a system whose sh is bash tags too, and runs nobody's start files", async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-sh-'))
    await symlink('/usr/bin/bash', join(folder, 'sh'))
    await symlink('/bin/cat', join(folder, 'cat'))
    await writeFile(join(folder, '.bashrc'), 'echo noise\n')
    const tagging = await probeTagging(0xabcdef, 7, folder)
    expect(tagging).toEqual({ kind: 'ulimit', command: join(folder, 'sh'), hard: HARD, flag: 'x' })
    await using rig = await openNastyHost({ tagging })
    const env = { PATH: '/usr/bin:/bin', HOME: folder }
    const watched = watch(await rig.host.spawn({ ...rig.spec(['cat', '/proc/self/limits']), env }))
    await event(watched, 'exit 0')
    expect(watched.lines.find((line) => line.startsWith('Max file locks'))).toContain(HARD)
    expect(watched.lines).not.toContain('noise')
    await rm(folder, { recursive: true })
  })

  test('the child leads its own session, and the lease names its birth', async () => {
    await using rig = await openNastyHost()
    const { agent } = await spawnWatched(rig, 'cat')
    const lease = rig.leases.rows.get(agent.leaseId)
    expect(lease).toMatchObject({ state: 'running', agent: 'nasty' })
    expect(findBirth(agent.pid)).toBe(`${lease?.pid} ${lease?.startTicks}`)
    const [, , , pgid, sid] = readFileSync(`/proc/${agent.pid}/stat`, 'latin1').split(' ').slice(1)
    expect([pgid, sid]).toEqual([String(agent.pid), String(agent.pid)])
    expect(rig.host.describe()).toMatchObject({ hosting: 'inline', live: 1, stuck: 0 })
    expect(rig.host.held()).toEqual([])
  })

  test('doctor finds the tree by tag and by marker, without the database', async () => {
    await using rig = await openNastyHost()
    const { agent, lines } = await spawnWatched(rig, 'env -i /bin/sleep 600 & echo $!; wait')
    await until('the child', () => lines[0])
    const instance = rig.leases.instanceNumber()
    const tagged = await listTagged(instance)
    const child = tagged.find(({ pid }) => pid === Number(lines[0]))
    expect(child).toMatchObject({ instance, lease: agent.leaseId, epoch: 7, by: 'tag', ppid: agent.pid })
    expect(tagged.map(({ pid }) => pid)).toContain(agent.pid)
    expect(await listTagged((instance + 1) % 0xff_ffff)).toEqual([])
  })
})

describe('inline host: tags', () => {
  test('the probe finds a way on this system and its tag can be read back', async () => {
    expect(await probeTagging(1, 2)).toMatchObject({ kind: 'prlimit', hard: encodeHardLimit(1, 2) })
  })

  test('without any tool the marker alone is used', async () => {
    expect(await probeTagging(1, 2, '/no/such/folder')).toEqual({ kind: 'marker' })
  })

  test('inside the tree of another gateway the next lower tag is taken', async () => {
    const outer = encodeHardLimit(9, 9)
    const module = fileURLToPath(new URL('../../src/process/tag.ts', import.meta.url))
    const script = `console.log(JSON.stringify(await (await import(${JSON.stringify(module)})).probeTagging(16777215, 1)))`
    const argv = [`--locks=5:${outer}`, '--', process.execPath, '--input-type=module', '-e', script]
    const child = spawn('prlimit', argv, { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    for await (const chunk of child.stdout) text += String(chunk)
    expect(JSON.parse(text)).toMatchObject({ kind: 'prlimit', hard: encodeHardLimit(0xff_ffff, 1, 1) })
  })
})

describe('inline host: what is told', () => {
  test('lines go in and out, in order', async () => {
    await using rig = await openNastyHost()
    const { agent, lines } = await spawnWatched(rig, 'cat')
    for (let i = 0; i < 500; i++) agent.send(`{"n":${i}}`, `frame-${i}`)
    await until('all lines', () => lines.length === 500 || undefined)
    expect(lines).toEqual(Array.from({ length: 500 }, (_, i) => `{"n":${i}}`))
  })

  test('everything written before the exit comes before the exit, also past the backpressure', async () => {
    await using rig = await openNastyHost()
    const agent = await rig.host.spawn(rig.spec(['sh', '-c', 'seq 1 300000; echo last; exit 4']))
    await until(
      'backpressure',
      () => /^State:\s+S/m.test(readFileSync(`/proc/${agent.pid}/status`, 'utf8')) || undefined,
    )
    const watched = watch(agent)
    expect(await event(watched, 'exit')).toBe('exit 4 after 300001')
    expect(watched.lines.at(-1)).toBe('last')
    expect(watched.events).toHaveLength(1)
  })

  test('what was still in the pipe at the exit comes before it, although nothing is acknowledged', async () => {
    await using rig = await openNastyHost()
    const watched = watch(await rig.host.spawn(rig.spec(['sh', '-c', 'seq 1 20000; exit 4'])), false)
    expect(await event(watched, 'exit')).toBe('exit 4 after 20000')
  })

  test('a listener that never acknowledges stops the output, not the host; the end still comes', async () => {
    await using rig = await openNastyHost()
    const watched = watch(await rig.host.spawn(rig.spec(['sh', '-c', 'while :; do echo x; done'])), false)
    await until('lines', () => watched.lines.length > 1_024 || undefined)
    const before = await steady(() => watched.lines.length)
    expect(before).toBeLessThan(1_024 + 65_536)
    await watched.agent.stop()
    await event(watched, 'exit SIGTERM')
  })

  test('an output that ends while the process lives is told', async () => {
    await using rig = await openNastyHost()
    const watched = await spawnWatched(rig, 'echo one; exec >&-; read _; exit 0')
    await event(watched, 'outputEnd')
    expect(watched).toMatchObject({ lines: ['one'], events: ['outputEnd'] })
    await watched.agent.stop()
    await event(watched, 'exit 0')
  })

  test('a line that is too long is told, and the process can still be stopped', async () => {
    await using rig = await openNastyHost()
    const watched = await spawnWatched(rig, 'echo ok; head -c 5000 /dev/zero; cat', { lineBytesMax: 1_000 })
    await event(watched, 'lineTooLong')
    expect(watched.lines).toEqual(['ok'])
    expect(await watched.agent.stop()).toMatchObject({ survivors: [] })
  })

  test('a process that does not read is told', async () => {
    const clock: Clock = {
      now: systemClock.now,
      at: (at, fire) => systemClock.at(Date.now() + (at - Date.now()) / 100, fire),
    }
    await using rig = await openNastyHost({ clock })
    const watched = await spawnWatched(rig, 'exec sleep 600')
    for (let i = 0; i < 4; i++) watched.agent.send('x'.repeat(500_000))
    await event(watched, 'writeStalled')
    expect(await watched.agent.stop()).toMatchObject({ forced: true, survivors: [] })
    watched.agent.send('to nobody')
  })

  test('stderr is drained for ever and its tail is kept', async () => {
    await using rig = await openNastyHost()
    const watched = await spawnWatched(rig, 'seq 1 200000 >&2; printf "\\033[31mwhy\\n" >&2; exit 1')
    await event(watched, 'exit 1')
    expect(watched.agent.stderrTail()).toMatch(/200000\n\\u\{1b\}\[31mwhy\n$/)
  })
})

describe('inline host: the end', () => {
  test('every caller of stop gets the same report; after the exit too', async () => {
    await using rig = await openNastyHost()
    const watched = await spawnWatched(rig, 'cat; exit 3')
    const [one, two] = await Promise.all([watched.agent.stop(), watched.agent.stop()])
    expect(one).toBe(two)
    expect(one).toMatchObject({ forced: false, swept: 0, exit: { code: 3, signal: null } })
    expect(await watched.agent.stop()).toBe(one)
    await event(watched, 'exit 3')
    expect(watched.events).toHaveLength(1)
  })

  test('survivors make the lease stuck; it is swept again until it is closed', async () => {
    // One millisecond is too short to see the end of what was killed.
    await using rig = await openNastyHost({ stopTimes: { stdinMs: 50, termMs: 50, sweepMs: 1 }, stuckRetryMs: 200 })
    const { agent } = await spawnWatched(rig, 'trap "" TERM; while :; do sleep 600; done')
    const report = await agent.stop()
    expect(report.survivors).toContain(agent.pid)
    expect(rig.leases.rows.get(agent.leaseId)).toMatchObject({ state: 'stuck' })
    expect(rig.host.describe()).toMatchObject({ live: 0, stuck: 1 })
    await until('the lease to close', () => rig.leases.rows.get(agent.leaseId)?.state === 'closed' || undefined)
    expect(rig.host.describe()).toMatchObject({ live: 0, stuck: 0 })
    expect(listLeaks({ instance: rig.leases.instanceNumber() })).toEqual([])
  })

  test('a store that refuses the intent: nothing is started', async () => {
    await using rig = await openNastyHost()
    rig.leases.failing = 'insert'
    await expect(spawnWatched(rig, 'cat')).rejects.toMatchObject({ code: 'SPAWN_FAILED' })
    expect(listLeaks({ instance: rig.leases.instanceNumber() })).toEqual([])
    expect(rig.host.describe()).toMatchObject({ live: 0 })
  })

  test('a store that refuses the birth: the process is ended before the spawn rejects', async () => {
    await using rig = await openNastyHost()
    rig.leases.failing = 'update'
    await expect(spawnWatched(rig, 'sleep 600 & cat')).rejects.toMatchObject({ code: 'SPAWN_FAILED' })
    expect(listLeaks({ instance: rig.leases.instanceNumber() })).toEqual([])
    expect(rig.host.describe()).toMatchObject({ live: 0 })
  })

  test('a stop ends the tree also when the store refuses every write', async () => {
    await using rig = await openNastyHost()
    const { agent } = await spawnWatched(rig, 'sleep 600 & cat')
    rig.leases.failing = 'update'
    expect(await agent.stop()).toMatchObject({ survivors: [], swept: 1 })
    expect(listLeaks({ instance: rig.leases.instanceNumber() })).toEqual([])
  })

  test('an aborted spawn leaves no process, before and after the start', async () => {
    await using rig = await openNastyHost()
    await expect(rig.host.spawn(rig.spec(['cat']), AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(rig.leases.rows.size).toBe(0)
    const abort = new AbortController()
    const { updateLease } = rig.leases
    const abortAndUpdate: typeof updateLease = (...args) => {
      abort.abort()
      return updateLease(...args)
    }
    Object.assign(rig.leases, { updateLease: abortAndUpdate })
    await expect(rig.host.spawn(rig.spec(['cat']), abort.signal)).rejects.toMatchObject({ code: 'CANCELLED' })
    Object.assign(rig.leases, { updateLease })
    expect(listLeaks({ instance: rig.leases.instanceNumber() })).toEqual([])
    expect([...rig.leases.rows.values()].map(({ state }) => state)).toEqual(['closed'])
  })

  test('a cwd that does not exist and a system that refuses are SPAWN_FAILED, and the lease is closed', async () => {
    await using rig = await openNastyHost()
    const gone = { ...rig.spec(['cat']), cwd: '/no/such/folder' }
    await expect(rig.host.spawn(gone)).rejects.toMatchObject({ code: 'SPAWN_FAILED' })
    expect(rig.leases.rows.size).toBe(0)
    const huge = { ...rig.spec(['cat']), env: { PATH: '/usr/bin:/bin', HUGE: 'x'.repeat(4_000_000) } }
    await expect(rig.host.spawn(huge)).rejects.toMatchObject({ code: 'SPAWN_FAILED', details: { reason: 'E2BIG' } })
    expect([...rig.leases.rows.values()].map(({ state }) => state)).toEqual(['closed'])
  })

  test('disposal stops all agents in parallel; a closed host starts nothing', async () => {
    const rig = await openNastyHost()
    for (let i = 0; i < 5; i++) await spawnWatched(rig, 'trap "" TERM; while :; do sleep 600; done')
    const startedAt = performance.now()
    await rig[Symbol.asyncDispose]()
    expect(performance.now() - startedAt).toBeLessThan(6_000)
    expect(listLeaks({ instance: rig.leases.instanceNumber() })).toEqual([])
    await expect(spawnWatched(rig, 'cat')).rejects.toMatchObject({ code: 'SPAWN_FAILED' })
    expect([...rig.leases.rows.values()].every(({ state }) => state === 'closed')).toBe(true)
  })
})

/** Waits until `probe` gives the same for 200 ms; at most 10 s. */
async function steady(probe: () => number): Promise<number> {
  let last = { value: probe(), at: Date.now() }
  return until('a steady value', () => {
    const value = probe()
    if (value !== last.value) last = { value, at: Date.now() }
    return Date.now() - last.at > 200 ? value : undefined
  })
}

const LAST_PID = '/proc/sys/kernel/ns_last_pid'

function canChoosePids(): boolean {
  try {
    writeFileSync(LAST_PID, readFileSync(LAST_PID))
    return true
  } catch {
    return false
  }
}

describe('inline host: pids that are used again', () => {
  test.skipIf(!canChoosePids())('A 20: a stranger with the pid of an ended agent lives through its stop', async () => {
    await using rig = await openNastyHost()
    const stopOne = async (): Promise<LocalProcess> => {
      const { agent } = await spawnWatched(rig, 'exit 0')
      await agent.stop()
      return agent
    }
    let agent = await stopOne()
    let stranger = await spawnWithPid(agent.pid)
    // A pid that somebody else on the machine has got is lost for us: the next agent has another one.
    for (let i = 0; i < 10 && stranger === undefined; i++) {
      agent = await stopOne()
      stranger = await spawnWithPid(agent.pid)
    }
    expect(stranger?.pid).toBe(agent.pid)
    const birth = findBirth(agent.pid)
    const target = { instance: rig.leases.instanceNumber(), lease: agent.leaseId, epoch: 7 }
    const startTicks = rig.leases.rows.get(agent.leaseId)?.startTicks ?? ''
    const report = await sweep({ owner: target, root: { pid: agent.pid, startTicks } }, new ProcessScanner(), {
      msMax: 5_000,
    })
    expect(report).toEqual({ swept: 0, survivors: [] })
    expect(findBirth(agent.pid)).toBe(birth)
    await stranger?.end()
  })
})

/** Starts sleepers until one gets `pid`: others on the machine may be faster. */
async function spawnWithPid(
  pid: number,
): Promise<{ pid: number | undefined; end: () => Promise<unknown> } | undefined> {
  for (let i = 0; i < 10; i++) {
    writeFileSync(LAST_PID, String(pid - 1))
    const child = spawn('sleep', ['600'], { stdio: 'ignore', detached: true })
    const exited = new Promise((resolve) => child.once('exit', resolve))
    const end = (): Promise<unknown> => {
      child.kill('SIGKILL')
      return exited
    }
    if (child.pid === pid) return { pid, end }
    await end()
  }
  return undefined
}
