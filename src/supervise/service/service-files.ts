// The files of a service on the disk: looked at, written, removed. Never touches one that we did not write.

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

import { HoldfastError } from '../../base/errors.ts'
import { commentText } from '../units/launchd-plist.ts'
import { MARKER } from '../units/service-plan.ts'
import type { ServiceFile } from './service-control.ts'

export interface WantedFile {
  readonly path: string
  readonly text: string
}

/** What is at `path`, compared with what an install writes there. */
export function lookAt({ path, text }: WantedFile): ServiceFile {
  const there = readText(path)
  if (there === undefined) return { path, text, found: 'missing' }
  if (there === text) return { path, text, found: 'current' }
  if (!isOurs(there, text)) return { path, text, found: 'foreign' }
  return { path, text, found: essence(there) === essence(text) ? 'differs' : 'stale' }
}

/** SERVICE_UNSAFE, before anything is written, when one of them is not ours. */
export function writeServiceFiles(files: readonly ServiceFile[], { force }: { readonly force: boolean }): void {
  const foreign = files.find(({ found }) => found === 'foreign')
  if (foreign !== undefined && !force) throw new HoldfastError('SERVICE_UNSAFE', { file: foreign.path })
  for (const { path, text, found } of files) {
    if (found === 'current') continue
    mkdirSync(dirname(path), { recursive: true })
    const fresh = `${path}.new`
    writeFileSync(fresh, text, { mode: 0o644 })
    renameSync(fresh, path)
  }
}

/** True when it was there and ours. */
export function removeServiceFile({ path, found }: ServiceFile): boolean {
  if (found === 'missing' || found === 'foreign') return false
  rmSync(path)
  return true
}

export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** Written by us, and for the same state directory. */
function isOurs(there: string, text: string): boolean {
  const state = /^.*\bstate=.*$/m
  const hasMarker = there.includes(MARKER) || there.includes(commentText(MARKER))
  return hasMarker && state.exec(there)?.[0] === state.exec(text)?.[0]
}

/** Version and programs: what an upgrade or another Node changes. PATH is not: it differs from shell to shell. */
function essence(text: string): string {
  const programs = /<key>ProgramArguments<\/key>\s*<array>[^]*?<\/array>/.exec(text)?.[0] ?? ''
  const lines = text.split('\n').filter((line) => /^(# |<!-- )version=|^ExecStart=/.test(line))
  return [...lines, programs].join('\n')
}
