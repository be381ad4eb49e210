// A transcript store in a directory of its own, with what it said. Other stores on the same directory stand for other processes.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Clock } from '../../src/base/clock.ts'
import { FileTranscriptStore } from '../../builtin-agent/src/transcript/store.ts'

export interface Said {
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

export class TestTranscripts implements AsyncDisposable {
  readonly directory: string
  readonly said: Said[] = []
  readonly #clock: Clock | undefined
  readonly #stores: FileTranscriptStore[] = []
  readonly store: FileTranscriptStore

  constructor(clock?: Clock, directory = mkdtempSync(join(tmpdir(), 'holdfast-transcripts-'))) {
    this.#clock = clock
    this.directory = directory
    this.store = this.openStore()
  }

  /** One more store on the directory: as far as locks and files go, as good as another process. */
  openStore(): FileTranscriptStore {
    const diagnose = (message: string, fields: Said['fields']): void => void this.said.push({ message, fields })
    const store = new FileTranscriptStore(this.directory, { diagnose, ...(this.#clock && { clock: this.#clock }) })
    this.#stores.push(store)
    return store
  }

  /** Removes a file beside the transcripts. */
  remove(name: string): void {
    rmSync(join(this.directory, 'transcripts', name))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#stores.map((store) => store[Symbol.asyncDispose]()))
    rmSync(this.directory, { recursive: true })
  }
}

export const message = (text: string): { type: string; body: { text: string } } => ({ type: 'message', body: { text } })

/** The texts of the messages that count. */
export function textsOf(entries: readonly { type: string; body: object }[]): unknown[] {
  return entries.filter(({ type }) => type === 'message').map(({ body }) => (body as { text?: unknown }).text)
}

/** The lines of a file as JSON, header included. */
export function linesOf(file: string): { seq?: number; type?: string; epoch?: number; body?: unknown }[] {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line) as ReturnType<typeof linesOf>[number])
}
