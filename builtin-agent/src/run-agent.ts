// The agent on a pair of streams: lines in, lines out, until the input ends or somebody asks it to end.

import type { Readable, Writable } from 'node:stream'

import { systemClock } from '../../src/base/clock.ts'
import { deadline, firstOf, ignore, whenAborted } from '../../src/base/deadline.ts'
import { decodeLines, LineFramer } from '../../src/base/line-framer.ts'
import { Children } from './children.ts'
import { openCatalog } from './models/catalog.ts'
import { RunRegistry } from './runs/run-registry.ts'
import { AgentServer } from './serve/agent-server.ts'
import { SessionTable } from './serve/session-table.ts'
import { type Environment, readSettings } from './settings.ts'
import { FileTranscriptStore } from './transcript/store.ts'

export interface AgentStreams {
  readonly input: Readable
  readonly output: Writable
  /** Free text for whoever looks for a reason. */
  readonly diagnostics: Writable
}

export interface AgentRun extends AgentStreams {
  readonly env: Environment
  readonly version: string
  /** Aborts: end soon. */
  readonly signal: AbortSignal
}

const LINE_BYTES_MAX = 32 * 1024 * 1024
/** From the end of the input until the turns that ran are over. */
const CLOSE_MS = 1_500

/** Resolves when nothing is left to do. Rejects with STATE_DIR_UNSAFE, TRANSCRIPT_FAILED. */
export async function runAgent({ input, output, diagnostics, env, version, signal }: AgentRun): Promise<void> {
  const settings = readSettings(env)
  const diagnose = (message: string, fields: object): void =>
    void diagnostics.write(`holdfast-agent: ${message} ${JSON.stringify(fields)}\n`)
  await using store = new FileTranscriptStore(settings.stateDir, { diagnose })
  using children = new Children()
  const runs = new RunRegistry(systemClock.now)
  const sessions = new SessionTable({ store, catalog: openCatalog(settings), settings, runs, children })
  const send = (line: string): void => void output.write(`${line}\n`)
  const server = new AgentServer({ send, store, sessions, settings, version, diagnose })
  const tooLong = (): void =>
    diagnose('a line of the client is too long, so this agent ends', { bytesMax: LINE_BYTES_MAX })
  const ended = readLines(input, (line) => server.receive(line), tooLong)
  output.once('error', () => input.destroy()) // the reader is gone: nobody is left to talk to
  await firstOf([ended, whenAborted(signal)])
  await deadline(server.close(), { ms: CLOSE_MS, stage: 'close' }).catch(ignore('what hangs ends with the process'))
}

/** Resolves when the input has ended, or held a line that is too long. */
function readLines(input: Readable, receive: (line: string) => void, tooLong: () => void): Promise<void> {
  const framer = new LineFramer(LINE_BYTES_MAX)
  input.on('data', (chunk: Buffer) => {
    const lines = framer.push(chunk)
    for (const line of lines === undefined ? [] : decodeLines(lines.bytes)) receive(line)
    if (!framer.isTooLong || input.destroyed) return
    tooLong()
    input.destroy()
  })
  return new Promise((resolve) => {
    input.once('end', () => {
      const last = framer.end()
      for (const line of last === undefined ? [] : decodeLines(last.bytes)) receive(line)
    })
    input.once('close', resolve)
  })
}
