// Whether a socket is one that only this user can have made and only this user can reach. Looked at before anything is sent.

import { lstatSync } from 'node:fs'
import { dirname } from 'node:path'

import { HoldfastError } from '../../base/errors.ts'
import { ensurePrivateDirectory, modeText } from '../../base/private-directory.ts'

/** STATE_DIR_UNSAFE for a socket that others may reach or have made; KEEPER_UNAVAILABLE when there is none. */
export function assertPrivateSocket(path: string): void {
  ensurePrivateDirectory(dirname(path))
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat === undefined) throw new HoldfastError('KEEPER_UNAVAILABLE', { reason: 'its socket is not there' })
  const refuse = (reason: string): never => {
    throw new HoldfastError('STATE_DIR_UNSAFE', { path, reason })
  }
  if (!stat.isSocket()) refuse('it is not a socket')
  if (process.getuid !== undefined && stat.uid !== process.getuid()) refuse('another user owns it')
  if ((stat.mode & 0o077) !== 0) refuse(`its mode is ${modeText(stat.mode)}`)
}
