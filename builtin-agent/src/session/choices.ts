// What can be chosen in a session, and is: model, thinking level, mode; as ACP's config options, and the mode as a mode, too.
// Owns the choice; who is told and what is stored is the session's.

import type { JsonObject } from '../../../src/base/json.ts'
import { findChoice } from '../models/catalog.ts'
import { type ModelChoice, nearestThinking, type ThinkingLevel, thinkingLevelsOf } from '../models/model-choice.ts'
import type { StoredSettings } from './entries.ts'
import { isModeId, listModes, MODE_IDS, type ModeId } from './modes.ts'

export type OptionId = 'model' | 'thinking' | 'mode'

export interface FirstChoices {
  readonly models: readonly ModelChoice[]
  readonly model: ModelChoice
  readonly mode: ModeId
  readonly thinking: string | undefined
}

export class Choices {
  readonly #models: readonly ModelChoice[]
  #model: ModelChoice
  #mode: ModeId
  /** What was wished; models that cannot do it get the nearest. */
  #thinking: string | undefined

  constructor({ models, model, mode, thinking }: FirstChoices) {
    this.#models = models
    this.#model = model
    this.#mode = mode
    this.#thinking = thinking
  }

  get model(): ModelChoice {
    return this.#model
  }

  get mode(): ModeId {
    return this.#mode
  }

  get thinking(): ThinkingLevel {
    return nearestThinking(this.#model, this.#thinking)
  }

  /** False when there is no such option or value; then nothing has changed. */
  set(id: string, value: unknown): id is OptionId {
    if (typeof value !== 'string') return false
    if (id === 'mode') return this.#setMode(value)
    if (id === 'model') return this.#setModel(value)
    return id === 'thinking' && this.#setThinking(value)
  }

  /** What an earlier life has stored; what there is no more is left as it is. */
  restore({ model, mode, thinking }: StoredSettings): void {
    this.set('model', model)
    this.set('mode', mode)
    if (thinking !== undefined) this.#thinking = thinking
  }

  stored(): StoredSettings {
    return { model: this.#model.id, mode: this.#mode, thinking: this.thinking }
  }

  modes(): JsonObject {
    return { currentModeId: this.#mode, availableModes: listModes() }
  }

  /** All of them, in the order of their weight. */
  options(): JsonObject[] {
    const levels = thinkingLevelsOf(this.#model)
    return [
      {
        ...select('model', 'Model', this.#model.id),
        options: this.#models.map(({ id, name, description }) => ({ value: id, name, description })),
      },
      {
        ...select('thinking', 'Thinking', this.thinking),
        category: 'thought_level',
        options: levels.map((level) => ({ value: level, name: level[0]!.toUpperCase() + level.slice(1) })),
      },
      {
        ...select('mode', 'Mode', this.#mode),
        options: listModes().map(({ id, ...rest }) => ({ value: id!, ...rest })),
      },
    ]
  }

  /** For sentences: what it is called, is, and could be. */
  describe(id: OptionId): { readonly name: string; readonly current: string; readonly values: readonly string[] } {
    if (id === 'mode') return { name: 'mode', current: this.#mode, values: MODE_IDS }
    if (id === 'thinking')
      return { name: 'thinking level', current: this.thinking, values: thinkingLevelsOf(this.#model) }
    return { name: 'model', current: this.#model.id, values: this.#models.map((choice) => choice.id) }
  }

  #setMode(value: string): boolean {
    if (!isModeId(value)) return false
    this.#mode = value
    return true
  }

  #setModel(value: string): boolean {
    const found = findChoice(this.#models, value)
    if (found !== undefined) this.#model = found
    return found !== undefined
  }

  #setThinking(value: string): boolean {
    const found = thinkingLevelsOf(this.#model).find((level) => level === value)
    if (found !== undefined) this.#thinking = found
    return found !== undefined
  }
}

function select(id: OptionId, name: string, currentValue: string): JsonObject {
  return { id, name, category: id, type: 'select', currentValue }
}
