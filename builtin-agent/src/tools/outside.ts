// Effects on files: what is asked for before something is changed, or before something outside of the session's directories is read.

import { dirname } from 'node:path'

import type { Effect } from './tool.ts'

/** Reading inside needs nobody; outside somebody must allow it. */
export function readingOf(path: string, isInside: boolean): { effect?: Effect } {
  if (isInside) return {}
  const folder = dirname(path)
  return { effect: { key: `read:${folder}`, scope: `reading in ${folder}` } }
}

export function changeOf(path: string, isInside: boolean): { effect: Effect } {
  if (isInside) return { effect: { key: 'change', scope: 'changes of files here' } }
  const folder = dirname(path)
  return { effect: { key: `change:${folder}`, scope: `changes in ${folder}` } }
}
