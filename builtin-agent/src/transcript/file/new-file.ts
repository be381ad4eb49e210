// Makes transcript files: complete, or not there. Nobody else knows the file before it has its name.

import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'

import { HoldfastError } from '../../../../src/base/errors.ts'
import { readFully } from './chain-reader.ts'
import type { Journal } from './journal.ts'
import { encodeHeader, type Header } from './line-format.ts'

const COPY_BYTES = 1024 * 1024

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

/** A file under another name until it is published; gone when it never is. */
class Draft implements Disposable {
  readonly #file: string
  readonly #draft: string
  readonly #fd: number

  constructor(file: string) {
    this.#file = file
    this.#draft = `${file}.draft`
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
