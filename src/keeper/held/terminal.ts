// The port for a command that an agent asks its client to run (ACP terminal/*): a process tree like an agent's, whose output
// is bytes that are shown, not lines that are read.

import type { SessionId } from '../../base/ids.ts'
import type { ProcessExit, SpawnSpec, StopReport } from '../agent-host.ts'
import type { TerminalLabel } from '../holder.ts'

export interface TerminalSpec extends Omit<SpawnSpec, 'sessionId' | 'lineBytesMax'> {
  readonly sessionId: SessionId
  /** Of the agent process that asked. */
  readonly generation: number
  readonly terminal: TerminalLabel
}

export interface TerminalOutput {
  /** The newest output, stdout and stderr as they came, at most `outputBytesMax` bytes. What is not UTF-8 shows as U+FFFD. */
  readonly text: string
  /** Something came before it that is not kept. */
  readonly isTruncated: boolean
}

/** Modes: running; exited, by itself or stopped: its output is kept; released: it means nothing any more. */
export interface Terminal {
  /** Names it in every life of the gateway. */
  readonly leaseId: number
  /** Number of the agent's line that asked for it. */
  readonly line: number
  /** Set when the command has exited and what it wrote was read. Code and signal are null when nobody knows how it ended. */
  readonly exit: ProcessExit | undefined
  readonly exited: Promise<ProcessExit>
  read(): TerminalOutput
  /** `tell` is called when there is new output. */
  watch(tell: () => void): void
  /** Ends the whole tree, as an agent's is ended; the output stays. Idempotent, never rejects. */
  stop(): Promise<StopReport>
  /** As `stop`; then nothing is kept. */
  release(): Promise<StopReport>
}

/** One that outlived an earlier life of the gateway, or ended since and is not released. */
export interface HeldTerminal {
  readonly terminal: Terminal
  readonly sessionId: string
  readonly generation: number
}
