// The state directory: ours alone (0700, our user, local disk), files in it 0600.
// Makes files before SQLite does and leaves the process's umask alone, which our agents would inherit.

import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  lstatSync,
  openSync,
  realpathSync,
  statfsSync,
} from 'node:fs'
import { join, resolve } from 'node:path'

import { HoldfastError } from '../base/errors.ts'
import { ensurePrivateDirectory } from '../base/private-directory.ts'

export interface StateDir {
  /** Absolute, without symbolic links. */
  readonly path: string
  readonly storeFile: string
  readonly lockFile: string
  /** Given up when the disk is full. */
  readonly reserveFile: string
}

export interface StateDirOptions {
  /** Locks and WAL are not safe on NFS, SMB, 9p and FUSE; an operator may know better. */
  readonly allowNetworkFileSystem?: boolean
  /** Type of the file system of a path, as statfs gives it. */
  typeOf?(path: string): number
}

/** statfs types, from linux/magic.h and the file systems' own headers. */
const NETWORK_TYPES: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB 2'],
  [0x01021997, '9p'],
  [0x65735546, 'FUSE'],
])
export const STORE_FILE = 'holdfast.db'
export const LOCK_FILE = 'instance.lock'

const OTHERS = 0o077

/**
 * Makes it when it is missing. STATE_DIR_UNSAFE when it is not ours alone, no directory, or cannot be written to; STATE_DIR_REMOTE when it
 * is on a network file system and that is not allowed.
 */
export function openStateDir(path: string, options: StateDirOptions = {}): StateDir {
  const real = existsSync(path) ? realpathSync(path) : resolve(path)
  ensurePrivateDirectory(real)
  assertWritable(real)
  if (!options.allowNetworkFileSystem) assertLocal(real, options.typeOf ?? typeOf)
  return {
    path: real,
    storeFile: join(real, STORE_FILE),
    lockFile: join(real, LOCK_FILE),
    reserveFile: join(real, 'reserve'),
  }
}

/**
 * Makes `file` with mode 0600 when it is missing; SQLite gives its -wal and -shm the same mode. A file that exists is only
 * checked: to open and close a database that this process has open would drop its locks.
 */
export function ensurePrivateFile(file: string): void {
  if (!existsSync(file)) return closeSync(openSync(file, 'a', 0o600))
  const stat = lstatSync(file)
  if (!stat.isFile()) unsafe(file, 'it is not a plain file')
  if (stat.uid !== process.getuid?.() && process.platform !== 'win32') unsafe(file, `user ${stat.uid} owns it`)
  if ((stat.mode & OTHERS) !== 0) chmodSync(file, 0o600)
}

function assertWritable(path: string): void {
  try {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    unsafe(path, `it cannot be written to (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`, error)
  }
}

function assertLocal(path: string, look: (path: string) => number): void {
  if (process.platform !== 'linux') return
  const kind = NETWORK_TYPES.get(look(path))
  if (kind !== undefined) throw new HoldfastError('STATE_DIR_REMOTE', { path, kind })
}

function typeOf(path: string): number {
  return statfsSync(path).type
}

function unsafe(path: string, reason: string, cause?: unknown): never {
  throw new HoldfastError('STATE_DIR_UNSAFE', { path, reason }, { cause })
}
