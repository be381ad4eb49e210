// Gateways without anything but their host, over the real keeper program: lease rows in memory, directories of their own.

import { mkdtempSync, mkdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { systemClock } from '../../src/base/clock.ts'
import type { SessionId } from '../../src/base/ids.ts'
import type { LocalProcess, ProcessHost, SpawnSpec } from '../../src/keeper/agent-host.ts'
import { OUTPUT_LIMITS } from '../../src/keeper/held/held-process.ts'
import { openKeeperHost, type KeeperHostOptions } from '../../src/keeper/keeper-host.ts'
import type { Birth } from '../../src/base/birth.ts'
import { signalProcess } from '../../src/process/signals.ts'
import type { KeeperRecord } from '../../src/store/records.ts'
import { listLeaks, type LiveProcess } from './leak-check.ts'
import { createMemoryLeases, type MemoryLeases } from './memory-leases.ts'
import { STOP_TIMES_QUICK } from './nasty-host.ts'
import { until } from './until.ts'

export const KEEPER_MAIN = fileURLToPath(new URL('../../src/bin/keeper.ts', import.meta.url))

export interface KeeperRig extends AsyncDisposable {
  readonly directory: string
  readonly leases: MemoryLeases
  /** A new life of the gateway: each has the next epoch, unless `over` says another. */
  open(over?: Partial<KeeperHostOptions>): Promise<ProcessHost>
  spec(argv: readonly [string, ...string[]], over?: Partial<SpawnSpec>): SpawnSpec
  /** The row of the newest keeper, once its birth is on record. */
  keeper(): KeeperRecord & Birth
  socketOf(keeper: KeeperRecord): string
  /** Agents of this rig that live, and what they started. */
  agents(): LiveProcess[]
}

export function openKeeperRig(): KeeperRig {
  const directory = mkdtempSync(join(tmpdir(), 'hf-keeper-'))
  const [runDir, stateDir] = [join(directory, 'run'), join(directory, 'state')]
  for (const path of [runDir, stateDir]) mkdirSync(path, { mode: 0o700 })
  const leases = createMemoryLeases()
  let epoch = 0
  let generation = 0
  const open = async (over: Partial<KeeperHostOptions> = {}): Promise<ProcessHost> => {
    const { host } = await openKeeperHost({
      store: leases,
      node: { id: 'local', epoch: ++epoch, startedAt: 0 },
      clock: systemClock,
      logger: undefined,
      version: '1',
      command: [process.execPath, KEEPER_MAIN],
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
      runDir,
      stateDir,
      adoptionGraceMs: 60_000,
      stopTimes: STOP_TIMES_QUICK,
      outputLimits: OUTPUT_LIMITS,
      ...over,
    })
    return host
  }
  const spec = (argv: readonly [string, ...string[]], over: Partial<SpawnSpec> = {}): SpawnSpec => ({
    sessionId: 'ses_test' as SessionId,
    generation: ++generation,
    agent: 'test',
    argv,
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
    cwd: directory,
    lineBytesMax: 1024 * 1024,
    ...over,
  })
  const keeper = (): KeeperRecord & Birth => {
    const { pid, startTicks, ...record } = leases.keepers.at(-1)!
    if (pid === undefined || startTicks === undefined) throw new Error('the keeper is not on record yet')
    return { ...record, pid, startTicks }
  }
  const agents = (): LiveProcess[] => listLeaks({ instance: leases.instanceNumber() })
  const leftKeepers = (): LiveProcess[] => listLeaks({ mark: join(runDir, 'k') })
  const close = async (): Promise<void> => {
    for (const { pid, startTicks } of leftKeepers()) signalProcess({ pid, startTicks }, 'SIGKILL')
    await until(() => leftKeepers().length === 0 && agents().length === 0, {
      ms: 10_000,
      what: () => `no process is left: ${JSON.stringify([...leftKeepers(), ...agents()])}`,
    })
    rmSync(directory, { recursive: true, force: true })
  }
  const socketOf = ({ no }: KeeperRecord): string => join(runDir, `k${no}.sock`)
  return { directory, leases, open, spec, keeper, socketOf, agents, [Symbol.asyncDispose]: close }
}

export interface WatchedAgent {
  readonly agent: LocalProcess
  readonly lines: string[]
  readonly events: string[]
  /** Number of the last line, in any life. */
  last(): number
}

/** Listens; each line is checked to have the next number. Lines after number `acknowledgesTo` are not acknowledged. */
export function watchAgent(agent: LocalProcess, { acknowledgesTo = Infinity } = {}): WatchedAgent {
  const lines: string[] = []
  const events: string[] = []
  let last = agent.acknowledged
  agent.listen({
    onLines: (batch) => {
      if (batch.first !== last + 1) events.push(`gap: ${batch.first} after ${last}`)
      lines.push(...batch.lines)
      last += batch.lines.length
      agent.acknowledge(Math.min(last, acknowledgesTo))
    },
    onOutputEnd: () => events.push('end'),
    onLineTooLong: () => events.push('too long'),
    onExit: ({ code, signal }) => events.push(`exit ${code ?? signal}`),
    onInputLost: () => events.push('stalled'),
    onDisconnected: () => {},
  })
  return { agent, lines, events, last: () => last }
}

/** Leaves the agents to the next life, as a gateway does that is restarted. */
export async function leave(host: ProcessHost): Promise<void> {
  host.handOver()
  await host[Symbol.asyncDispose]()
}

/** Polls for at most `ms` (15 s). */
export function eventually(what: string, holds: () => boolean, ms = 15_000): Promise<void> {
  return until(holds, { ms, what: () => what })
}
