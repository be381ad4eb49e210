// The directories a session works in, and where a name that a model gives really is: links are followed before it is judged.
// Judges only; whether something outside may be touched is asked for by the tools.

import { lstat, realpath } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'

import { ToolFailure } from './tool.ts'

export interface Place {
  /** Absolute, without links. */
  readonly path: string
  readonly isInside: boolean
}

export class Roots {
  /** Absolute, without links. */
  readonly cwd: string
  readonly #roots: readonly string[]

  private constructor(cwd: string, more: readonly string[]) {
    this.cwd = cwd
    this.#roots = [cwd, ...more]
  }

  /** Rejects with the system's error when one of them cannot be looked at. */
  static async open(cwd: string, additional: readonly string[]): Promise<Roots> {
    const [own, ...more] = await Promise.all([cwd, ...additional].map((path) => realpath(path)))
    return new Roots(own!, more)
  }

  get directories(): readonly string[] {
    return this.#roots
  }

  /** Where `name` is; a relative one is relative to the working directory. ToolFailure for a name that cannot be one. */
  async find(name: string): Promise<Place> {
    if (name === '' || name.includes('\0')) throw new ToolFailure('A path must be a text that is not empty.')
    const path = await withoutLinks(isAbsolute(name) ? resolve(name) : resolve(this.cwd, name))
    return { path, isInside: this.#roots.some((root) => path === root || path.startsWith(withSeparator(root))) }
  }

  /** For people: relative inside of the working directory, else absolute. */
  show(path: string): string {
    const short = relative(this.cwd, path)
    if (short === '') return '.'
    return short.startsWith('..') ? path : short
  }
}

/** Links are resolved as far as the path exists; what does not exist yet is taken as it is written. */
async function withoutLinks(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw cannotLook(path, error)
  }
  const isLink = await lstat(path).then(
    (stat) => stat.isSymbolicLink(),
    () => false,
  )
  if (isLink) throw new ToolFailure(`${path} is a link to something that does not exist.`)
  const parent = dirname(path)
  return parent === path ? path : join(await withoutLinks(parent), basename(path))
}

function cannotLook(path: string, error: unknown): ToolFailure {
  return new ToolFailure(`${path} cannot be looked at (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`)
}

function withSeparator(root: string): string {
  return root.endsWith(sep) ? root : root + sep
}
