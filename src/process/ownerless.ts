// Which tagged processes nobody looks after any more, without any database. Judges only; ends nothing.
// When in doubt somebody does: what is listed here may be ended by a person who has lost the database.

import { readdirSync, readFileSync } from 'node:fs'

import { listTagged, readArgv, type TaggedProcess } from './kill-tagged.ts'
import type { Ownership } from './tag-value.ts'

/** Who becomes the parent of what has lost its own. */
const REAPERS = new Set(['systemd', 'init', 'tini', 'docker-init', 'dumb-init', 'catatonit', 's6-svscan', 'runsvdir'])

/**
 * Every live process with the tag or a marker of any gateway for whose holder nothing speaks: no warden watches for that holder, and
 * no member of what it started has a parent that could be it. Empty where there is no /proc.
 */
export async function listOwnerless(): Promise<TaggedProcess[]> {
  const tagged = await listTagged()
  const pids = new Map(tagged.map((each) => [each.pid, lifeOf(each)]))
  const held = new Set(listWatchedLives())
  for (const each of tagged) {
    const isChildOfOurs = pids.get(each.ppid) === lifeOf(each)
    if (!isChildOfOurs && !isReaper(each.ppid)) held.add(lifeOf(each))
  }
  return tagged.filter((each) => !held.has(lifeOf(each)))
}

/** A living holder has a warden: `sh …/warden.sh HARD INSTANCE EPOCH`. */
function listWatchedLives(): string[] {
  return readdirSync('/proc').flatMap((name) => {
    const [, script = '', , instance, epoch] = /^\d+$/.test(name) ? readArgv(Number(name)) : []
    return script.endsWith('/warden.sh') ? [`${instance}.${epoch}`] : []
  })
}

function isReaper(pid: number): boolean {
  if (pid <= 1) return true
  try {
    return REAPERS.has(readFileSync(`/proc/${pid}/comm`, 'utf8').trim())
  } catch {
    return true // it has just ended
  }
}

function lifeOf({ instance, epoch }: Ownership): string {
  return `${instance}.${epoch}`
}
