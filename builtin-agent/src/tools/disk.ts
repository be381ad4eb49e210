// Files as tools read and write them: whole, bounded, never through a link that appeared in between.

import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { chmod, lstat, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { ToolFailure } from './tool.ts'

export const FILE_BYTES_MAX = 10 * 1024 * 1024

/** `path` has no links. Undefined when nothing is there; ToolFailure when it is no ordinary file, or too large. */
export async function readBytes(path: string): Promise<Buffer | undefined> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
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

export async function readDiskText(path: string): Promise<string | undefined> {
  const bytes = await readBytes(path)
  if (bytes === undefined) return undefined
  if (bytes.includes(0)) throw new ToolFailure(`${path} is not a text.`)
  return bytes.toString('utf8')
}

/** The file has the old or the new text, never a part of it. Directories are made, an existing file keeps its mode. */
export async function writeDiskText(path: string, text: string): Promise<void> {
  const folder = dirname(path)
  const next = join(folder, `.holdfast-${randomBytes(6).toString('hex')}.tmp`)
  try {
    await makeFolder(folder)
    const before = await lstat(path).catch(() => undefined)
    if (before !== undefined && !before.isFile()) throw new ToolFailure(`${path} is not an ordinary file.`)
    {
      await using file = await open(next, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o666)
      await file.writeFile(text)
    }
    if (before !== undefined) await chmod(next, before.mode & 0o777)
    await rename(next, path)
  } catch (error) {
    await rm(next, { force: true })
    throw failureOf(path, 'written', error)
  }
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
  return new ToolFailure(`${path} cannot be ${verb} (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`)
}
