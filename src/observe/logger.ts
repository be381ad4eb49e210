// Loggers: JSON lines to stderr or a file, one child per folder. A message is a constant phrase; facts are fields.
// Owns the redaction list and the write buffer. Never reads the environment and keeps no state outside the Log it returns.

import { closeSync, openSync, writeSync } from 'node:fs'

import { pino } from 'pino'

import { HoldfastError } from '../base/errors.ts'
import { createLineSink } from './line-sink.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** One logger per folder; the name is in the field `folder` of every line. */
export type LogFolder =
  | 'acp'
  | 'agent'
  | 'api'
  | 'bin'
  | 'cli'
  | 'config'
  | 'daemon'
  | 'events'
  | 'health'
  | 'keeper'
  | 'lease'
  | 'life'
  | 'observe'
  | 'process'
  | 'remote'
  | 'session'
  | 'store'
  | 'supervise'
  | 'tasks'

/** Usual names: sessionId, turnId, pid, epoch, seq, err. Prompt and tool content only at debug, secrets never. */
export type LogFields = Readonly<Record<string, unknown>>

/** What other folders import. error: a person should act; warn: degraded but handled; info: state changes; debug: the rest. */
export interface Logger {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
}

export interface LogOptions {
  readonly level: LogLevel
  /** Absolute path, appended to and created with mode 0600. Absent: stderr. */
  readonly file?: string
}

export interface Log extends AsyncDisposable {
  /** The same folder gives the same logger. */
  logger(folder: LogFolder): Logger
  /** Resolves when every line so far has been handed to the system, or after 2 s. Never rejects. */
  flush(): Promise<void>
  /** Holds for every logger from here on. */
  setLevel(level: LogLevel): void
  /** Lines lost to a full buffer or a failed write. */
  linesDropped(): number
  /** For an exception that nobody caught: its line is written before this returns, ahead of those that wait. Never throws. */
  crashed(err: unknown): void
  /** Flushes, then closes the file; lines logged later are dropped. Disposal does the same. */
  close(): Promise<void>
}

const BUFFER_CHARS_MAX = 4 * 1024 * 1024
const FLUSH_MS_MAX = 2_000

const SECRET_NAMES = [
  'authorization',
  'cookie',
  'token',
  'apiKey',
  'api_key',
  'password',
  'secret',
  'clientSecret',
  'accessToken',
  'refreshToken',
  'env',
]

/**
 * Opens the log of one process. At most 4 MiB of lines wait; when the disk or the reader of stderr is slower than that,
 * the newest lines are dropped. A secret is blanked by field name down to the third level.
 * Throws CONFIG_INVALID when `file` cannot be opened.
 */
export function openLog({ level, file }: LogOptions): Log {
  const fd = file === undefined ? STDERR : openFile(file)
  const sink = createLineSink(fd, BUFFER_CHARS_MAX)
  let isOpen = true
  let isCrashing = false
  const write = (line: string): void => (isCrashing ? writeNow(fd, line) : sink.write(line))
  const destination = { write: (line: string) => (isOpen ? write(line) : undefined) }
  const root = pino({ level, redact: { paths: redactPaths(), censor: '[secret]' }, ...FORMAT }, destination)
  const loggers = new Map<LogFolder, typeof root>()

  const logger = (folder: LogFolder): Logger => {
    const known = loggers.get(folder)
    if (known) return known
    const made = root.child({ folder })
    loggers.set(folder, made)
    return made
  }
  const flush = (): Promise<void> => sink.flush(FLUSH_MS_MAX)
  const close = async (): Promise<void> => {
    if (!isOpen) return
    isOpen = false
    await flush()
    if (fd !== STDERR) closeSync(fd)
  }
  const setLevel = (next: LogLevel): void => {
    for (const each of [root, ...loggers.values()]) each.level = next
  }
  const crashed = (err: unknown): void => {
    isCrashing = true
    logger('bin').error({ err }, 'an exception that nobody caught ends this process')
  }
  return { logger, flush, setLevel, linesDropped: () => sink.dropped(), crashed, close, [Symbol.asyncDispose]: close }
}

/** There is no later in which it could be tried again. */
function writeNow(fd: number, line: string): void {
  try {
    writeSync(fd, line)
  } catch {
    // A full disk or a closed pipe: the exit code is what is left.
  }
}

const STDERR = 2

const FORMAT = {
  base: { pid: process.pid },
  timestamp: () => `,"time":"${new Date().toISOString()}"`,
  formatters: { level: (label: string) => ({ level: label }) },
}

function openFile(path: string): number {
  try {
    return openSync(path, 'a', 0o600)
  } catch (cause) {
    const reason = `log.file cannot be opened (${(cause as NodeJS.ErrnoException).code ?? 'unknown'})`
    throw new HoldfastError('CONFIG_INVALID', { reason, file: path }, { cause })
  }
}

function redactPaths(): string[] {
  const underscore = (name: string): string => (/^\w+$/.test(name) ? `.${name}` : `["${name}"]`)
  return SECRET_NAMES.flatMap((name) => [name, `*${underscore(name)}`, `*.*${underscore(name)}`])
}
