// The last words of a life that cannot write its row any more: one small file, written at once and whole, read by the next life.
// Holds what the log holds of an error, and less: no line of a stack but its frames, no text in which content could be quoted.

import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

import { isHoldfastError } from '../base/errors.ts'
import { isJsonObject } from '../base/json.ts'
import type { Json } from '../base/json.ts'

/** `exception`: nobody caught it. `failed`: it gave up in order, without its database. `wedged`: the watchdog. `forced`: asked to end at once. */
export type CrashKind = 'exception' | 'failed' | 'wedged' | 'forced'

export interface CrashRecord {
  readonly kind: CrashKind
  /** Epoch ms. */
  readonly at: number
  /** Of the life; 0 before it had one. */
  readonly epoch: number
  readonly pid: number
  readonly version: string
  /** One line for people. */
  readonly reason: string
  readonly code?: string | undefined
  /** Frames of the stack, the innermost first. */
  readonly frames?: readonly string[]
}

const MESSAGE_CHARS_MAX = 300
const FRAMES_MAX = 20
const FRAME_CHARS_MAX = 200

export function crashFileOf(stateDir: string): string {
  return join(stateDir, 'last-crash.json')
}

/** Replaces the record before it; mode 0600, never through a link. Never throws: there is nobody left to tell. */
export function writeCrashRecord(file: string, record: CrashRecord): void {
  try {
    const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants
    const fd = openSync(file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600)
    try {
      writeSync(fd, `${JSON.stringify(record)}\n`)
    } finally {
      closeSync(fd)
    }
  } catch {
    // A full disk, most likely. The next life says that it does not know.
  }
}

/** Undefined when there is none, or none that is whole. */
export function readCrashRecord(file: string): CrashRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(file, 'utf8')) as Json
    return isJsonObject(record) && typeof record['epoch'] === 'number' ? (record as unknown as CrashRecord) : undefined
  } catch {
    return undefined
  }
}

/** What may be kept of an error that ended a life. */
export function describeError(error: unknown): Pick<CrashRecord, 'reason' | 'code' | 'frames'> {
  if (!(error instanceof Error)) return { reason: `a value that is no error was thrown (${typeof error})` }
  const { code } = error as { code?: unknown }
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  return {
    reason: `${error.name}: ${messageOf(error)}`,
    ...(typeof code === 'string' ? { code } : {}),
    frames: frames.slice(0, FRAMES_MAX).map((line) => line.trim().slice(0, FRAME_CHARS_MAX)),
  }
}

/** Ours is a template with names and numbers. V8 and Node quote what they were given, which may be a prompt. */
function messageOf(error: Error): string {
  const [line = ''] = error.message.split('\n')
  const text = isHoldfastError(error) ? line : line.replaceAll(/"[^"]*"?/g, '"…"').replace(/Received .*/, 'Received …')
  return text.slice(0, MESSAGE_CHARS_MAX)
}
