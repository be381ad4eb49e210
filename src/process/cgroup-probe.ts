// Finds out whether control groups work here, by making one, entering it, killing what is inside and removing it.

import { access, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { deadline, firstOf } from '../base/deadline.ts'
import { findCgroupPlace, OWN_SUBGROUP, type CgroupPlace } from './cgroup-place.ts'
import { enterCgroup, killCgroup, removeCgroup, type Controller } from './cgroup.ts'
import { spawnChild, type Child } from './spawn.ts'

/** Undefined reason: it works. */
export type Unavailable = string | undefined

export type CgroupProbe =
  | { readonly works: true; readonly base: string; readonly limits: Readonly<Record<Controller, Unavailable>> }
  | { readonly works: false; readonly reason: string }

const STEP_MS_MAX = 2_000
const PROBE_PROGRAM = ['/bin/sh', '-c', 'echo in; read -r _'] as const

/** Leaves nothing behind and changes nothing that stays. Never rejects. */
export async function probeCgroup(place: CgroupPlace = findCgroupPlace()): Promise<CgroupProbe> {
  if (!place.found) return { works: false, reason: place.reason }
  const base = place.directory
  const reason = await tryGroup(base)
  if (reason !== undefined) return { works: false, reason }
  const [memory, pids] = [await tryController(base, 'memory'), await tryController(base, 'pids')]
  return { works: true, base, limits: { memory, pids } }
}

async function tryGroup(base: string): Promise<Unavailable> {
  let directory: string
  try {
    directory = await mkdtemp(join(base, 'holdfast-probe-'))
  } catch (error) {
    return `no group can be made in ${base} (${codeOf(error)}); a systemd unit needs Delegate=yes`
  }
  try {
    await access(join(directory, 'cgroup.kill'))
    return await tryTree(directory)
  } catch (error) {
    const code = codeOf(error)
    return code === 'ENOENT' ? 'the kernel has no cgroup.kill (Linux 5.14 has)' : `the probe failed (${code})`
  } finally {
    await killCgroup(directory)
    await removeCgroup(directory)
  }
}

/** Whether a process gets in, and dies with the group. */
async function tryTree(directory: string): Promise<Unavailable> {
  const child = await spawnChild({ argv: enterCgroup(directory, PROBE_PROGRAM), cwd: '/', env: {} })
  try {
    child.stderr.resume()
    if (!(await says(child))) return `no process can enter ${directory}`
    if (!(await readFile(join(directory, 'cgroup.procs'), 'utf8')).split('\n').includes(String(child.pid)))
      return 'the probe was not in its group'
    await killCgroup(directory)
    const exit = await deadline(child.exited, { ms: STEP_MS_MAX, stage: 'end of the probe' })
    return exit.signal === 'SIGKILL' ? undefined : 'cgroup.kill did not end the probe'
  } finally {
    if (child.exit() === undefined) process.kill(child.pid, 'SIGKILL')
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy()
  }
}

/** True when it got as far as its program, false when it ended before. */
async function says({ stdout, exited }: Child): Promise<boolean> {
  const word = new Promise<boolean>((resolve) => stdout.once('data', () => resolve(true)))
  const silence = exited.then(() => false)
  return deadline(firstOf([word, silence]), { ms: STEP_MS_MAX, stage: 'probe' })
}

/** Whether groups in `base` can have limits of this kind. What had to be switched on is switched off again. */
async function tryController(base: string, controller: Controller): Promise<Unavailable> {
  const file = join(base, 'cgroup.subtree_control')
  try {
    if (await names(file, controller)) return undefined
    if (!(await names(join(base, 'cgroup.controllers'), controller)))
      return `the controller ${controller} is not delegated to ${base}`
    await writeFile(file, `+${controller}`)
    // Refused when a gateway has come to use it meanwhile: then it is to stay.
    await writeFile(file, `-${controller}`).catch(() => undefined)
    return undefined
  } catch (error) {
    const code = codeOf(error)
    if (code !== 'EBUSY') return `the controller ${controller} cannot be switched on in ${base} (${code})`
    return `${base} holds processes itself; a systemd unit needs DelegateSubgroup=${OWN_SUBGROUP}`
  }
}

async function names(file: string, controller: Controller): Promise<boolean> {
  return (await readFile(file, 'utf8')).split(/\s+/).includes(controller)
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown'
}
