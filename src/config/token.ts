// The token file: 256 random bits, mode 0600, made once. A file that others could have read or placed is refused, never repaired.

import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs'

import { HoldfastError } from '../base/errors.ts'
import { modeText } from '../base/private-directory.ts'

const TOKEN = /^[A-Za-z0-9_-]{43,512}$/
const FILE_BYTES_MAX = 1024

/** Reads the token, making it first when there is none. Whoever makes it at the same time, all get the same. TOKEN_FILE_UNSAFE. */
export function ensureToken(path: string): string {
  const known = findToken(path)
  if (known !== undefined) return known
  createToken(path)
  return readToken(path)
}

/** TOKEN_FILE_UNSAFE when it is missing, a link, not ours, wider than 0600, or holds no token. */
export function readToken(path: string): string {
  return findToken(path) ?? unsafe(path, 'it does not exist')
}

function findToken(path: string): string | undefined {
  const fd = openToken(path)
  if (fd === undefined) return undefined
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile()) return unsafe(path, 'it is not a file')
    if (process.getuid !== undefined && stat.uid !== process.getuid()) return unsafe(path, 'another user owns it')
    if (process.platform !== 'win32' && (stat.mode & 0o077) !== 0)
      return unsafe(path, `its mode is ${modeText(stat.mode)}`)
    if (stat.size > FILE_BYTES_MAX) return unsafe(path, 'it is too large')
    const token = readFileSync(fd, 'utf8').trim()
    return TOKEN.test(token) ? token : unsafe(path, 'it holds no token of 256 bits')
  } finally {
    closeSync(fd)
  }
}

function openToken(path: string): number | undefined {
  try {
    // Not through a link, and never waiting for the writer of a pipe.
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    return unsafe(path, code === 'ELOOP' ? 'it is a symbolic link' : `it cannot be opened (${code ?? 'unknown'})`)
  }
}

/** Complete before it has its name: no reader ever sees half a token. Loses quietly against another maker. */
function createToken(path: string): void {
  const draft = `${path}.${randomBytes(8).toString('hex')}`
  const fd = openSync(draft, 'wx', 0o600)
  try {
    writeSync(fd, `${randomBytes(32).toString('base64url')}\n`)
    fsyncSync(fd)
    linkSync(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    closeSync(fd)
    rmSync(draft, { force: true })
  }
}

function unsafe(path: string, reason: string): never {
  throw new HoldfastError('TOKEN_FILE_UNSAFE', { path, reason })
}
