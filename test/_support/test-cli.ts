// Runs the real command line in this process: arguments in; exit code and what was printed out. Its home is a temporary directory.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { HoldfastError } from '../../src/base/errors.ts'
import type { CliDeps } from '../../src/cli/deps.ts'
import { runCli } from '../../src/cli/run-cli.ts'
import { testTerminal } from './test-terminal.ts'
import type { TestTerminal, TtyFacts } from './test-terminal.ts'

export interface CliRun {
  readonly terminal: TestTerminal
  /** Resolves with the exit code. */
  readonly done: Promise<number>
  /** Presses Ctrl-C; false when nobody listens, so that it would have ended the process. */
  interrupt(): boolean
}

export interface CliResult {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface TestCli extends Disposable {
  readonly home: string
  start(args: readonly string[], options?: CliRunOptions): CliRun
  run(args: readonly string[], options?: CliRunOptions): Promise<CliResult>
}

export interface CliRunOptions {
  readonly tty?: TtyFacts
  readonly stdin?: string
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly deps?: Partial<CliDeps>
}

export function testCli(): TestCli {
  const home = mkdtempSync(join(tmpdir(), 'hf-cli-'))
  const start = (args: readonly string[], options: CliRunOptions = {}): CliRun => startCli(home, args, options)
  return {
    home,
    start,
    run: async (args, options) => {
      const { terminal, done } = start(args, options)
      const code = await done
      return { code, out: terminal.out(), err: terminal.err() }
    },
    [Symbol.dispose]: () => rmSync(home, { recursive: true, force: true }),
  }
}

function startCli(home: string, args: readonly string[], { tty, stdin, env, cwd, deps }: CliRunOptions): CliRun {
  const terminal = testTerminal(tty)
  if (tty?.stdin !== true) terminal.stdin.end(stdin ?? '')
  const listeners = new Set<() => void>()
  const onInterrupt = (listener: () => void): Disposable => {
    listeners.add(listener)
    return { [Symbol.dispose]: () => void listeners.delete(listener) }
  }
  const notHere = (): never => {
    throw new Error('not expected in this test')
  }
  const all: CliDeps = {
    version: '9.8.7',
    terminal,
    env: { HOLDFAST_HOME: home, ...env },
    cwd: cwd ?? home,
    onInterrupt,
    serve: notHere,
    runAgent: notHere,
    startGateway: notHere,
    signalRestart: async () => undefined,
    isProcessAlive: () => false,
    findOrphans: notHere,
    endOrphans: notHere,
    probeContainment: async () => ({
      keepers: [],
      tagging: 'prlimit',
      bwrap: { works: true },
      cgroup: { works: false, reason: 'v1 only' },
      memoryLimit: { works: false, reason: 'v1 only' },
      processLimit: { works: false, reason: 'v1 only' },
    }),
    openService: () => Promise.reject(new HoldfastError('SUPERVISOR_UNAVAILABLE', { reason: 'none in a test' })),
    openConformance: notHere,
    openLogin: notHere,
    openAgents: notHere,
    verifyStore: notHere,
    readLastCrash: async () => undefined,
    ...deps,
  }
  const interrupt = (): boolean => {
    for (const listener of listeners) listener()
    return listeners.size > 0
  }
  return { terminal, done: runCli(all, args), interrupt }
}
