// Puts a text in the place of a file: written whole beside it, then renamed within the directory that is held. Whoever reads, and
// whatever dies, sees the old text or the new one.

import { access, constants, open, readdir, rename, rm } from 'node:fs/promises'

import { codeOf, notGiven } from './file-refusal.ts'
import type { HeldEntry } from './held-entry.ts'
import { assertOrdinary, FILE_BYTES_MAX } from './read-text.ts'
import type { Place } from './walk.ts'

export interface TextToWrite {
  readonly path: string
  readonly content: string
  /** Of the file beside it, until it is renamed: nobody else's, and not there yet. */
  readonly draftName: string
  readonly signal: AbortSignal
}

/** FileRefusal for what cannot be replaced without a loss; nothing has changed then. An existing file keeps mode and owner. */
export async function writeText({ folder, name, entry }: Place, text: TextToWrite): Promise<void> {
  const { path, content, draftName, signal } = text
  if (Buffer.byteLength(content) > FILE_BYTES_MAX) throw notGiven(path, `is to have more than ${FILE_BYTES_MAX} bytes`)
  if (entry !== undefined) await assertReplaceable(path, entry)
  const draft = folder.at(draftName)
  try {
    await writeDraft(draft, content, entry)
    signal.throwIfAborted() // from here on it has happened
    await rename(draft, folder.at(name))
  } catch (error) {
    await rm(draft, { force: true })
    throw codeOf(error) === 'EISDIR' ? notGiven(path, 'is a directory') : error
  }
}

/** Removes what a write has left that nobody could end. */
export async function removeDrafts(folder: HeldEntry, isDraft: (name: string) => boolean): Promise<void> {
  const names = await readdir(folder.path)
  await Promise.all(names.filter(isDraft).map((name) => rm(folder.at(name), { force: true })))
}

async function assertReplaceable(path: string, entry: HeldEntry): Promise<void> {
  await assertOrdinary(path, entry)
  if (entry.stat.nlink > 1) throw notGiven(path, 'has other names (hard links), which would not be written')
  await access(entry.path, constants.W_OK)
}

/** Private from its first byte on until it gets the mode of the file that it is to replace. */
async function writeDraft(draft: string, content: string, entry: HeldEntry | undefined): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
  await using file = await open(draft, flags, entry === undefined ? 0o666 : 0o600)
  await file.writeFile(content)
  if (entry !== undefined) {
    const { uid, gid, mode } = entry.stat
    const made = await file.stat({ bigint: true })
    if (made.uid !== uid || made.gid !== gid) await file.chown(Number(uid), Number(gid))
    await file.chmod(Number(mode) & 0o777)
  }
  await file.sync()
}
