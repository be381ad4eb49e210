// What of Holdfast no agent gets as a file, wherever its session works: database, token, log, socket, and the configuration, which
// names the commands that are started. Compared by what they are, not by how they are called.

import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

import { ignore } from '../../base/deadline.ts'
import type { HeldEntry, Identity } from './held-entry.ts'

/** What is said of them. */
export const OWN = 'belongs to Holdfast'

/** Absolute paths; what is not there is not looked at. */
export interface OwnPlaces {
  /** With everything below. */
  readonly directories: readonly string[]
  readonly files: readonly string[]
}

/** As they are now: for one request. */
export class OwnGuard {
  readonly #places: OwnPlaces
  readonly #directories: readonly Identity[]
  /** Where single files are, so that one that is not there is not made. */
  readonly #names: readonly { readonly folder: Identity; readonly name: string }[]

  private constructor(
    places: OwnPlaces,
    directories: readonly Identity[],
    names: readonly { readonly folder: Identity; readonly name: string }[],
  ) {
    this.#places = places
    this.#directories = directories
    this.#names = names
  }

  static async look(places: OwnPlaces): Promise<OwnGuard> {
    const directories = await identify(places.directories)
    const names = await Promise.all(
      places.files.map(async (path) => {
        const [folder] = await identify([dirname(path)])
        return folder === undefined ? [] : [{ folder, name: basename(path) }]
      }),
    )
    return new OwnGuard(places, directories, names.flat())
  }

  isOwnFolder(folder: HeldEntry): boolean {
    return this.#directories.some((own) => folder.is(own))
  }

  /** Whether what `name` is, or would be, in `folder` is a file of ours. */
  isOwnName(folder: HeldEntry, name: string): boolean {
    return this.#names.some((own) => own.name === name && folder.is(own.folder))
  }

  /** The same by another name: one that is in our directories, or one of the files. */
  async isOwnFile(file: HeldEntry): Promise<boolean> {
    const listed = await Promise.all(this.#places.directories.map((path) => filesOf(path)))
    const own = await identify([...this.#places.files, ...listed.flat()])
    return own.some((each) => file.is(each))
  }
}

async function identify(paths: readonly string[]): Promise<Identity[]> {
  const stats = paths.map((path) => stat(path, { bigint: true }).catch(ignore('it is not there')))
  return (await Promise.all(stats)).filter((each) => each !== undefined)
}

async function filesOf(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isFile()).map(({ name }) => join(directory, name))
}
