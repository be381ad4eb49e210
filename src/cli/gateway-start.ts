// Starts a gateway when none answers: says so, waits until it is ready (bounded), and says why when it is not.

import { open } from 'node:fs/promises'
import { pause } from '../base/deadline.ts'
import { HoldfastError } from '../base/errors.ts'
import { EXIT } from './exit-codes.ts'
import type { StartedGateway } from './deps.ts'
import { terminalText } from './output/terminal-text.ts'

export interface StartOptions {
  start(): Promise<StartedGateway>
  /** True when the gateway answers as ready. Must be bounded itself. */
  isReady(): Promise<boolean>
  note(text: string): void
  waitMs?: number
}

const WAIT_MS = 15_000
const POLL_MS = 25
const TAIL_BYTES = 4096
const TAIL_LINES = 12

/**
 * Resolves when a gateway is ready. GATEWAY_START_FAILED after `waitMs`, or at once when the process is gone, with the end of its
 * log. A process that leaves because another gateway holds the directory is no failure: that one is waited for.
 */
export async function startGateway({ start, isReady, note, waitMs = WAIT_MS }: StartOptions): Promise<void> {
  const { pid, log, logOffset, exited } = await start()
  note(`started the gateway (pid ${pid}, log ${terminalText(log)})`)
  let exit: { code: number | undefined } | undefined
  void exited.then((code) => (exit = { code }))
  const untilMs = performance.now() + waitMs
  while (performance.now() < untilMs) {
    if (await isReady()) return
    if (exit !== undefined && exit.code !== EXIT.temporary)
      throw await startFailed(`it exited with ${exit.code ?? 'a signal'}`, log, logOffset)
    await pause(POLL_MS)
  }
  throw await startFailed(`no answer within ${waitMs / 1000} s`, log, logOffset)
}

async function startFailed(reason: string, log: string, logOffset: number): Promise<HoldfastError> {
  return new HoldfastError('GATEWAY_START_FAILED', { reason, log, tail: await readTail(log, logOffset) })
}

async function readTail(log: string, from: number): Promise<string> {
  try {
    await using file = await open(log, 'r')
    const { size } = await file.stat()
    const { buffer, bytesRead } = await file.read({
      buffer: Buffer.alloc(TAIL_BYTES),
      position: Math.max(from <= size ? from : 0, size - TAIL_BYTES),
    })
    return buffer.toString('utf8', 0, bytesRead).trimEnd().split('\n').slice(-TAIL_LINES).join('\n')
  } catch {
    return ''
  }
}
