// The text of one held file, whole or some lines of it, within a bound. Never waits for what a FIFO or a device might say.

import { isUtf8 } from 'node:buffer'
import { constants, open, statfs } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'

import { notGiven } from './file-refusal.ts'
import type { HeldEntry } from './held-entry.ts'
import { LineSelection } from './line-selection.ts'
import type { Lines } from './line-selection.ts'

/** Of one file: looked at for one answer, or written (reliability 7.1). */
export const FILE_BYTES_MAX = 10 * 1024 * 1024

/** Lines are looked for between two turns of the event loop. */
const CHUNK_BYTES = 64 * 1024

/** What the kernel says of processes, ours too: no files of a session, wherever it is mounted. */
const PROC_FILE_SYSTEM = 0x9fa0

/** FileRefusal for what is no ordinary file. */
export async function assertOrdinary(path: string, entry: HeldEntry): Promise<void> {
  if (!entry.stat.isFile()) throw notGiven(path, 'is not an ordinary file')
  const { type } = await statfs(entry.path)
  if (type === PROC_FILE_SYSTEM) throw notGiven(path, 'is not an ordinary file')
}

/**
 * FileRefusal when it is too large, or no text in UTF-8: whoever wrote back what was shown would destroy it. NUL is in no text, and six
 * times as long in an answer.
 */
export async function readText(path: string, entry: HeldEntry, lines: Lines, signal: AbortSignal): Promise<string> {
  await assertOrdinary(path, entry)
  if (lines.limit === undefined && lines.line === 1 && entry.stat.size > FILE_BYTES_MAX) throw tooLarge(path)
  await using file = await open(entry.path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  const selection = new LineSelection(lines)
  let looked = 0
  while (!selection.isComplete) {
    signal.throwIfAborted()
    const chunk = await readChunk(file)
    if (chunk.length === 0) break
    looked += chunk.length
    if (looked > FILE_BYTES_MAX) throw tooLarge(path)
    selection.push(chunk)
  }
  const bytes = selection.bytes()
  if (!isUtf8(bytes) || bytes.includes(0)) throw notGiven(path, 'is not text in UTF-8')
  return bytes.toString('utf8')
}

async function readChunk(file: FileHandle): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, null)
  return buffer.subarray(0, bytesRead)
}

function tooLarge(path: string): Error {
  return notGiven(path, `has more than ${FILE_BYTES_MAX} bytes; only lines that end before that can be read`)
}
