// The options of a session: which there are, what is allowed in them, and how a patch changes them. Pure. What an agent offers
// is not known here: names and values are checked for their form only.

import type { WantedOption } from '../../agent/control-plan.ts'
import { HoldfastError } from '../../base/errors.ts'
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json.ts'
import { suggestionFor } from '../../base/suggestion.ts'
import type { SessionOptions } from '../../store/records.ts'

type Nullable<T> = { readonly [K in keyof T]?: T[K] | null }

/** What is to change; null clears, and so does an entry of `config` that is null. */
export interface OptionsPatch extends Nullable<Omit<SessionOptions, 'config'>> {
  readonly config?: Readonly<Record<string, string | boolean | null>> | null
}

type OptionName = keyof SessionOptions

/** Names on the wire; the first of each is the one that is shown. */
const NAMES: Readonly<Record<OptionName, readonly [string, ...string[]]>> = {
  mode: ['mode'],
  model: ['model'],
  thinking: ['thinking', 'effort', 'thought_level', 'reasoning_effort'],
  config: ['config'],
  turnTimeoutSeconds: ['turn_timeout_seconds', 'timeout', 'timeout_seconds'],
}

const CHARS_MAX = { mode: 64, model: 200, thinking: 32, configId: 64, configValue: 512 } as const
const CONFIG_ENTRIES_MAX = 32
const CONFIG_ID = /^[A-Za-z0-9][A-Za-z0-9_.:-]*$/
const TIMEOUT_SECONDS_MAX = 86_400

/** Reads a patch as it comes from outside. OPTION_UNKNOWN {option, suggestion}, OPTION_INVALID {option, reason}. */
export function readOptionsPatch(json: JsonObject): OptionsPatch {
  const patch: Record<string, unknown> = {}
  for (const [given, value] of Object.entries(json)) {
    const name = nameOf(given)
    if (name in patch) throw invalid(given, 'is given twice')
    patch[name] = value === null ? null : readValue(name, given, value)
  }
  return patch
}

/** OPTION_INVALID when there would be too many config options. */
export function mergeOptions(options: SessionOptions, patch: OptionsPatch): SessionOptions {
  const { config, ...rest } = patch
  const merged = withoutNulls({ ...options, ...rest }) as SessionOptions
  if (config === undefined) return merged
  const { config: former = {}, ...others } = merged
  const entries =
    config === null ? {} : (withoutNulls({ ...former, ...config }) as NonNullable<SessionOptions['config']>)
  const count = Object.keys(entries).length
  if (count > CONFIG_ENTRIES_MAX) throw invalid('config', `has more than ${CONFIG_ENTRIES_MAX} entries`)
  return count === 0 ? others : { ...others, config: entries }
}

/** What the agent is to be given, the model first: it decides what else there is to choose from. */
export function wantedOptions({ model, mode, thinking, config }: OptionsPatch): WantedOption[] {
  const named = Object.entries({ model, mode, thinking })
  const entries = Object.entries(config ?? {}).map(([id, value]) => [`config.${id}`, value] as const)
  return [...named, ...entries].flatMap(([option, value]) =>
    value === undefined || value === null ? [] : [{ option, value }],
  )
}

/** `options` with one that the agent has taken. */
export function withOption(options: SessionOptions, { option, value }: WantedOption): SessionOptions {
  if (!option.startsWith('config.')) return { ...options, [option]: value }
  return { ...options, config: { ...options.config, [option.slice('config.'.length)]: value } }
}

/** As it is shown and told. */
export function optionsView({ turnTimeoutSeconds, ...options }: SessionOptions): JsonObject {
  return { ...options, ...(turnTimeoutSeconds === undefined ? {} : { turn_timeout_seconds: turnTimeoutSeconds }) }
}

function nameOf(given: string): OptionName {
  const names = Object.entries(NAMES) as [OptionName, readonly string[]][]
  const found = names.find(([, spellings]) => spellings.includes(given))
  if (found !== undefined) return found[0]
  const known = names.flatMap(([, spellings]) => spellings)
  const option = given.slice(0, CHARS_MAX.configId)
  throw new HoldfastError('OPTION_UNKNOWN', { option, suggestion: suggestionFor(given, known) ?? null, known })
}

function readValue(name: OptionName, given: string, value: Json): unknown {
  if (name === 'config') return readConfig(value)
  if (name === 'turnTimeoutSeconds') return readSeconds(given, value)
  return readText(given, value, CHARS_MAX[name])
}

function readConfig(json: Json): NonNullable<OptionsPatch['config']> {
  if (!isJsonObject(json)) throw invalid('config', 'is not an object')
  const config: Record<string, string | boolean | null> = {}
  for (const [id, value] of Object.entries(json)) {
    const option = `config.${id.slice(0, CHARS_MAX.configId)}`
    if (id.length > CHARS_MAX.configId || !CONFIG_ID.test(id)) throw invalid(option, 'is not the name of an option')
    config[id] = value === null || typeof value === 'boolean' ? value : readText(option, value, CHARS_MAX.configValue)
  }
  return config
}

function readText(option: string, value: Json, charsMax: number): string {
  if (typeof value !== 'string') throw invalid(option, 'is not a text')
  if (value === '') throw invalid(option, 'is empty; null clears it')
  if (value.length > charsMax) throw invalid(option, `has more than ${charsMax} characters`)
  if (hasControl(value)) throw invalid(option, 'has control characters')
  return value
}

function readSeconds(option: string, value: Json): number {
  const seconds = typeof value === 'number' ? Math.round(value) : Number.NaN
  if (seconds >= 1 && seconds <= TIMEOUT_SECONDS_MAX) return seconds
  throw invalid(option, `is not a number of seconds from 1 to ${TIMEOUT_SECONDS_MAX}`)
}

/** C0, DEL and C1. */
function hasControl(text: string): boolean {
  return /\p{Cc}/u.test(text)
}

function invalid(option: string, reason: string): HoldfastError {
  return new HoldfastError('OPTION_INVALID', { option, reason })
}

function withoutNulls(values: object): object {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null && value !== undefined))
}
