// The way from a root of a session down to one name, directory by directory, each held by its descriptor before the next is looked
// for in it. The kernel follows no link for us and is given no name with a slash: what is exchanged meanwhile changes what is found,
// never whether it lies in a root. Links are followed here, as long as they stay in the roots.

import { mkdir, readlink } from 'node:fs/promises'

import { codeOf, notGiven, notThere } from './file-refusal.ts'
import type { HeldEntry } from './held-entry.ts'
import { OWN } from './own-places.ts'
import type { OwnGuard } from './own-places.ts'
import { isName, openRoot } from './roots.ts'
import type { Roots, Way } from './roots.ts'

export interface Walk {
  /** As the agent has given it. */
  readonly path: string
  /** To write, missing directories are made, and nothing of git's own is touched. */
  readonly use: 'read' | 'write'
  readonly roots: Roots
  readonly guard: OwnGuard
  readonly signal: AbortSignal
}

/** A name in a directory that is held. */
export interface Place extends AsyncDisposable {
  readonly folder: HeldEntry
  readonly name: string
  /** What is there, and is no link; undefined: nothing. */
  readonly entry: HeldEntry | undefined
}

const TURNS_MAX = 40

/** Rejects with FileRefusal, with an error of the system, or with the reason of `signal`. The caller disposes the place. */
export async function walkTo(walk: Walk): Promise<Place> {
  let way = walk.roots.locate(walk.path)
  for (let turns = 0; turns <= TURNS_MAX; turns++) {
    const found = await descend(walk, way)
    if (!('names' in found)) return found
    way = found
  }
  throw notGiven(walk.path, 'leads through too many links')
}

/** Down to the last name, or to a link: then the way from there. */
async function descend(walk: Walk, { root, names }: Way): Promise<Place | Way> {
  await using down = new Descent(walk, await openRoot(root))
  const turn = (target: string, rest: readonly string[]): Way =>
    turned(walk, { from: [root.real, ...down.names], target, rest })
  for (const [i, name] of names.entries()) {
    walk.signal.throwIfAborted()
    const rest = names.slice(i + 1)
    if (name === '..') return turn(name, rest)
    const target = await down.look(name)
    if (target !== undefined) return turn(target, rest)
    if (rest.length === 0) return await down.end(name)
    await down.enter(name)
  }
  throw notGiven(walk.path, 'is a directory')
}

interface Turn {
  /** The real path of the directory that the link is in, in parts. */
  readonly from: readonly string[]
  readonly target: string
  readonly rest: readonly string[]
}

/** ".." is taken away from names that are no links: what is left is what the kernel would come to. */
function turned({ roots, path }: Walk, { from, target, rest }: Turn): Way {
  const parts = target.split('/').filter(isName)
  let start = target.startsWith('/') ? '' : from.join('/')
  while (parts[0] === '..') {
    parts.shift()
    start = start.slice(0, Math.max(0, start.lastIndexOf('/')))
  }
  const way = roots.find([start, ...parts].join('/'))
  if (way === undefined) throw notGiven(path, 'leads out of the directories of this session')
  return { root: way.root, names: [...way.names, ...rest] }
}

/** Owns the directory that it has come to, and what was looked at last in it. */
class Descent implements AsyncDisposable {
  readonly names: string[] = []
  readonly #walk: Walk
  #folder: HeldEntry | undefined
  #entry: HeldEntry | undefined

  constructor(walk: Walk, root: HeldEntry) {
    this.#walk = walk
    this.#folder = root
  }

  /** Holds what `name` is; where it leads when it is a link. */
  async look(name: string): Promise<string | undefined> {
    const folder = this.#folder!
    const { guard, path, use } = this.#walk
    if (guard.isOwnFolder(folder) || guard.isOwnName(folder, name)) throw notGiven(path, OWN)
    if (use === 'write' && name.toLowerCase() === '.git') throw notGiven(path, "is git's own: change it with git")
    this.#entry = await folder.find(name)
    return this.#entry?.stat.isSymbolicLink() === true ? await readlink(folder.at(name)) : undefined
  }

  /** Goes into what was looked at; to write, it is made if it is missing. */
  async enter(name: string): Promise<void> {
    const { path, use } = this.#walk
    const folder = this.#folder!
    if (this.#entry === undefined && use === 'write') this.#entry = await make(folder, name)
    const next = this.#entry
    if (next?.stat.isDirectory() !== true) {
      if (use === 'read') throw notThere(path)
      throw notGiven(path, `cannot be made: ${[...this.names, name].join('/')} is not a directory`)
    }
    this.#folder = next
    this.#entry = undefined
    this.names.push(name)
    await folder[Symbol.asyncDispose]()
  }

  /** Hands over what it holds. */
  async end(name: string): Promise<Place> {
    const folder = this.#folder!
    const entry = this.#entry
    if (entry?.stat.isDirectory() === true) throw notGiven(this.#walk.path, 'is a directory')
    this.#folder = undefined
    this.#entry = undefined
    const close = async (): Promise<void> => {
      await entry?.[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    }
    return { folder, name, entry, [Symbol.asyncDispose]: close }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#entry?.[Symbol.asyncDispose]()
    await this.#folder?.[Symbol.asyncDispose]()
  }
}

async function make(folder: HeldEntry, name: string): Promise<HeldEntry | undefined> {
  try {
    await mkdir(folder.at(name))
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error // somebody was faster
  }
  return folder.find(name)
}
