// Where the entries of an archive go: inside one directory, whatever their names and links say. Each is refused rather than corrected.

import { createWriteStream } from 'node:fs'
import { lstat, link, mkdir, readlink, realpath, symlink } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'

export interface UnpackLimits {
  /** Of all files together. */
  readonly bytesMax: number
  readonly entriesMax: number
}

/** What an archive may be: the largest agents have some hundred MB. */
export const UNPACK_LIMITS: UnpackLimits = { bytesMax: 2_147_483_648, entriesMax: 100_000 }

/** Why an archive is refused, in words for a person. */
export class ArchiveRefused extends Error {}

const PATH_CHARS_MAX = 1_024

/** Writes into `root`, which exists and is empty. Everything is made for its owner alone. */
export class Place {
  readonly #root: string
  readonly #limits: UnpackLimits
  readonly #dangling: string[] = []
  #bytes = 0
  #entries = 0

  constructor(root: string, limits: UnpackLimits) {
    this.#root = root
    this.#limits = limits
  }

  async directory(name: string): Promise<void> {
    const path = this.#pathOf(name)
    await mkdir(path, { recursive: true, mode: 0o700 })
  }

  /** `content` is counted as it comes: what an archive says of its sizes proves nothing. */
  async file(name: string, isExecutable: boolean, content: AsyncIterable<Uint8Array>): Promise<void> {
    const path = this.#pathOf(name)
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    // wx: never over something that is there, and never through a link.
    const output = createWriteStream(path, { flags: 'wx', mode: isExecutable ? 0o700 : 0o600 })
    await pipeline(this.#counted(content), output).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'EEXIST' ? new ArchiveRefused(`${name} is in it twice`) : error
    })
  }

  async symlink(name: string, target: string): Promise<void> {
    const path = this.#pathOf(name)
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    if (target.startsWith('/') || !this.#isInside(resolve(dirname(path), target))) throw leaves(name)
    await symlink(target, path)
    // At once: the next entry may go through it.
    if (!(await this.#leadsInside(path, name))) this.#dangling.push(name)
  }

  async hardLink(name: string, target: string): Promise<void> {
    const path = this.#pathOf(name)
    const from = this.#pathOf(target)
    const stats = await lstat(from).catch(() => undefined)
    if (!stats?.isFile()) throw new ArchiveRefused(`${name} is a link to what is not in it`)
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await link(from, path)
  }

  /** Links whose target came later must lead to something by now. */
  async finish(): Promise<void> {
    for (const name of this.#dangling) {
      const path = join(this.#root, name)
      if (!(await this.#leadsInside(path, name)))
        throw new ArchiveRefused(`${name} is a link to what is not in it (${await readlink(path)})`)
    }
  }

  #pathOf(name: string): string {
    this.#entries++
    if (this.#entries > this.#limits.entriesMax) throw new ArchiveRefused('it has too many entries')
    const isOdd = name === '' || name.length > PATH_CHARS_MAX || /[\0\\]/.test(name)
    if (isOdd) throw new ArchiveRefused('it has an entry with a name that cannot be used')
    if (name.startsWith('/') || name.split('/').includes('..')) throw leaves(name)
    return join(this.#root, name)
  }

  /** False while it leads nowhere. */
  async #leadsInside(path: string, name: string): Promise<boolean> {
    try {
      if (!isUnder(await realpath(this.#root), await realpath(path))) throw leaves(name)
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
      throw error instanceof ArchiveRefused ? error : new ArchiveRefused(`${name} is a link that leads nowhere`)
    }
  }

  #isInside(path: string): boolean {
    return isUnder(this.#root, path)
  }

  async *#counted(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of content) {
      this.#bytes += chunk.byteLength
      if (this.#bytes > this.#limits.bytesMax) throw new ArchiveRefused('it holds more than is allowed')
      yield chunk
    }
  }
}

function isUnder(root: string, path: string): boolean {
  const way = relative(root, path)
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !way.startsWith('/'))
}

function leaves(name: string): ArchiveRefused {
  return new ArchiveRefused(`${name.slice(0, 200)} leaves the directory`)
}
