// Reads the process table in slices that never hold the event loop, with what each process says about its owner.
// Owns the memory of what was read before. Judges nothing and signals nobody.

import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'

import { isDead, parseStat, type ProcessStat } from '../base/birth.ts'
import { parseLockLimits } from './tag.ts'
import { MARKER_NAME, parseMarkers, parseTag, type Ownership } from './tag-value.ts'

export interface ScannedProcess extends ProcessStat {
  readonly tag: Ownership | undefined
  readonly markers: readonly Ownership[]
}

/** What a process says about its owner; `final` when it cannot change any more. */
interface Evidence {
  readonly startTicks: string
  readonly tag: Ownership | undefined
  readonly markers: readonly Ownership[]
  readonly final: boolean
}

const SLICE_PIDS = 100
const SLICE_MS = 4
const READ_BYTES = 65_536
const ENVIRON_BYTES_MAX = 4 * 1024 * 1024
/** A child carries its parent's environment and limits until its wrapper has executed; 2 s is ages for that. */
const SETTLED_TICKS = 200
const HIDDEN = new Set(['EACCES', 'EPERM'])
const ENDED = new Set(['ENOENT', 'ESRCH'])
const NO_MARKERS: readonly Ownership[] = []
const MARKER_PREFIX = Buffer.from(`${MARKER_NAME}=`)

/**
 * Tags are inherited at fork and cannot be put on others, so a process that was not ours when it was looked at never
 * becomes ours: later scans read its stat only. Memory is bounded by the number of live processes.
 */
export class ProcessScanner {
  #evidence = new Map<number, Evidence>()
  #running: Promise<ScannedProcess[]> | undefined
  #next: Promise<ScannedProcess[]> | undefined
  readonly #buffer = Buffer.allocUnsafe(READ_BYTES)

  /**
   * All processes that are not dead. Rejects when the table cannot be read (no /proc, no file descriptors left): a scan
   * that saw nothing must not look like a clean one. The table is read after the call, never before it:
   * callers that come while a scan runs share the one that follows. Yields to the event loop every 100 processes or 4 ms.
   */
  scan(): Promise<ScannedProcess[]> {
    if (this.#running === undefined) return this.#start()
    const start = (): Promise<ScannedProcess[]> => this.#start()
    this.#next ??= this.#running.then(start, start)
    return this.#next
  }

  #start(): Promise<ScannedProcess[]> {
    this.#next = undefined
    const run = this.#read()
    this.#running = run
    const forget = (): void => {
      if (this.#running === run) this.#running = undefined
    }
    run.then(forget, forget)
    return run
  }

  async #read(): Promise<ScannedProcess[]> {
    // Whoever called in the same turn of the loop shares this scan's start.
    await yieldToLoop()
    const rows: ScannedProcess[] = []
    const seen = new Map<number, Evidence>()
    const settledBefore = readUptimeTicks() - SETTLED_TICKS
    let sliceStart = performance.now()
    let inSlice = 0
    for (const pid of listPids()) {
      if (inSlice++ >= SLICE_PIDS || performance.now() - sliceStart > SLICE_MS) {
        await yieldToLoop()
        sliceStart = performance.now()
        inSlice = 0
      }
      const stat = parseStat(this.#readText(`/proc/${pid}/stat`))
      if (stat === undefined || isDead(stat)) continue
      const evidence = this.#evidenceOf(stat, settledBefore)
      seen.set(pid, evidence)
      rows.push({ ...stat, tag: evidence.tag, markers: evidence.markers })
    }
    this.#evidence = seen
    if (!seen.has(process.pid)) throw new Error('the process table does not show this process')
    return rows
  }

  #evidenceOf(stat: ProcessStat, settledBefore: number): Evidence {
    const { pid, startTicks } = stat
    // Whatever we start has a session of its own or one below it; kernel threads and our container's own session have none.
    if (stat.sid === 0 && stat.pgid === 0) return { startTicks, tag: undefined, markers: NO_MARKERS, final: true }
    const known = this.#evidence.get(pid)
    const before = known?.startTicks === startTicks ? known : undefined
    if (before?.final) return before
    const tag = this.#readTag(pid) ?? before?.tag
    // Reading the memory of a process in uninterruptible sleep may wait as long as it does.
    const environ = stat.state === 'D' ? undefined : this.#readMarkers(pid)
    const markers = environ?.length ? environ : (before?.markers ?? NO_MARKERS)
    const final = tag !== undefined || (environ !== undefined && Number(startTicks) < settledBefore)
    return { startTicks, tag, markers, final }
  }

  #readTag(pid: number): Ownership | undefined {
    const limits = parseLockLimits(this.#readText(`/proc/${pid}/limits`))
    return limits && parseTag(limits.soft, limits.hard)
  }

  /** Undefined when the environment is empty (in the middle of an exec) or the process ended; none when it is hidden. */
  #readMarkers(pid: number): readonly Ownership[] | undefined {
    const bytes = this.#readBytes(`/proc/${pid}/environ`)
    if (bytes === 'hidden') return NO_MARKERS
    return bytes === undefined || bytes.length === 0 ? undefined : findMarkers(bytes)
  }

  #readText(path: string): string {
    const bytes = this.#readBytes(path)
    return bytes === undefined || bytes === 'hidden' ? '' : bytes.toString('latin1')
  }

  /** A view of the scanner's own buffer where it fits: valid until the next read. */
  #readBytes(path: string): Buffer | 'hidden' | undefined {
    try {
      const fd = openSync(path, 'r')
      try {
        return this.#readAll(fd)
      } finally {
        closeSync(fd)
      }
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException
      if (HIDDEN.has(code)) return 'hidden'
      if (ENDED.has(code)) return undefined
      throw error
    }
  }

  #readAll(fd: number): Buffer {
    let buffer = this.#buffer
    let length = 0
    for (;;) {
      const read = readSync(fd, buffer, length, buffer.length - length, null)
      length += read
      if (read === 0 || length >= ENVIRON_BYTES_MAX) return buffer.subarray(0, length)
      if (length === buffer.length) buffer = Buffer.concat([buffer], buffer.length * 2)
    }
  }
}

/** The markers this process itself carries: of gateways in whose trees it runs, outermost first. */
export function readOwnMarkers(): readonly Ownership[] {
  try {
    return findMarkers(readFileSync('/proc/self/environ'))
  } catch {
    return NO_MARKERS
  }
}

/** The variable's own entry, not its name inside another one's value. */
function findMarkers(environ: Buffer): readonly Ownership[] {
  for (let at = environ.indexOf(MARKER_PREFIX); at !== -1; at = environ.indexOf(MARKER_PREFIX, at + 1)) {
    if (at > 0 && environ[at - 1] !== 0) continue
    const from = at + MARKER_PREFIX.length
    const end = environ.indexOf(0, from)
    return parseMarkers(environ.toString('latin1', from, end === -1 ? environ.length : end))
  }
  return NO_MARKERS
}

function listPids(): number[] {
  const pids: number[] = []
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    if (pid > 0) pids.push(pid)
  }
  return pids
}

function readUptimeTicks(): number {
  try {
    return Math.floor(Number.parseFloat(readFileSync('/proc/uptime', 'latin1')) * TICKS_PER_SECOND)
  } catch {
    return 0
  }
}

/** USER_HZ: fixed at 100 on every platform Node runs on. */
const TICKS_PER_SECOND = 100

function yieldToLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
