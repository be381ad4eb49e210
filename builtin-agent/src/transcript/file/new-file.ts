// Makes transcript files: complete, or not there. Nobody else knows the file before it has its name.

import { closeSync, openSync, readdirSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'

import { HoldfastError } from '../../../../src/base/errors.ts'
import { readFully } from './chain-reader.ts'
import type { Journal } from './journal.ts'
import { encodeHeader, type Header } from './line-format.ts'

const COPY_BYTES = 1024 * 1024
const DRAFT = '.draft'
const DRAFT_MS_MAX = 3_600_000

/** TRANSCRIPT_FAILED. */
export function writeNewTranscript(file: string, header: Header): void {
  using draft = new Draft(file)
  draft.write(encodeHeader(header))
  draft.publish()
}

/** Another header, and the proved lines of `source`, whose entries begin at `base`. TRANSCRIPT_FAILED. */
export async function copyTranscript(
  source: Journal,
  { base, file, header }: { base: number; file: string; header: Header },
): Promise<void> {
  using draft = new Draft(file)
  draft.write(encodeHeader(header))
  const end = source.position.offset
  for (let from = base; from < end; from += COPY_BYTES) {
    draft.write(readFully(source.fd, from, Math.min(COPY_BYTES, end - from)))
    await setImmediate()
  }
  draft.publish()
}

/** Removes drafts that nobody has written to for an hour: whoever did is dead. One that lives after all fails to publish. */
export function removeOldDrafts(directory: string, nowMs: number): void {
  for (const name of readdirSync(directory)) {
    const draft = join(directory, name)
    if (!name.endsWith(DRAFT)) continue
    const stat = statSync(draft, { throwIfNoEntry: false })
    if (stat !== undefined && nowMs - stat.mtimeMs > DRAFT_MS_MAX) rmSync(draft, { force: true })
  }
}

/** A file under another name until it is published; gone when it never is. */
class Draft implements Disposable {
  readonly #file: string
  readonly #draft: string
  readonly #fd: number

  constructor(file: string) {
    this.#file = file
    this.#draft = `${file}${DRAFT}`
    this.#fd = orFail(file, () => openSync(this.#draft, 'wx', 0o600))
  }

  write(bytes: Buffer): void {
    const written = orFail(this.#file, () => writeSync(this.#fd, bytes))
    if (written === bytes.length) return
    const reason = `the disk took ${written} of ${bytes.length} bytes`
    throw new HoldfastError('TRANSCRIPT_FAILED', { file: this.#file, reason })
  }

  publish(): void {
    orFail(this.#file, () => renameSync(this.#draft, this.#file))
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd)
    rmSync(this.#draft, { force: true })
  }
}

function orFail<T>(file: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new HoldfastError('TRANSCRIPT_FAILED', { file, reason: code }, { cause })
  }
}
