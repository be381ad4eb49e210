// The port between the host, which knows leases and lives in the gateway, and whoever holds the agents' pipes: the gateway
// itself (inline) or a keeper process. Processes, numbered lines and frames; no store, no sessions, no protocol of agents.

import type { NumberedLines } from './held/output-spool.ts'
import type { PinnedLine } from './held/pinned-lines.ts'
import type { ContainmentSpec } from '../process/containment.ts'
import type { InputLoss } from '../process/line-input.ts'
import type { ProcessExit, StopReport } from './agent-host.ts'

/** What a holder remembers of a process for the lives of the gateway that come after the one that asked for it. */
export interface HeldLabel {
  /** Empty for a process that was started for no session. */
  readonly sessionId: string
  readonly generation: number
  readonly agent: string
  /** Set for a command that the agent of this session and generation has asked for; the process is no agent itself. */
  readonly terminal?: TerminalLabel | undefined
}

export interface TerminalLabel {
  /** Number of the agent's line that asked for it: a line that is read again starts nothing again. */
  readonly line: number
  /** So much of its newest output is kept. */
  readonly outputBytesMax: number
}

export interface SpawnOrder extends HeldLabel {
  readonly leaseId: number
  /** argv[0] is an absolute path. */
  readonly argv: readonly [string, ...string[]]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** Of no meaning for a terminal: its output has no lines. */
  readonly lineBytesMax: number
  readonly containment?: ContainmentSpec | undefined
}

/** What a reader of a process is told, in order. `onInputLost`, `onStderr` and `onStopped` come when they happen. */
export interface HeldReader {
  onLines(lines: NumberedLines): void
  /** After the last line: the output ended, or a line passed its bound and nothing after it is given. */
  onOutputEnd(why: 'end' | 'tooLong'): void
  /** After the last line and the end of the output. */
  onExit(exit: ProcessExit): void
  /** The process does not read its stdin, or has closed it and lives on. */
  onInputLost(why: InputLoss): void
  onStopped(report: StopReport): void
  /** The holder itself is gone, and what it held is being ended. Nothing else is told after it. */
  onLost(): void
}

/** One process and its pipes. No call throws for a process that has ended. */
export interface Held {
  readonly leaseId: number
  readonly pid: number
  /** Undefined where start times cannot be read. */
  readonly startTicks: string | undefined
  readonly startedAt: number
  readonly label: HeldLabel
  /** Number of the last line that any reader acknowledged. */
  readonly acknowledged: number
  /** Tells what is not acknowledged yet and then what comes. One reader at a time: a new one replaces the old. */
  read(reader: HeldReader): void
  acknowledge(n: number): void
  /** `line` without terminator. A line whose `frameId` was written before is not written again. */
  send(line: string, frameId: string | undefined): void
  /** See AgentProcess. */
  flushed(): Promise<boolean>
  wasWritten(frameId: string): boolean
  /** Keeps line `line`, which was told and is not acknowledged yet, for the next reader too: until `frameId` is written. */
  pin(line: number, frameId: string): void
  /** What earlier readers have pinned; neither told nor acknowledged again by itself. */
  readonly pinned: readonly PinnedLine[]
  stderrTail(): string
  relabel(label: HeldLabel): void
  /** Starts the stop; its end is told to the reader and to whoever asks. Idempotent. Never rejects. */
  stop(): Promise<StopReport>
  /** SIGKILL to the group of the root, without waiting and without proof. */
  killNow(): void
  /** The report of the stop has been noted: nothing about this process needs to be kept. */
  forget(): void
}

export interface Holder {
  /** Its number, which is also the epoch of its tags. */
  readonly keeperNo: number
  readonly tagging: 'prlimit' | 'ulimit' | 'marker'
  /** Hard value of its tags, decimal; empty where trees are marked by the environment alone. */
  readonly tag: string
  readonly wardenPid: number | undefined
  /** Everything it holds, ended or not, until it is told to forget it. */
  held(): readonly Held[]
  /** Rejects with SPAWN_FAILED or CONTAINMENT_UNAVAILABLE when nothing was started. */
  spawn(order: SpawnOrder): Promise<Held>
}
