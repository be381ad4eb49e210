// What an editor can choose in a session: modes and config options, made of what the agent offers. Modes and the mode option are
// one thing in two forms (F-28); models of agents before config options are an option, too.

import type { Json, JsonObject } from '../base/json.ts'
import { offersOf } from '../session/terms/offers.ts'
import type { SessionStatus } from '../session/service.ts'

type Controls = NonNullable<ReturnType<typeof offersOf>>
type ConfigOption = NonNullable<Controls['config']>[number]
type Chosen = SessionStatus['session']['terms']['options']

/** Fields of the results of new, load and resume; empty while nobody knows what the agent offers. */
export interface ChoicesView {
  readonly modes?: JsonObject
  readonly configOptions?: JsonObject[]
}

interface Select {
  readonly id: string
  readonly name: string
  readonly category: string | undefined
  readonly current: string
  readonly available: readonly { readonly id: string; readonly name: string }[]
}

/** `lastKnown`: what the agent offered in another session, for one that it was not started for yet. */
export function choicesOf({ session, live }: SessionStatus, showsBooleans: boolean, lastKnown?: Controls): ChoicesView {
  const offered = offersOf(session) ?? lastKnown
  if (offered === undefined) return {}
  // A living agent has said what holds; for any other it is what was chosen.
  const controls = live.agentLink === undefined ? withChosen(offered, session.terms.options) : offered
  const configOptions = optionsOf(controls).map((option) => optionView(option, showsBooleans))
  const modes = modesView(controls)
  return { ...(modes && { modes }), ...(configOptions.length > 0 && { configOptions }) }
}

/** What `session/set_config_option` of this option sets, as `SessionService.change` takes it. */
export function changeOf(option: JsonObject, value: string | boolean): JsonObject {
  const { category } = option
  if (category === 'mode') return { mode: value }
  if (category === 'model') return { model: value }
  return { config: { [option['id'] as string]: value } }
}

/** Undefined when the option has no such value. A boolean that is shown as a choice is one again. */
export function valueOf(option: JsonObject, value: Json | undefined): string | boolean | undefined {
  if (option['type'] === 'boolean') return typeof value === 'boolean' ? value : undefined
  const offered = option['options'] as JsonObject[]
  if (offered === ON_OFF) return value === 'true' || value === 'false' ? value === 'true' : undefined
  return typeof value === 'string' && offered.some((one) => one['value'] === value) ? value : undefined
}

function optionsOf({ modes, models, config = [] }: Controls): (ConfigOption | ({ type: 'select' } & Select))[] {
  const has = (category: string): boolean => config.some((option) => option.category === category)
  const legacy = [
    ...(modes === undefined || has('mode') ? [] : [{ id: 'mode', name: 'Mode', category: 'mode', ...modes }]),
    ...(models === undefined || has('model') ? [] : [{ id: 'model', name: 'Model', category: 'model', ...models }]),
  ].flatMap(({ current, ...rest }) =>
    current === undefined || rest.available.length === 0 ? [] : [{ type: 'select' as const, current, ...rest }],
  )
  return [...legacy, ...config]
}

function optionView(option: ReturnType<typeof optionsOf>[number], showsBooleans: boolean): JsonObject {
  const { id, name, category, type, current } = option
  const head = { id, name, ...(category !== undefined && { category }) }
  if (type === 'boolean') {
    if (showsBooleans) return { ...head, type, currentValue: current }
    // F-54
    return { ...head, type: 'select', currentValue: String(current), options: ON_OFF }
  }
  const options = option.available.map((choice) => ({ value: choice.id, name: choice.name }))
  return { ...head, type, currentValue: current, options }
}

const ON_OFF: JsonObject[] = [
  { value: 'true', name: 'On' },
  { value: 'false', name: 'Off' },
]

/** From the option of the category when there is one: it supersedes the modes. */
function modesView({ modes, config = [] }: Controls): JsonObject | undefined {
  const option = config.find(({ category, type }) => category === 'mode' && type === 'select')
  const source = option?.type === 'select' ? option : modes
  if (source?.current === undefined || source.available.length === 0) return undefined
  const availableModes = source.available.map(({ id, name }) => ({ id, name }))
  return { currentModeId: source.current, availableModes }
}

function withChosen(controls: Controls, { mode, model, thinking, config: entries = {} }: Chosen): Controls {
  const byCategory: Readonly<Record<string, string | undefined>> = { mode, model, thought_level: thinking }
  const config = controls.config?.map((option) => {
    const chosen = entries[option.id] ?? byCategory[option.category ?? '']
    if (option.type === 'boolean') return typeof chosen === 'boolean' ? { ...option, current: chosen } : option
    const isOffered = option.available.some(({ id }) => id === chosen)
    return typeof chosen === 'string' && isOffered ? { ...option, current: chosen } : option
  })
  return { modes: chosenOf(controls.modes, mode), models: chosenOf(controls.models, model), config }
}

function chosenOf(choices: Controls['modes'], chosen: string | undefined): Controls['modes'] {
  const isOffered = choices?.available.some(({ id }) => id === chosen) === true
  return choices !== undefined && isOffered ? { ...choices, current: chosen } : choices
}
