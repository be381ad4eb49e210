// Files as tools read and write them: whole, bounded, never through a link that appeared in between.

import { isUtf8 } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { link, lstat, mkdir, open, readlink, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

import { ToolFailure } from './tool.ts'

const FILE_BYTES_MAX = 10 * 1024 * 1024
const NEW_FILE_MODE = 0o666
/** Of file systems without hard links. */
const NO_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

/** `path` has no links. Undefined when nothing is there; ToolFailure when it is no ordinary file, or too large. */
export async function readBytes(path: string): Promise<Buffer | undefined> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const real = await readlink(`/proc/self/fd/${file.fd}`).catch(() => path) // only Linux can tell
    if (real !== path) throw moved(path)
    const stat = await file.stat()
    if (stat.isDirectory()) throw new ToolFailure(`${path} is a directory.`)
    if (!stat.isFile()) throw new ToolFailure(`${path} is not an ordinary file.`)
    if (stat.size > FILE_BYTES_MAX) throw new ToolFailure(`${path} has ${stat.size} bytes; at most ${FILE_BYTES_MAX}.`)
    return await file.readFile()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw failureOf(path, 'read', error)
  }
}

/** To `change` a text, every byte of it must be in the string; to `show` it, others may be replaced by a mark. */
export type TextUse = 'show' | 'change'

/** As readBytes; ToolFailure for what is no text. */
export async function readDiskText(path: string, use: TextUse): Promise<string | undefined> {
  const bytes = await readBytes(path)
  if (bytes === undefined) return undefined
  if (bytes.includes(0)) throw new ToolFailure(`${path} is not a text.`)
  if (use === 'change' && !isUtf8(bytes))
    throw new ToolFailure(`${path} is not UTF-8: what is not would be lost. Change it with a command.`)
  return bytes.toString('utf8')
}

/**
 * The file has the old or the new text, never a part of it. Directories are made, an existing file keeps its mode, and what others put
 * in the place of a new one stays.
 */
export async function writeDiskText(path: string, text: string): Promise<void> {
  try {
    await makeFolder(dirname(path))
    await inFolder(dirname(path), (folder) => replace(join(folder, basename(path)), text))
  } catch (error) {
    throw failureOf(path, 'written', error)
  }
}

async function replace(path: string, text: string): Promise<void> {
  const next = join(dirname(path), `.holdfast-${randomBytes(6).toString('hex')}.tmp`)
  try {
    const before = await lstat(path).catch(() => undefined)
    if (before !== undefined && !before.isFile()) throw new ToolFailure('It is not an ordinary file.')
    const mode = before === undefined ? NEW_FILE_MODE : before.mode & 0o777
    {
      // Never wider than it will be: what is private is private from its first byte on.
      await using file = await open(next, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode)
      await file.writeFile(text)
      if (before !== undefined) await file.chmod(mode)
    }
    await (before === undefined ? putNew(next, path) : rename(next, path))
  } finally {
    await rm(next, { force: true })
  }
}

/** Fails with EEXIST when somebody was faster; where files cannot have two names, whoever is last wins. */
async function putNew(next: string, path: string): Promise<void> {
  try {
    await link(next, path)
  } catch (error) {
    if (!NO_LINKS.has((error as NodeJS.ErrnoException).code ?? '')) throw error
    await rename(next, path)
  }
}

/** Runs `work` with a path to the directory that stays the same, whatever becomes of its name; where the system has none, its name. */
async function inFolder(path: string, work: (folder: string) => Promise<void>): Promise<void> {
  await using folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  const held = `/proc/self/fd/${folder.fd}`
  const real = await readlink(held).catch(() => undefined)
  if (real !== undefined && real !== path) throw moved(path)
  await work(real === undefined ? path : held)
}

function moved(path: string): ToolFailure {
  return new ToolFailure(`${path} is somewhere else since it was looked at.`)
}

/** Not mkdir's `recursive`: it never returns where the kernel says ENOENT for a name in a directory that exists (/proc). */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    if (code !== 'ENOENT' || (await lstat(dirname(path)).catch(() => undefined)) !== undefined) throw error
    await makeFolder(dirname(path))
    await mkdir(path)
  }
}

function failureOf(path: string, verb: 'read' | 'written', error: unknown): ToolFailure {
  if (error instanceof ToolFailure) return error
  const { code = 'unknown' } = error as NodeJS.ErrnoException
  return new ToolFailure(code === 'EEXIST' ? `${path} is there meanwhile.` : `${path} cannot be ${verb} (${code}).`)
}
