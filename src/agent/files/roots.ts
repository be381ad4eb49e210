// The directories of a session as they were when its connection began: pinned by device and inode (reliability 7.2), so that another
// directory in their place is none of them. Judges paths by their text only; where a path really leads is the walk's.

import { readlink } from 'node:fs/promises'

import { notGiven } from './file-refusal.ts'
import { HeldEntry } from './held-entry.ts'
import type { Identity } from './held-entry.ts'

interface Root extends Identity {
  /** As the session has it. */
  readonly given: string
  /** Without links. */
  readonly real: string
}

/** Where a path is, by its text. */
export interface Way {
  readonly root: Root
  readonly names: readonly string[]
}

/** Of the kernel. */
export const PATH_BYTES_MAX = 4_096

export class Roots {
  readonly #roots: readonly Root[]

  private constructor(roots: readonly Root[]) {
    this.#roots = roots
  }

  /** One that cannot be looked at is none. Never rejects. */
  static async pin(directories: readonly string[]): Promise<Roots> {
    const roots = directories.map(async (given) => {
      try {
        await using held = await HeldEntry.open(given, { follow: true })
        const { dev, ino } = held.stat
        return held.stat.isDirectory() ? [{ given, real: await readlink(held.path), dev, ino }] : []
      } catch {
        return []
      }
    })
    return new Roots((await Promise.all(roots)).flat())
  }

  /** Of a path that an agent has given. FileRefusal when it is in no root, climbs, or is too long. */
  locate(path: string): Way {
    if (Buffer.byteLength(path) > PATH_BYTES_MAX) throw notGiven(path.slice(0, 100), '… is too long')
    if (path.split('/').includes('..')) throw notGiven(path, 'has ".." in it')
    const way = this.find(path)
    if (way === undefined) throw notGiven(path, 'is not in the directories of this session')
    return way
  }

  /** As `locate`, for any absolute path; ".." stays a name. */
  find(path: string): Way | undefined {
    for (const root of this.#roots) {
      for (const start of [root.given, root.real]) {
        if (path !== start && !path.startsWith(`${start}/`)) continue
        return { root, names: path.slice(start.length).split('/').filter(isName) }
      }
    }
    return undefined
  }
}

/** FileRefusal when it is gone, or another directory is in its place. */
export async function openRoot({ real, given, dev, ino }: Root): Promise<HeldEntry> {
  const held = await HeldEntry.open(real).catch(() => undefined)
  if (held?.is({ dev, ino }) === true) return held
  await held?.[Symbol.asyncDispose]()
  throw notGiven(given, 'is not the directory any more that this session works in')
}

/** Empty names and "." are nothing to go to. */
export function isName(part: string): boolean {
  return part !== '' && part !== '.'
}
