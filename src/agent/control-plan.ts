// What has to be sent to an agent so that an option of the session holds there: only names and values that it offers.
// Pure; used when a process starts and while one lives.

import type { Choice, ConfigOption, Controls } from '../acp/session-controls.ts'
import { NO_CONTROLS, updateControls, withMode, withModel } from '../acp/session-controls.ts'
import { isJsonObject } from '../base/json.ts'
import type { Json, JsonObject } from '../base/json.ts'

export type { Controls } from '../acp/session-controls.ts'
export { NO_CONTROLS, updateControls } from '../acp/session-controls.ts'

/** One option as it is to be: `option` is mode, model, thinking or `config.<id>`. */
export interface WantedOption {
  readonly option: string
  readonly value: string | boolean
}

export type ControlMethod = 'session/set_mode' | 'session/set_model' | 'session/set_config_option'

/** One request that sets something. `params` are without the session id. */
export interface ControlRequest {
  readonly method: ControlMethod
  readonly params: JsonObject
}

export type ControlPlan =
  /** `isSet`: as far as the agent has said, it is so already. That is certain only of an agent that was asked nothing since. */
  | { readonly kind: 'offered'; readonly request: ControlRequest; readonly isSet: boolean }
  /** Not offered; `advertised`: the values that are, or the options if the option itself is not. */
  | { readonly kind: 'unsupported'; readonly advertised: readonly string[] }

/** Names that mean the same: what the user asks for finds what the agent calls it. */
const ALIASES: readonly (readonly string[])[] = [['thinking', 'effort', 'thought_level', 'reasoning_effort']]

const CATEGORY: Readonly<Record<string, string>> = { mode: 'mode', model: 'model', thinking: 'thought_level' }

/** Config options supersede modes and models where the agent has them (1.8.5). */
export function planControl(controls: Controls, { option, value }: WantedOption): ControlPlan {
  const config = findConfigOption(controls.config ?? [], option)
  if (config !== undefined) return planConfig(config, value)
  if (option === 'mode' && controls.modes !== undefined) {
    return planChoice(controls.modes.available, { value, current: controls.modes.current }, (modeId) => ({
      method: 'session/set_mode',
      params: { modeId },
    }))
  }
  if (option === 'model' && controls.models !== undefined) {
    return planChoice(controls.models.available, { value, current: controls.models.current }, (modelId) => ({
      method: 'session/set_model',
      params: { modelId },
    }))
  }
  return { kind: 'unsupported', advertised: advertisedOptions(controls) }
}

/** The names under which something can be set. */
export function advertisedOptions({ modes, models, config = [] }: Controls): string[] {
  const named = config.map(({ id, category }) => nameOfCategory(category) ?? `config.${id}`)
  const legacy = [...(modes === undefined ? [] : ['mode']), ...(models === undefined ? [] : ['model'])]
  return [...new Set([...legacy, ...named])]
}

/** What is set after the agent has accepted `request`; the complete list of the answer wins. */
export function controlsAfter(controls: Controls, { method, params }: ControlRequest, result: Json): Controls {
  const answered = isJsonObject(result)
    ? updateControls(controls, { configOptions: result['configOptions'] ?? null })
    : controls
  if (answered !== controls) return answered
  const { modeId, modelId, configId, value } = params
  if (method === 'session/set_mode' && typeof modeId === 'string') return withMode(controls, modeId)
  if (method === 'session/set_model' && typeof modelId === 'string') return withModel(controls, modelId)
  const config = (controls.config ?? []).map((one) =>
    one.id === configId ? ({ ...one, current: value } as ConfigOption) : one,
  )
  return { ...controls, config }
}

/** Controls as a session row keeps them. */
export function controlsOf(text: string | undefined): Controls {
  return text === undefined ? NO_CONTROLS : { ...NO_CONTROLS, ...(JSON.parse(text) as Partial<Controls>) }
}

/** `mode`, `model` and `thinking` by category, then by id; `config.<id>` by id, in any case, then by its other names. */
function findConfigOption(config: readonly ConfigOption[], option: string): ConfigOption | undefined {
  const id = option.startsWith('config.') ? option.slice('config.'.length) : option
  const category = id === option ? CATEGORY[option] : undefined
  const byCategory = category === undefined ? undefined : config.find((one) => one.category === category)
  const byId = config.find((one) => one.id === id) ?? config.find((one) => isSameText(one.id, id))
  return byCategory ?? byId ?? config.find((one) => aliasesOf(id).some((alias) => isSameText(alias, one.id)))
}

function aliasesOf(id: string): readonly string[] {
  return ALIASES.find((group) => group.some((alias) => isSameText(alias, id))) ?? []
}

function nameOfCategory(category: string | undefined): string | undefined {
  return Object.keys(CATEGORY).find((name) => CATEGORY[name] === category)
}

function planConfig(option: ConfigOption, value: string | boolean): ControlPlan {
  const { id: configId } = option
  if (option.type === 'select') {
    return planChoice(option.available, { value, current: option.current }, (chosen) => ({
      method: 'session/set_config_option',
      params: { configId, value: chosen },
    }))
  }
  const wanted = typeof value === 'boolean' ? value : BOOLEANS.get(value.toLowerCase())
  if (wanted === undefined) return { kind: 'unsupported', advertised: [...BOOLEANS.keys()] }
  const params = { configId, type: 'boolean', value: wanted }
  const request = { method: 'session/set_config_option', params } as const
  return { kind: 'offered', request, isSet: wanted === option.current }
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
])

interface Choosing {
  readonly value: string | boolean
  readonly current: string | undefined
}

function planChoice(
  available: readonly Choice[],
  { value, current }: Choosing,
  request: (id: string) => ControlRequest,
): ControlPlan {
  const text = String(value)
  const near = available.filter(({ id }) => isSameText(id, text))
  const chosen = available.find(({ id }) => id === text) ?? (near.length === 1 ? near[0] : undefined)
  if (chosen === undefined) return { kind: 'unsupported', advertised: available.map(({ id }) => id) }
  return { kind: 'offered', request: request(chosen.id), isSet: chosen.id === current }
}

function isSameText(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}
