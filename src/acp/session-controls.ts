// What an agent offers to choose from in a session (modes, models, config options) and what is set, narrowed from the results
// of new, load, resume and fork and from its updates. What is malformed or beyond the bounds is left out; never throws.

import { isJsonObject } from '../base/json.ts'
import type { Json, JsonObject } from '../base/json.ts'
import { currentModeIdOf } from './session-update.ts'

export interface Choice {
  readonly id: string
  readonly name: string
}

export interface Choices {
  readonly current: string | undefined
  readonly available: readonly Choice[]
}

export type ConfigOption = ConfigOptionHead &
  (
    | { readonly type: 'select'; readonly current: string; readonly available: readonly Choice[] }
    | { readonly type: 'boolean'; readonly current: boolean }
  )

interface ConfigOptionHead {
  readonly id: string
  readonly name: string
  /** mode, model, model_config, thought_level, or the agent's own. */
  readonly category: string | undefined
}

export interface Controls {
  readonly modes: Choices | undefined
  /** Of agents before config options (`session/set_model`). */
  readonly models: Choices | undefined
  readonly config: readonly ConfigOption[] | undefined
}

export const NO_CONTROLS: Controls = { modes: undefined, models: undefined, config: undefined }

const OPTIONS_MAX = 64
const CHOICES_MAX = 256
const TEXT_CHARS_MAX = 512

/** From the result of new, load, resume or fork. */
export function narrowControls(result: JsonObject): Controls {
  return {
    modes: choicesOf(result['modes'], 'availableModes', 'currentModeId'),
    models: choicesOf(result['models'], 'availableModels', 'currentModelId'),
    config: configOf(result['configOptions']),
  }
}

/** After `current_mode_update` or `config_option_update`; the same object when nothing in it changes that. */
export function updateControls(controls: Controls, update: JsonObject): Controls {
  const modeId = currentModeIdOf(update)
  if (modeId !== undefined) return withMode(controls, modeId)
  const config = configOf(update['configOptions'])
  return config === undefined ? controls : { ...controls, config }
}

export function withMode(controls: Controls, current: string): Controls {
  return { ...controls, modes: { available: controls.modes?.available ?? [], current: cut(current) } }
}

export function withModel(controls: Controls, current: string): Controls {
  return { ...controls, models: { available: controls.models?.available ?? [], current: cut(current) } }
}

function choicesOf(value: Json | undefined, listName: string, currentName: string): Choices | undefined {
  if (!isJsonObject(value)) return undefined
  const current = value[currentName]
  const available = listOf(value[listName]).flatMap((item) => choiceOf(item, item['modelId'] ?? item['id']))
  return { current: typeof current === 'string' ? cut(current) : undefined, available: available.slice(0, CHOICES_MAX) }
}

function configOf(value: Json | undefined): readonly ConfigOption[] | undefined {
  return Array.isArray(value) ? listOf(value).flatMap(optionOf).slice(0, OPTIONS_MAX) : undefined
}

/** An option of an unknown type is left out: nobody could set it (1.8.5). */
function optionOf(item: JsonObject): ConfigOption[] {
  const { id, name, category, type, currentValue: current } = item
  if (!isId(id)) return []
  const head = {
    id,
    name: cut(typeof name === 'string' ? name : id),
    category: typeof category === 'string' ? cut(category) : undefined,
  }
  if (type === 'boolean' && typeof current === 'boolean') return [{ ...head, type, current }]
  if (type !== 'select' || typeof current !== 'string') return []
  const flat = listOf(item['options']).flatMap((one) => ('options' in one ? listOf(one['options']) : [one]))
  const available = flat.flatMap((one) => choiceOf(one, one['value'])).slice(0, CHOICES_MAX)
  return [{ ...head, type, current: cut(current), available }]
}

function choiceOf({ name }: JsonObject, id: Json | undefined): Choice[] {
  return isId(id) ? [{ id, name: cut(typeof name === 'string' ? name : id) }] : []
}

/** One that is too long could not be named either. */
function isId(id: Json | undefined): id is string {
  return typeof id === 'string' && id !== '' && id.length <= TEXT_CHARS_MAX
}

function listOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : []
}

function cut(text: string): string {
  return text.slice(0, TEXT_CHARS_MAX)
}
