// Where the control group (v2) of this process is in the file system, read from /proc. Pure but for the two files it reads.

import { readFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'

export type CgroupPlace =
  | { readonly found: true; readonly directory: string }
  | { readonly found: false; readonly reason: string }

/** `DelegateSubgroup=` of a systemd unit: the gateway sits in a leaf, so that the group above may have controllers. */
export const OWN_SUBGROUP = 'gateway'

/** The group in which groups for leases are made. Never throws. */
export function findCgroupPlace(): CgroupPlace {
  try {
    return cgroupPlaceOf(readFileSync('/proc/self/cgroup', 'utf8'), readFileSync('/proc/self/mountinfo', 'utf8'))
  } catch {
    return none('there is no /proc/self/cgroup: it needs Linux')
  }
}

/** From the text of /proc/self/cgroup and /proc/self/mountinfo. */
export function cgroupPlaceOf(cgroup: string, mountinfo: string): CgroupPlace {
  const own = /^0::(.*)$/m.exec(cgroup)?.[1]
  if (own === undefined) return none('this system has control groups v1 only')
  const mounts = mountinfo.split('\n').flatMap((line) => parseMount(line) ?? [])
  const mount = mounts.find(({ isWritable }) => isWritable) ?? mounts[0]
  if (mount === undefined) return none('control groups v2 are not mounted')
  if (!mount.isWritable) return none(`control groups are mounted read-only at ${mount.point}`)
  const inside = relative(mount.root, own)
  if (inside.startsWith('..') || own.includes('/..'))
    return none(`the own control group ${own} is not below ${mount.point}`)
  const directory = join(mount.point, inside)
  return { found: true, directory: basename(directory) === OWN_SUBGROUP ? dirname(directory) : directory }
}

interface Mount {
  /** Which part of the hierarchy is mounted. */
  readonly root: string
  readonly point: string
  readonly isWritable: boolean
}

/** A line of proc_pid_mountinfo(5); undefined when it is no control group v2. */
function parseMount(line: string): Mount | undefined {
  const [before = '', after = ''] = line.split(' - ')
  const [, , , root, point, options] = before.split(' ')
  if (!after.startsWith('cgroup2 ') || root === undefined || point === undefined || options === undefined)
    return undefined
  return { root: unescape(root), point: unescape(point), isWritable: options.split(',').includes('rw') }
}

/** Space, tab, newline and backslash are octal there. */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
}

function none(reason: string): CgroupPlace {
  return { found: false, reason }
}
