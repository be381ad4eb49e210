// The port between the gateway's logic and whatever owns the agents' OS processes.
// `hosting: inline` implements it inside the gateway; a separate keeper process implements it over a socket.
// It parses nothing of the protocol: lines in, lines out, and the life of a process tree.

import type { HoldfastError } from '../base/errors.ts'
import type { SessionId } from '../base/ids.ts'
import type { PinnedLine } from './held/pinned-lines.ts'
import type { HeldTerminal, Terminal, TerminalSpec } from './held/terminal.ts'
import type { ContainmentSpec } from '../process/containment.ts'
import type { InputLoss } from '../process/line-input.ts'

export type { InputLoss }

export interface SpawnSpec {
  /** Undefined for a process that is started before a session needs it: `assign` names its session later. */
  readonly sessionId: SessionId | undefined
  readonly generation: number
  /** Name of the agent definition; for messages and the lease. */
  readonly agent: string
  /** argv[0] is resolved in the PATH of `env`; no shell is involved. */
  readonly argv: readonly [string, ...string[]]
  /** Complete environment: already allow-listed; the host adds only its own markers. */
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly lineBytesMax: number
  /** What stands around its tree beyond tag and sweep; undefined: nothing. */
  readonly containment?: ContainmentSpec | undefined
}

/** Where an agent is that somebody else runs. Neither headers nor the query of the address are ever logged or shown. */
export interface RemoteTarget {
  /** ws:, wss:, http: or https:; without user, password and fragment. */
  readonly url: string
  /** As they are configured: a value `env:NAME` is a variable of the gateway, read at each connect. */
  readonly headers: Readonly<Record<string, string>>
}

/** What is needed to reach an agent that is not a process of ours. */
export interface ConnectSpec extends Pick<SpawnSpec, 'sessionId' | 'generation' | 'agent' | 'lineBytesMax'> {
  readonly remote: RemoteTarget
}

export interface ProcessExit {
  readonly code: number | null
  readonly signal: string | null
  /** Processes of its tree that the kernel ended at the memory limit; only where there is one and it was reached. */
  readonly memoryKills?: number
}

/** Complete lines in wire order. `first` is the number of the first one; numbers start at 1 and have no gap. */
export interface LineBatch {
  readonly first: number
  readonly lines: readonly string[]
  /** Numbers of those that were not UTF-8 and have U+FFFD in the place of the bytes; absent when all were. */
  readonly damaged?: readonly number[]
}

export interface StopReport {
  /** True when a signal was needed. */
  readonly forced: boolean
  /** Processes that the sweep ended besides the root. */
  readonly swept: number
  /** Pids that could not be ended: the lease is `stuck` and stays listed. */
  readonly survivors: readonly number[]
  readonly ms: number
  readonly exit: ProcessExit | undefined
}

/** What the host tells about one process. Called in order, never re-entrantly from inside a call into the host. */
export interface ProcessListener {
  onLines(batch: LineBatch): void
  /** stdout ended or was closed although the process may live on. */
  onOutputEnd(): void
  /** A line passed `lineBytesMax`; nothing after it is delivered. */
  onLineTooLong(): void
  /** The root process exited. Everything it wrote before has been delivered by onLines (bounded by 250 ms of draining). */
  onExit(exit: ProcessExit): void
  /** Nothing more can be written: the process does not read its stdin, or has closed it although it lives on. */
  onInputLost(why: InputLoss): void
  /** The connection to an agent that is no process of ours is gone; `error` says why. Last call. */
  onDisconnected(error: HoldfastError): void
}

/** A process of this machine, or a connection to an agent elsewhere: lines in, lines out, and an end. */
export interface AgentProcess {
  /** Undefined for one that is no process of this machine: there is nothing to signal. */
  readonly pid: number | undefined
  readonly startedAt: number
  /** Number of the last line that any life of the gateway has acknowledged; telling starts with the next one. */
  readonly acknowledged: number
  /** Its keeper is of an older version and takes no new agents: to be stopped as soon as it is idle. */
  readonly isRetiring: boolean
  /** Set at most once, before the first output is expected. Output that came earlier is kept and delivered then. */
  listen(listener: ProcessListener): void
  /**
   * Queues one line (without terminator) for stdin. A line whose `frameId` was written before, in any life of the gateway,
   * is not written again. Never throws for a dead process.
   */
  send(line: string, frameId?: string): void
  /** True: the end of this gateway cannot take back what was sent so far. False: what became of it is not known. Never rejects. */
  flushed(): Promise<boolean>
  /** Whether the host that holds the pipes has taken the frame of this name from an earlier life of the gateway or this one. */
  wasWritten(frameId: string): boolean
  /**
   * Line `line` is not acknowledged yet and asks for an answer, the frame `frameId`: until that is written the line outlives its
   * acknowledgement, for the next life of the gateway.
   */
  pin(line: number, frameId: string): void
  /** What earlier lives have pinned; not told again by itself. */
  readonly pinned: readonly PinnedLine[]
  /** Lines up to `n` are stored; the host may forget them. Output pauses while too many are not acknowledged. */
  acknowledge(n: number): void
  /** Newest stderr, at most 4 KiB, control characters made visible. */
  stderrTail(): string
  /** Stop ladder (stdin end, SIGTERM, sweep) and proof. Idempotent: every caller gets the same report. Never rejects. */
  stop(): Promise<StopReport>
}

/** A process of this machine: it has a lease, and a number that its host may signal. */
export interface LocalProcess extends AgentProcess {
  readonly leaseId: number
  readonly pid: number
}

/** A process of an earlier life of the gateway, with what its lease says. */
export interface HeldAgent {
  readonly process: LocalProcess
  /** Undefined for one that was started for no session. */
  readonly sessionId: SessionId | undefined
  readonly generation: number
  readonly agent: string
}

/** What agents that are processes of this machine live in. */
export interface ProcessHost extends AsyncDisposable {
  /** Commits the lease intent, then spawns. Rejects with AGENT_COMMAND_MISSING, AGENT_COMMAND_UNUSABLE, CONTAINMENT_UNAVAILABLE or SPAWN_FAILED. */
  spawn(spec: SpawnSpec, signal?: AbortSignal): Promise<LocalProcess>
  /**
   * Processes that outlived an earlier life of the gateway, alive or with an exit that nobody was told of yet. The caller
   * listens to each or stops it. Empty where the host cannot keep any (inline).
   */
  held(): readonly HeldAgent[]
  /**
   * Runs a command for an agent. Rejects as `spawn`. It ends with the host as agents do; when its agent ends, or its output is
   * not needed any more, the caller releases it.
   */
  spawnTerminal(spec: TerminalSpec, signal?: AbortSignal): Promise<Terminal>
  /** Terminals that outlived an earlier life of the gateway. The caller releases each, now or later. */
  heldTerminals(): readonly HeldTerminal[]
  /** Gives a process that was started for no session to one. Resolves when its lease and its holder know. */
  assign(process: AgentProcess, to: Pick<HeldAgent, 'sessionId' | 'generation'>): Promise<void>
  /** True where agents can outlive this gateway: a restart needs no drain then. */
  readonly canHandOver: boolean
  /** From here on disposing lets go of the agents without stopping one; another life of the gateway takes them over. */
  handOver(): void
  /** The last resort of a gateway that is told to end now: SIGKILL to the group of every agent, without waiting and without proof. */
  killNow(): void
  /** What `doctor` and `status` show of containment. */
  describe(): HostDescription
}

/** What all agents live in: processes of this machine, and connections to agents elsewhere, which no other gateway can take over. */
export interface AgentHost extends ProcessHost {
  /** Rejects with AGENT_UNREACHABLE, AGENT_AUTH_REQUIRED, AGENT_START_TIMEOUT or CANCELLED; no connection is left then. */
  connect(spec: ConnectSpec, signal?: AbortSignal): Promise<AgentProcess>
  /** Open connections to agents elsewhere; `describe` does not count them. */
  readonly connections: number
}

export interface HostDescription {
  readonly hosting: 'inline' | 'keeper'
  /** How a process tree is tagged: `prlimit`, `ulimit`, or `marker` when rlimit tags do not work here. */
  readonly tagging: 'prlimit' | 'ulimit' | 'marker'
  /** Agents; terminals do not count. */
  readonly live: number
  readonly stuck: number
  /** The process that ends everything when this one dies; undefined where there is none. */
  readonly wardenPid: number | undefined
  /** The processes that hold agents; empty when the gateway does it itself. */
  readonly keepers: readonly KeeperDescription[]
}

export interface KeeperDescription {
  readonly no: number
  readonly pid: number
  readonly version: string
  readonly live: number
  /** Of an older version: it keeps the agents it has and takes no new ones. */
  readonly isRetiring: boolean
}
