// What stands in the JSON bodies that a keeper sends. Every reader throws KEEPER_PROTOCOL_ERROR for a body that is not so.

import { broken } from './frames.ts'
import type { ProcessExit, StopReport } from '../agent-host.ts'
import type { HeldLabel, Holder } from '../holder.ts'
import type { PinnedLine } from '../held/pinned-lines.ts'
import { integer, isObject, isTextList, readLabel, readPin, text } from './keeper-bodies.ts'

type Body = Record<string, unknown>

export interface Welcome {
  readonly keeperNo: number
  readonly pid: number
  readonly startTicks: string | undefined
  readonly version: string
  readonly tagging: Holder['tagging']
  readonly tag: string
  readonly wardenPid: number | undefined
  readonly held: readonly Body[]
}

export interface HeldFacts {
  readonly leaseId: number
  readonly pid: number
  readonly startTicks: string | undefined
  readonly startedAt: number
  readonly label: HeldLabel
  readonly acknowledged: number
  readonly frames: readonly string[]
  readonly stderr: string
  readonly pinned: readonly PinnedLine[]
}

export function readWelcome(body: Body): Welcome {
  const { tagging, held, wardenPid } = body
  if (tagging !== 'prlimit' && tagging !== 'ulimit' && tagging !== 'marker') throw broken('an unknown way of tagging')
  if (!Array.isArray(held) || !held.every(isObject)) throw broken('held is not a list')
  return {
    keeperNo: integer(body, 'keeperNo'),
    pid: integer(body, 'pid'),
    startTicks: optionalText(body, 'startTicks'),
    version: text(body, 'version'),
    tagging,
    tag: text(body, 'tag'),
    wardenPid: typeof wardenPid === 'number' ? wardenPid : undefined,
    held,
  }
}

export function readHeld(body: Body): HeldFacts {
  const { label, frames, pinned } = body
  if (!isObject(label)) throw broken('a label is missing')
  if (!isTextList(frames)) throw broken('frames is not a list of text')
  if (!Array.isArray(pinned) || !pinned.every(isObject)) throw broken('pinned is not a list')
  return {
    ...readSpawned(body),
    leaseId: integer(body, 'leaseId'),
    label: readLabel(label),
    acknowledged: integer(body, 'acknowledged'),
    frames,
    stderr: text(body, 'stderr'),
    pinned: pinned.map((each) => ({ ...readPin(each), text: text(each, 'text') })),
  }
}

export function readSpawned(body: Body): Pick<HeldFacts, 'pid' | 'startTicks' | 'startedAt'> {
  const pid = integer(body, 'pid')
  return { pid, startTicks: optionalText(body, 'startTicks'), startedAt: integer(body, 'startedAt') }
}

export function readExit({ code, signal, memoryKills }: Body): ProcessExit {
  const exit = { code: typeof code === 'number' ? code : null, signal: typeof signal === 'string' ? signal : null }
  return typeof memoryKills === 'number' ? { ...exit, memoryKills } : exit
}

export function readStopReport(body: Body): StopReport {
  const { survivors, exit, forced } = body
  if (!Array.isArray(survivors) || !survivors.every(Number.isSafeInteger))
    throw broken('survivors is not a list of pids')
  return {
    forced: forced === true,
    swept: integer(body, 'swept'),
    survivors,
    ms: integer(body, 'ms'),
    exit: isObject(exit) ? readExit(exit) : undefined,
  }
}

function optionalText(body: Body, name: string): string | undefined {
  return body[name] === undefined ? undefined : text(body, name)
}
