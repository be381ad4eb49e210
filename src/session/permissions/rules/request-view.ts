// What a permission request would do, as far as its own input shows it. The title is never looked at; the kind is the agent's claim
// and can only veto. Whatever is not understood from end to end is `odd`: no rule and no mode for reads ever allows it.

import type { Json, JsonObject } from '../../../base/json.ts'
import { isJsonObject } from '../../../base/json.ts'
import { anyWords, plainWords } from './command-pattern.ts'
import { placesOf, segmentsInside } from './named-path.ts'

export type Shape =
  /** Names paths below the working directory, and otherwise only how to select what is read there. */
  | { readonly kind: 'read'; readonly paths: readonly (readonly string[])[] }
  /** Names paths below the working directory, and text to put there. */
  | { readonly kind: 'change'; readonly paths: readonly (readonly string[])[] }
  /** One command without anything a shell would interpret, in the working directory or below. */
  | { readonly kind: 'command'; readonly words: readonly string[] }
  | { readonly kind: 'odd' }

export interface RequestView {
  /** As the agent claims it; empty when it does not. */
  readonly claimedKind: string
  readonly shape: Shape
  /** False when there was too much of it to look at all: then a rule that refuses may have missed something. */
  readonly isWhole: boolean
  /** What could be a place, and a word of a command, in any text of the request: for rules that refuse. */
  readonly places: readonly string[]
  readonly words: readonly string[]
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
// prettier-ignore
const TEXT_KEYS = new Set([
  'content', 'contents', 'text', 'old_string', 'new_string', 'old_str', 'new_str', 'oldText', 'newText', 'old_text', 'new_text',
  'new_source', 'insert_line', 'replace_all',
])
const COMMAND_KEYS = new Set(['command', 'cmd'])
const WORKDIR_KEYS = new Set(['cwd', 'workdir', 'working_directory'])
/** Beside a command, and harmless. */
// prettier-ignore
const REMARK_KEYS = new Set(['description', 'timeout', 'timeout_ms', 'justification'])

const CHARS_MAX = 256 * 1024
const DEPTH_MAX = 32
const ODD: Shape = { kind: 'odd' }

/** `toolCall`: ACP tool call in its update shape. `cwd`: absolute. */
export function viewOf(toolCall: JsonObject, cwd: string): RequestView {
  const { kind, rawInput, locations, content } = toolCall
  const diffs = Array.isArray(content)
    ? content.map((item) => (isJsonObject(item) ? (item['path'] ?? null) : null))
    : []
  const { texts, isWhole } = textsOf([rawInput ?? null, locations ?? null, diffs])
  return {
    claimedKind: typeof kind === 'string' ? kind : '',
    shape: shapeOf(toolCall, cwd),
    isWhole,
    places: [...new Set([...texts, ...texts.flatMap(wordsOf)].flatMap((text) => placesOf(text, cwd)))],
    words: texts.flatMap(anyWords),
  }
}

function shapeOf({ rawInput, content, locations }: JsonObject, cwd: string): Shape {
  if (!isJsonObject(rawInput) || Object.keys(rawInput).length === 0) return ODD
  const keys = Object.keys(rawInput)
  const placed = pathsOf(locations)
  const diffs = diffsOf(content)
  if (placed === undefined || diffs === undefined) return ODD
  if (keys.some((key) => COMMAND_KEYS.has(key))) {
    const isPure = placed.length === 0 && diffs.length === 0
    return isPure ? commandOf(rawInput, keys, cwd) : ODD
  }
  const isKnown = (key: string): boolean =>
    PATH_KEYS.has(key) || RANGE_KEYS.has(key) || PATTERN_KEYS.has(key) || TEXT_KEYS.has(key)
  if (!keys.every(isKnown)) return ODD
  const valuesOf = (names: ReadonlySet<string>): unknown[] =>
    keys.filter((key) => names.has(key)).flatMap((key) => rawInput[key])
  const named = valuesOf(PATH_KEYS)
  if (named.length === 0 || !valuesOf(PATTERN_KEYS).every(isLocal) || !valuesOf(RANGE_KEYS).every(isScalar)) return ODD
  const paths = [...named, ...placed, ...diffs].map((text) =>
    typeof text === 'string' ? segmentsInside(text, cwd) : undefined,
  )
  if (!paths.every((path) => path !== undefined)) return ODD
  const isChange = diffs.length > 0 || keys.some((key) => TEXT_KEYS.has(key))
  return { kind: isChange ? 'change' : 'read', paths }
}

function commandOf(rawInput: JsonObject, keys: readonly string[], cwd: string): Shape {
  const commands = keys.filter((key) => COMMAND_KEYS.has(key))
  const isKnown = (key: string): boolean => COMMAND_KEYS.has(key) || WORKDIR_KEYS.has(key) || REMARK_KEYS.has(key)
  if (commands.length !== 1 || !keys.every(isKnown)) return ODD
  const places = keys.filter((key) => WORKDIR_KEYS.has(key)).map((key) => rawInput[key])
  // A program may mean another one elsewhere (`make`, `./run`): only exactly here.
  if (!places.every((place) => typeof place === 'string' && segmentsInside(place, cwd)?.length === 0)) return ODD
  const words = plainWords(rawInput[commands[0]!])
  return words === undefined ? ODD : { kind: 'command', words }
}

/** The places of the call; undefined when one of them is not a text. */
function pathsOf(locations: unknown): readonly unknown[] | undefined {
  if (locations === undefined || locations === null) return []
  if (!Array.isArray(locations)) return undefined
  return locations.every((one) => isJsonObject(one) && typeof one['path'] === 'string')
    ? locations.map((one: JsonObject) => one['path'])
    : undefined
}

/** The files that the shown changes are of; undefined when something else than text and changes is shown. */
function diffsOf(content: unknown): readonly unknown[] | undefined {
  if (content === undefined || content === null) return []
  if (!Array.isArray(content)) return undefined
  const isKnown = (item: unknown): boolean =>
    isJsonObject(item) && (item['type'] === 'content' || item['type'] === 'diff')
  if (!content.every(isKnown)) return undefined
  return content.filter((item: JsonObject) => item['type'] === 'diff').map((item: JsonObject) => item['path'])
}

function isLocal(pattern: unknown): boolean {
  return typeof pattern === 'string' && !/^[/~\\]|(^|[/\\])\.\.([/\\]|$)|^[a-z][a-z0-9+.-]*:/i.test(pattern)
}

function isScalar(value: unknown): boolean {
  return typeof value !== 'object' || value === null
}

function wordsOf(text: string): string[] {
  return text.split(/[\s"'`=:,;()<>|&]+/u).filter((word) => word !== '' && word !== text)
}

/** Every text in a value, names of fields too (some agents put paths there), but for what is only to be written or to be read by people. */
function textsOf(value: Json): { texts: readonly string[]; isWhole: boolean } {
  const texts: string[] = []
  let chars = 0
  let isWhole = true
  const add = (text: string): void => {
    chars += text.length + 1
    if (chars > CHARS_MAX) isWhole = false
    else texts.push(text)
  }
  const walk = (one: Json, depth: number): void => {
    if (depth > DEPTH_MAX) isWhole = false
    if (!isWhole) return
    if (typeof one === 'string') return add(one)
    if (Array.isArray(one)) {
      if (one.length > 1 && one.every((item) => typeof item === 'string')) add(one.join(' '))
      return one.forEach((item) => walk(item, depth + 1))
    }
    if (!isJsonObject(one)) return
    for (const [name, item] of Object.entries(one)) {
      if (TEXT_KEYS.has(name) || REMARK_KEYS.has(name)) continue
      add(name)
      walk(item, depth + 1)
    }
  }
  walk(value, 0)
  return { texts, isWhole }
}
