// A rig for containment tests: an inline host over lease rows in memory, and nasty programs that tell where they live.

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { systemClock } from '../../src/base/clock.ts'
import type { SessionId } from '../../src/base/ids.ts'
import type { LineBatch, LocalProcess, ProcessExit, ProcessHost, SpawnSpec } from '../../src/keeper/agent-host.ts'
import { openInlineHost, type InlineHostDeps } from '../../src/keeper/inline-host.ts'
import type { ContainmentSpec } from '../../src/process/containment.ts'
import { listLeaks, type LiveProcess } from './leak-check.ts'
import { createMemoryLeases, type MemoryLeases } from './memory-leases.ts'

export interface Told {
  readonly pid: number
  /** `pid startTicks` */
  readonly birth: string
  readonly role: string
}

export interface Nasty {
  readonly process: LocalProcess
  readonly lines: string[]
  readonly exits: ProcessExit[]
  /** What the programs told about themselves so far. */
  told(): Promise<Told[]>
  /** Resolves when `count` processes have told. */
  waitTold(count: number): Promise<Told[]>
  /** Live processes of this tree, by what they told and by a word in their environment. */
  leaks(): Promise<LiveProcess[]>
}

export interface NastyHost extends AsyncDisposable {
  readonly host: ProcessHost
  readonly leases: MemoryLeases
  start(program: string, ...args: string[]): Promise<Nasty>
  spec(argv: readonly [string, ...string[]], mark?: string): SpawnSpec
  readonly directory: string
}

export const STOP_TIMES_QUICK = { stdinMs: 1_000, termMs: 1_000, sweepMs: 5_000 }

/** `containment` is that of every program the rig starts. */
export async function openNastyHost(
  deps: Partial<InlineHostDeps> = {},
  containment?: ContainmentSpec,
): Promise<NastyHost> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-nasty-'))
  const leases = createMemoryLeases()
  const node = { id: 'local', epoch: 7, startedAt: 0 }
  const host = await openInlineHost({
    store: leases,
    node,
    clock: systemClock,
    stopTimes: STOP_TIMES_QUICK,
    ...deps,
  })
  let count = 0
  const spec = (argv: readonly [string, ...string[]], mark = 'none'): SpawnSpec => ({
    sessionId: 'ses_test' as SessionId,
    generation: ++count,
    agent: 'nasty',
    argv,
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', NASTY_MARK: mark },
    cwd: directory,
    lineBytesMax: 1024 * 1024,
    containment,
  })
  const start = async (program: string, ...args: string[]): Promise<Nasty> => {
    const mark = `nasty-mark-${leases.instanceNumber()}-${count + 1}-`
    const log = join(directory, `${mark}.log`)
    const agent = await host.spawn(spec([...commandOf(program), `--log=${log}`, ...args], mark))
    return watchNasty(agent, log, mark)
  }
  const close = async (): Promise<void> => {
    await host[Symbol.asyncDispose]()
    await rm(directory, { recursive: true, force: true })
  }
  return { host, leases, start, spec, directory, [Symbol.asyncDispose]: close }
}

/** Polls until `probe` gives something; rejects with `what` after `msMax`. */
export async function until<T>(
  what: string,
  probe: () => T | undefined | Promise<T | undefined>,
  msMax = 15_000,
): Promise<T> {
  const end = Date.now() + msMax
  for (;;) {
    const value = await probe()
    if (value !== undefined && value !== false) return value
    if (Date.now() > end) throw new Error(`waited too long for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

export function nastyPath(program: string): string {
  return fileURLToPath(new URL(`../agents/nasty/${program}`, import.meta.url))
}

function commandOf(program: string): [string, ...string[]] {
  const path = nastyPath(program)
  return program.endsWith('.mjs') ? [process.execPath, path] : [path]
}

function watchNasty(agent: LocalProcess, log: string, mark: string): Nasty {
  const lines: string[] = []
  const exits: ProcessExit[] = []
  agent.listen({
    onLines: (batch: LineBatch) => {
      lines.push(...batch.lines)
      agent.acknowledge(batch.first + batch.lines.length - 1)
    },
    onOutputEnd: () => {},
    onLineTooLong: () => {},
    onExit: (exit) => exits.push(exit),
    onInputLost: () => {},
    onDisconnected: () => {},
  })
  const told = async (): Promise<Told[]> => {
    const text = await readFile(log, 'utf8').catch(() => '')
    return text.split('\n').filter(Boolean).map(parseTold)
  }
  const waitTold = (count: number): Promise<Told[]> =>
    until(`${count} processes to tell`, async () => {
      const all = await told()
      return all.length >= count ? all : undefined
    })
  const leaks = async (): Promise<LiveProcess[]> => {
    const births = (await told()).map(({ birth }) => birth)
    return listLeaks({ births, mark })
  }
  return { process: agent, lines, exits, told, waitTold, leaks }
}

function parseTold(line: string): Told {
  const [pid, startTicks, role] = line.split(' ')
  return { pid: Number(pid), birth: `${pid} ${startTicks}`, role: role ?? '' }
}
