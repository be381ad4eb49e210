// The files below a directory, in slices, so that a large one never holds the process; and what of them was left out.

import { type Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join, sep } from 'node:path'

import { ToolFailure } from './tool.ts'

const FILES_MAX = 20_000
/** Directories that hold what nobody wrote. */
export const SKIPPED: ReadonlySet<string> = new Set(['.git', '.hg', '.svn', 'node_modules', '.venv', '__pycache__'])

export class Walk {
  /** Counted by whoever looks into the files. */
  tooLarge = 0
  readonly #root: string
  readonly #signal: AbortSignal
  #seen = 0
  #isCut = false

  /** `root`: a directory, or one file. */
  constructor(root: string, signal: AbortSignal) {
    this.#root = root
    this.#signal = signal
  }

  /** Links are not followed. Ends after FILES_MAX files. ToolFailure when the root cannot be looked through. */
  async *files(): AsyncGenerator<string> {
    const waiting = [this.#root]
    for (let folder = waiting.pop(); folder !== undefined && !this.#isCut; folder = waiting.pop()) {
      this.#signal.throwIfAborted()
      for (const entry of await entriesOf(folder, folder === this.#root)) {
        if (entry === 'file') yield folder
        else if (entry.isDirectory() && !SKIPPED.has(entry.name)) waiting.push(join(folder, entry.name))
        else if (entry.isFile() && this.#hasRoom()) yield `${folder}${sep}${entry.name}`
      }
    }
  }

  /** Sentences for the model, each on a line; empty when everything was looked at. */
  leftOut(): string {
    const cut = this.#isCut ? `\n… only the first ${FILES_MAX} files were looked at; name a directory below.` : ''
    const large = this.tooLarge === 0 ? '' : `\n… not looked into, because too large: ${this.tooLarge}.`
    return cut + large
  }

  #hasRoom(): boolean {
    this.#isCut = this.#seen === FILES_MAX
    if (!this.#isCut) this.#seen++
    return !this.#isCut
  }
}

async function entriesOf(folder: string, isRoot: boolean): Promise<(Dirent | 'file')[]> {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
    if (isRoot && code === 'ENOTDIR') return ['file']
    if (isRoot) throw new ToolFailure(`${folder} cannot be looked through (${code}).`)
    return [] // taken away meanwhile, or not ours to look into
  }
}
