// What a rule (--approve-all, --approve-reads, --deny-all) answers to a permission request, without a person.
// Only offered options, never a lasting one for yes; decided by what the call would touch, never by its title (reliability.md 7.1).

import { realpathSync } from 'node:fs'
import path from 'node:path'
import type { JsonObject } from '../base/json.ts'
import { isJsonObject } from '../base/json.ts'

export type PermissionMode = 'ask' | 'approve-all' | 'approve-reads' | 'deny-all'

export interface PermissionAsked {
  /** ACP tool call, update shape. */
  readonly toolCall: JsonObject
  /** ACP permission options. */
  readonly options: readonly JsonObject[]
}

/** The option to answer with, or undefined: a person (or the policy for nobody there) decides. */
export function optionByRule(mode: PermissionMode, asked: PermissionAsked, cwd: string): string | undefined {
  switch (mode) {
    case 'ask':
      return undefined
    case 'approve-all':
      return allowOnceOption(asked.options)
    case 'approve-reads':
      return isReadInside(asked.toolCall, cwd) ? allowOnceOption(asked.options) : undefined
    case 'deny-all':
      return denyOption(asked.options)
    default:
      return mode satisfies never
  }
}

/** The offered way to say yes to this one call; undefined when none was offered. */
export function allowOnceOption(options: readonly JsonObject[]): string | undefined {
  return findOption(options, ['allow_once'])
}

/** The offered way to say no: this once, else for ever; undefined when none was offered. */
export function denyOption(options: readonly JsonObject[]): string | undefined {
  return findOption(options, ['reject_once', 'reject_always'])
}

/** True for the option kinds that let the agent go on. */
export function isApproval(options: readonly JsonObject[], optionId: string | null | undefined): boolean {
  const kinds = options.filter((option) => option['optionId'] === optionId).map((option) => option['kind'])
  return kinds.some((kind) => kind === 'allow_once' || kind === 'allow_always')
}

/** An id that is offered twice may mean the other one: no rule picks it. */
function isOneOf(options: readonly JsonObject[], { optionId }: JsonObject): boolean {
  return options.filter((option) => option['optionId'] === optionId).length === 1
}

/** The first offered option of these kinds, in their order, whose id is its own. */
export function findOption(options: readonly JsonObject[], kinds: readonly string[]): string | undefined {
  for (const kind of kinds) {
    const id = options.find((option) => option['kind'] === kind && isOneOf(options, option))?.['optionId']
    if (typeof id === 'string') return id
  }
  return undefined
}

// prettier-ignore
const PATH_KEYS = new Set([
  'path', 'paths', 'file', 'file_path', 'filePath', 'filepath', 'filename', 'abs_path', 'absolute_path',
  'notebook_path', 'directory', 'dir_path',
])
/** Ways to select what is read, whose values name no place. */
// prettier-ignore
const RANGE_KEYS = new Set([
  'offset', 'limit', 'line', 'start_line', 'end_line', 'pages', 'type', 'recursive', 'case_sensitive', 'max_results',
  'head_limit', 'output_mode', 'query',
])
/** Patterns, which may name a place: no absolute ones, none that climbs. */
const PATTERN_KEYS = new Set(['pattern', 'glob', 'include', 'exclude', 'ignore'])

/**
 * A read by its own input: it names at least one path, all inside `cwd` with symbolic links followed, and nothing else but ways
 * to select what is read. The agent's `kind` can only veto: a call that says it is no read is none, a call that merely says it is
 * one is not yet.
 */
function isReadInside(toolCall: JsonObject, cwd: string): boolean {
  const { kind, rawInput, content } = toolCall
  if (kind !== 'read' && kind !== 'search') return false
  if (!isJsonObject(rawInput) || !contentIsPlain(content)) return false
  const keys = Object.keys(rawInput)
  if (!keys.every((key) => PATH_KEYS.has(key) || RANGE_KEYS.has(key) || PATTERN_KEYS.has(key))) return false
  const valuesOf = (names: Set<string>): unknown[] =>
    keys.filter((key) => names.has(key)).flatMap((key) => rawInput[key])
  const paths = valuesOf(PATH_KEYS)
  if (paths.length === 0) return false
  return (
    [...paths, ...locationsOf(toolCall)].every((value) => isInside(value, cwd)) && valuesOf(PATTERN_KEYS).every(isLocal)
  )
}

/** No diff and no terminal in what the call shows. */
function contentIsPlain(content: unknown): boolean {
  return !Array.isArray(content) || content.every((item) => isJsonObject(item) && item['type'] === 'content')
}

function locationsOf({ locations }: JsonObject): unknown[] {
  return Array.isArray(locations)
    ? locations.map((location) => (isJsonObject(location) ? location['path'] : undefined))
    : []
}

function isLocal(pattern: unknown): boolean {
  return typeof pattern === 'string' && !/^[/~]|(^|\/)\.\.(\/|$)/.test(pattern)
}

/** Compares real paths; a path that does not exist is not inside anything. */
function isInside(file: unknown, cwd: string): boolean {
  if (typeof file !== 'string' || file === '' || file.startsWith('~')) return false
  try {
    const relative = path.relative(realpathSync(cwd), realpathSync(path.resolve(cwd, file)))
    return relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative)
  } catch {
    return false
  }
}
