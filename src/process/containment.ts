// Which containment an agent gets beyond tag and sweep, and what of it works on this machine.
// Owns what was found to work. Never falls back to a weaker mode: what is asked for and does not work is an error.

import { HoldfastError } from '../base/errors.ts'
import { encloseInNamespace, probeBwrap, type BwrapProbe } from './bwrap.ts'
import { findCgroupPlace, type CgroupPlace } from './cgroup-place.ts'
import { probeCgroup, type CgroupProbe } from './cgroup-probe.ts'
import { controllersFor, openLeaseCgroup, reapCgroups, removeParent, type CgroupLimits, type IsKept } from './cgroup.ts'
import { OPEN_GROUND, type Enclosure } from './enclosure.ts'
import { TOOL_PATH } from './run-briefly.ts'
import { probeTagging, type Tagging } from './tag.ts'
import type { Ownership } from './tag-value.ts'

/** Plain values: it travels to the process that spawns. Limits of 0 are none. */
export type ContainmentSpec =
  | { readonly mode: 'tag' }
  | { readonly mode: 'bwrap' }
  | ({ readonly mode: 'cgroup' } & CgroupLimits)

export interface ContainmentPorts {
  /** Where bwrap and env are looked for. */
  readonly toolPath?: string
  readonly findPlace?: () => CgroupPlace
}

/** Modes: none. A probe that succeeded is remembered; one that failed is made again, for something may have been installed. */
export class Containment {
  readonly #toolPath: string
  readonly #findPlace: () => CgroupPlace
  #bwrap: BwrapProbe | undefined
  #cgroup: CgroupProbe | undefined

  constructor({ toolPath = TOOL_PATH, findPlace = findCgroupPlace }: ContainmentPorts = {}) {
    this.#toolPath = toolPath
    this.#findPlace = findPlace
  }

  /** What is to stand around the tree of `owner`. CONTAINMENT_UNAVAILABLE when it cannot be had here; then nothing was made. */
  async prepare(spec: ContainmentSpec | undefined, agent: string, owner: Ownership): Promise<Enclosure> {
    if (spec === undefined || spec.mode === 'tag') return OPEN_GROUND
    try {
      return await (spec.mode === 'bwrap' ? this.#prepareNamespace() : this.#prepareCgroup(spec, owner))
    } catch (cause) {
      const reason = cause instanceof Unavailable ? cause.message : `it cannot be set up (${codeOf(cause)})`
      throw new HoldfastError('CONTAINMENT_UNAVAILABLE', { agent, mode: spec.mode, reason }, { cause })
    }
  }

  /** At a start: ends and removes the control groups of earlier lives. Resolves with how many were in use. Never rejects. */
  async reapLeftovers(instance: number, isKept: IsKept): Promise<number> {
    const place = this.#findPlace()
    return place.found ? reapCgroups(place.directory, instance, isKept) : 0
  }

  /** After the last agent: leaves no empty group behind. Never rejects. */
  async close(instance: number): Promise<void> {
    if (this.#cgroup?.works) await removeParent(this.#cgroup.base, instance)
  }

  async #prepareNamespace(): Promise<Enclosure> {
    if (!this.#bwrap?.works) this.#bwrap = await probeBwrap(this.#toolPath)
    if (!this.#bwrap.works) throw new Unavailable(this.#bwrap.reason)
    return encloseInNamespace(this.#bwrap.tools)
  }

  async #prepareCgroup(limits: CgroupLimits, owner: Ownership): Promise<Enclosure> {
    const probe = this.#cgroup?.works ? this.#cgroup : (this.#cgroup = await probeCgroup(this.#findPlace()))
    if (!probe.works) throw new Unavailable(probe.reason)
    const missing = controllersFor(limits).flatMap((controller) => probe.limits[controller] ?? [])
    if (missing.length === 0) return openLeaseCgroup(probe.base, owner, limits)
    // Controllers can be delegated while we run: the next spawn looks again.
    this.#cgroup = undefined
    throw new Unavailable(missing.join('; '))
  }
}

/** Why a mode cannot be had; becomes a HoldfastError where the agent is known. */
class Unavailable extends Error {}

/** One row of the capability matrix of this machine. */
export interface Capability {
  readonly works: boolean
  /** Why not, or what exactly works. */
  readonly reason?: string
}

export interface ContainmentReport {
  readonly tagging: Tagging['kind']
  readonly bwrap: Capability
  readonly cgroup: Capability
  readonly memoryLimit: Capability
  readonly processLimit: Capability
}

/** Tries everything that could be configured, and leaves nothing behind. Never rejects. */
export async function probeContainment(ports: ContainmentPorts = {}): Promise<ContainmentReport> {
  const { toolPath = TOOL_PATH, findPlace = findCgroupPlace } = ports
  // No database has the number 0, so nobody looks for what carries this tag.
  const tagging = await probeTagging(0, 0, toolPath)
  const bwrap = await probeBwrap(toolPath)
  const cgroup = await probeCgroup(findPlace())
  const limit = (name: 'memory' | 'pids'): Capability => capability(cgroup.works ? cgroup.limits[name] : cgroup.reason)
  return {
    tagging: tagging.kind,
    bwrap: capability(bwrap.works ? undefined : bwrap.reason),
    cgroup: capability(cgroup.works ? undefined : cgroup.reason),
    memoryLimit: limit('memory'),
    processLimit: limit('pids'),
  }
}

function capability(reason: string | undefined): Capability {
  return reason === undefined ? { works: true } : { works: false, reason }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown'
}
