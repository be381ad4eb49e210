// What stands in the JSON bodies of the keeper's socket, checked by hand: a keeper depends on nothing.
// Every reader throws KEEPER_PROTOCOL_ERROR for a body that is not what it should be.

import type { ContainmentSpec } from '../../process/containment.ts'
import { broken } from './frames.ts'
import type { HeldLabel, SpawnOrder, TerminalLabel } from '../holder.ts'
import type { PinnedLine } from '../held/pinned-lines.ts'

type Body = Record<string, unknown>

export interface Hello {
  readonly protocol: number
  readonly secret: string
  /** Life of the gateway: an older one is not let in after a newer one. */
  readonly nodeEpoch: number
}

export function readHello(body: Body): Hello {
  return { protocol: integer(body, 'protocol'), secret: text(body, 'secret'), nodeEpoch: integer(body, 'nodeEpoch') }
}

export function readLabel(body: Body): HeldLabel {
  return {
    sessionId: text(body, 'sessionId'),
    generation: integer(body, 'generation'),
    agent: text(body, 'agent'),
    terminal: readTerminal(body['terminal']),
  }
}

function readTerminal(value: unknown): TerminalLabel | undefined {
  if (value === undefined) return undefined
  if (!isObject(value)) throw broken('a terminal is not an object')
  return { line: integer(value, 'line'), outputBytesMax: integer(value, 'outputBytesMax') }
}

export function readPin(body: Body): Pick<PinnedLine, 'line' | 'frameId'> {
  return { line: integer(body, 'line'), frameId: text(body, 'frameId') }
}

export function readSpawnOrder(leaseId: number, body: Body): SpawnOrder {
  const argv = body['argv']
  const env = body['env']
  if (!isTextList(argv) || argv.length === 0) throw broken('argv is not a list of text')
  if (!isObject(env) || !isTextList(Object.values(env))) throw broken('env is not text')
  return {
    ...readLabel(body),
    leaseId,
    argv: argv as [string, ...string[]],
    env: env as Record<string, string>,
    cwd: text(body, 'cwd'),
    lineBytesMax: integer(body, 'lineBytesMax'),
    containment: readContainment(body['containment']),
  }
}

function readContainment(value: unknown): ContainmentSpec | undefined {
  if (value === undefined) return undefined
  const { mode, memoryBytesMax, processesMax } = isObject(value) ? value : {}
  if (mode === 'tag' || mode === 'bwrap') return { mode }
  if (mode !== 'cgroup') throw broken('an unknown containment')
  return { mode, memoryBytesMax: optionalInteger(memoryBytesMax), processesMax: optionalInteger(processesMax) }
}

export function text(body: Body, name: string): string {
  const value = body[name]
  if (typeof value !== 'string') throw broken(`${name} is not text`)
  return value
}

export function integer(body: Body, name: string): number {
  const value = body[name]
  if (!Number.isSafeInteger(value)) throw broken(`${name} is not a number`)
  return value as number
}

function optionalInteger(value: unknown): number | undefined {
  if (value !== undefined && !Number.isSafeInteger(value)) throw broken('a limit is not a number')
  return value as number | undefined
}

export function isObject(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}
