// The file of an export: JSON lines, each with a checksum that chains it to the line before; the first says what it is, the last that it is whole.
// Written beside its name and put there at once; looked at without being changed.

import { randomBytes } from 'node:crypto'
import { createReadStream, existsSync, rmSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import path from 'node:path'
import { getSystemErrorMessage } from 'node:util'
import { crc32 } from 'node:zlib'

import { HoldfastError } from '../base/errors.ts'
import { isJsonObject } from '../base/json.ts'
import type { JsonObject } from '../base/json.ts'

export const EXPORT_VERSION = 1

export interface ExportCounts {
  readonly events: number
  /** Events that could not be read when it was written. */
  readonly lost: number
  readonly lastSeq: number
}

export type ExportCheck =
  | ({ readonly kind: 'whole'; readonly session: string } & ExportCounts)
  /** All its lines are whole but what follows the last of them; `bytes` of that. */
  | ({ readonly kind: 'cut'; readonly line: number; readonly bytes: number } & ExportCounts)

/** EXPORT_FAILED when the file is there (and is not to be replaced) or cannot be made. */
export async function createExport(file: string, replace: boolean): Promise<ExportWriter> {
  if (!replace && existsSync(file)) throw exportFailed(file, 'there is such a file already (--force replaces it)')
  const partial = path.join(path.dirname(file), `.${path.basename(file)}.${randomBytes(6).toString('hex')}.partial`)
  try {
    return new ExportWriter(file, partial, await open(partial, 'wx', 0o600))
  } catch (error) {
    throw exportFailed(file, reasonOf(error), error)
  }
}

export class ExportWriter implements AsyncDisposable {
  readonly #file: string
  readonly #partial: string
  readonly #handle: FileHandle
  #crc = 0
  #isDone = false

  constructor(file: string, partial: string, handle: FileHandle) {
    this.#file = file
    this.#partial = partial
    this.#handle = handle
  }

  /** Each line is one JSON object without its own checksum. EXPORT_FAILED. */
  async add(lines: readonly string[]): Promise<void> {
    const text = lines.map((line) => {
      this.#crc = crc32(line, this.#crc)
      return `{"crc":${this.#crc},${line.slice(1)}\n`
    })
    await this.#try(() => this.#handle.appendFile(text.join('')))
  }

  /** Adds the last line; when it resolves the file is on disk under its name. */
  async finish({ events, lost, lastSeq }: ExportCounts): Promise<void> {
    await this.add([JSON.stringify({ end: { events, lost, last_seq: lastSeq } })])
    await this.#try(async () => {
      await this.#handle.sync()
      await rename(this.#partial, this.#file)
      this.#isDone = true
      await syncDirectory(path.dirname(this.#file))
    })
  }

  /** Without `finish` nothing is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close()
    if (!this.#isDone) rmSync(this.#partial, { force: true })
  }

  async #try(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      throw exportFailed(this.#file, reasonOf(error), error)
    }
  }
}

/** EXPORT_DAMAGED with the line, EXPORT_FAILED when it cannot be read. */
export async function checkExport(file: string): Promise<ExportCheck> {
  const walk = new Walk(file)
  let rest = Buffer.alloc(0)
  try {
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
      let from = 0
      const bytes = Buffer.concat([rest, chunk])
      for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, from)) {
        walk.take(bytes.toString('utf8', from, end))
        from = end + 1
      }
      rest = bytes.subarray(from)
    }
  } catch (error) {
    throw error instanceof HoldfastError ? error : exportFailed(file, reasonOf(error), error)
  }
  return walk.end(rest.length)
}

/** The lines of one file, in order. */
class Walk {
  readonly #file: string
  #line = 0
  #crc = 0
  #session: string | undefined
  #counts: ExportCounts = { events: 0, lost: 0, lastSeq: 0 }
  #isEnded = false

  constructor(file: string) {
    this.#file = file
  }

  take(text: string): void {
    this.#line += 1
    const line = this.#read(text)
    if (this.#isEnded) this.#damaged('it comes after the last line')
    if (this.#session === undefined) return this.#begin(line)
    if (isJsonObject(line['end'])) this.#finish(line['end'])
    else if (isJsonObject(line['lost'])) this.#lose(line['lost'])
    else this.#event(line)
  }

  end(bytesLeft: number): ExportCheck {
    if (this.#session === undefined) {
      this.#line += 1
      this.#damaged('it is not the first line of an export')
    }
    if (this.#isEnded && bytesLeft === 0) return { kind: 'whole', session: this.#session, ...this.#counts }
    return { kind: 'cut', line: this.#line + 1, bytes: bytesLeft, ...this.#counts }
  }

  #read(text: string): JsonObject {
    const [, told, rest] = /^\{"crc":(\d{1,10}),([^]*)$/.exec(text) ?? this.#damaged('it is not a line of an export')
    this.#crc = crc32(`{${rest}`, this.#crc)
    if (this.#crc !== Number(told)) this.#damaged('it does not match its checksum')
    return JSON.parse(text) as JsonObject // as it was written
  }

  #begin({ holdfast_export: version, session }: JsonObject): void {
    if (version !== EXPORT_VERSION) this.#damaged('its version is not known')
    this.#session = isJsonObject(session) && typeof session['id'] === 'string' ? session['id'] : 'an unknown session'
  }

  #event({ seq }: JsonObject): void {
    if (seq !== this.#counts.lastSeq + 1) this.#damaged(`event ${this.#counts.lastSeq + 1} is missing`)
    this.#counts = { ...this.#counts, events: this.#counts.events + 1, lastSeq: seq }
  }

  #lose({ from, to }: JsonObject): void {
    const count = Number(to) - Number(from) + 1
    this.#counts = { ...this.#counts, lost: this.#counts.lost + count, lastSeq: Number(to) }
  }

  #finish({ events, last_seq: lastSeq }: JsonObject): void {
    if (events !== this.#counts.events || lastSeq !== this.#counts.lastSeq) this.#damaged('it counts other events')
    this.#isEnded = true
  }

  #damaged(reason: string): never {
    throw new HoldfastError('EXPORT_DAMAGED', { path: this.#file, line: this.#line, reason })
  }
}

/** The new name is on disk too. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function exportFailed(file: string, reason: string, cause?: unknown): HoldfastError {
  return new HoldfastError('EXPORT_FAILED', { path: file, reason }, { cause })
}

function reasonOf(error: unknown): string {
  const { errno } = error as NodeJS.ErrnoException
  if (typeof errno === 'number') return getSystemErrorMessage(errno)
  return error instanceof Error ? error.message : String(error)
}
