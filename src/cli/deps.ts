// What the command line needs from the program around it; src/bin fills it in. The CLI itself never reads the environment,
// spawns, exits or listens to signals.

import type { Readable, Writable } from 'node:stream'

import type { Environment } from '../config/environment.ts'
import type { ConformanceChoice, ConformancePort } from './conformance-port.ts'
import type { LoginChoice, LoginPort } from './login-port.ts'
import type { AgentsPort } from './agents-port.ts'
import type { OpenedServicePort, ServiceChoice } from './service-port.ts'
import type { CrashView } from '../wire/gateway.ts'

export interface Terminal {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
  readonly stdinIsTty: boolean
  readonly stdoutIsTty: boolean
  readonly stderrIsTty: boolean
}

export interface ServeOptions {
  /** Started by another command: log to the file instead of the terminal. */
  readonly detached: boolean
  /** Started by a gateway, to take over from it: it is told when over stdin, and tells how far it is on stdout. */
  readonly successor: boolean
  /** Flags as typed, by long name without dashes, as `loadConfig` takes them; only those that were given. */
  readonly flags: Readonly<Record<string, string>>
}

export interface StartedGateway {
  readonly pid: number
  /** File that the gateway logs to. */
  readonly log: string
  /** Bytes that the file had before: what earlier gateways said. */
  readonly logOffset: number
  /** Resolves when the process is gone: its exit code, or undefined after a signal. Must not keep this process alive. */
  readonly exited: Promise<number | undefined>
}

export interface OrphanProcess {
  readonly pid: number
  readonly agent: string
  readonly session: string
  /** Why it counts as ours and ownerless. */
  readonly reason: string
}

export interface ContainmentAbility {
  readonly works: boolean
  /** Why it does not. */
  readonly reason?: string
}

/** What holds process trees together on this machine, tried from here; docs/containment.md explains the rows. */
export interface ContainmentAbilities {
  readonly tagging: 'prlimit' | 'ulimit' | 'marker'
  readonly bwrap: ContainmentAbility
  readonly cgroup: ContainmentAbility
  readonly memoryLimit: ContainmentAbility
  readonly processLimit: ContainmentAbility
}

export interface CliDeps {
  readonly version: string
  readonly terminal: Terminal
  /** `systemEnvironment()`. */
  readonly env: Environment
  /** Absolute. */
  readonly cwd: string
  /** Calls `listener` at each Ctrl-C until disposed; while nobody listens the default (leave at once) holds. */
  onInterrupt(listener: () => void): Disposable
  /** Runs a gateway until it is stopped; resolves with the exit code. */
  serve(options: ServeOptions): Promise<number>
  /** Runs the built-in agent on stdin and stdout; the process ends with it. */
  runAgent(): Promise<never>
  /** Spawns `holdfast serve --detached` in its own session; resolves when it runs, not when it is ready. */
  startGateway(): Promise<StartedGateway>
  /**
   * Asks the gateway that holds the lock of this user's state directory for a restart by an authorised signal. Resolves with its pid, or
   * undefined when the lock names no process that lives.
   */
  signalRestart(reason: string): Promise<number | undefined>
  /** True while a process of this user with that pid exists on this machine. */
  isProcessAlive(pid: number): boolean
  /** Looks for agent processes without an owner on this machine; changes nothing. */
  findOrphans(): Promise<readonly OrphanProcess[]>
  /** Ends those of `shown` that still have no owner, with what they started. INSTANCE_LOCKED while the gateway runs. */
  endOrphans(
    shown: readonly OrphanProcess[],
  ): Promise<{ readonly ended: number; readonly survivors: readonly number[] }>
  /** The gateway as a service of this machine; asks nobody yet. */
  openService(choice: ServiceChoice): Promise<OpenedServicePort>
  /** An agent to be looked at; nothing is started yet. */
  openConformance(choice: ConformanceChoice): Promise<ConformancePort>
  /** A login to an agent; AGENT_UNKNOWN, AGENT_UNSUPPORTED, AGENT_COMMAND_MISSING. No agent is started yet. */
  openLogin(choice: LoginChoice): Promise<LoginPort>
  /** Importing and installing agents; does nothing yet. */
  openAgents(): Promise<AgentsPort>
  /** Tries every mode of containment for a moment; leaves nothing behind. */
  probeContainment(): Promise<ContainmentAbilities>
  /** How the last life of a gateway that does not run ended, if nobody had asked for that. Changes nothing. */
  readLastCrash(): Promise<CrashView | undefined>
  /** Checks the database and returns one line per problem. For a gateway that is stopped. */
  verifyStore(): Promise<readonly string[]>
}
