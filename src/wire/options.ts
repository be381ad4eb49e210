// What a session has chosen of its agent, what the agent offers to choose from, and how both are changed or cleared.

import { Type } from 'typebox'
import type { Static } from 'typebox'

import { nullable } from './scalars.ts'

/** What happens when the agent cannot go on with its conversation. */
export const ContinuityPolicy = Type.Enum(['resume', 'fork', 'ask', 'fresh'])
export type ContinuityPolicy = Static<typeof ContinuityPolicy>

/** Null: left to the agent or to the configuration. */
export const OptionsView = Type.Object({
  mode: nullable(Type.String()),
  model: nullable(Type.String()),
  thinking: nullable(Type.String()),
  /** ACP config options by id. */
  config: Type.Record(Type.String(), Type.Union([Type.String(), Type.Boolean()])),
  turn_timeout_seconds: nullable(Type.Integer()),
})
export type OptionsView = Static<typeof OptionsView>

/** Checked by name and value, so that a misspelt one is answered with what may be meant (OPTION_UNKNOWN). */
export const OptionsPatch = Type.Record(Type.String(), Type.Unknown(), {
  description: 'mode, model, thinking, config {id: value}, turn_timeout_seconds; null clears.',
})

const Choice = Type.Object({ id: Type.String(), name: Type.String() })

const Choices = Type.Object({ current: nullable(Type.String()), available: Type.Array(Choice) })

export const ConfigOptionView = Type.Object({
  id: Type.String(),
  name: Type.String(),
  category: nullable(Type.String()),
  type: Type.Enum(['select', 'boolean']),
  current: Type.Union([Type.String(), Type.Boolean()]),
  /** Empty for a boolean. */
  available: Type.Array(Choice),
})
export type ConfigOptionView = Static<typeof ConfigOptionView>

export const ControlsView = Type.Object({
  modes: nullable(Choices),
  models: nullable(Choices),
  config: Type.Array(ConfigOptionView),
})
export type ControlsView = Static<typeof ControlsView>

export const ResetWhat = Type.Enum(['options', 'conversation'])
export type ResetWhat = Static<typeof ResetWhat>

export const SessionReset = Type.Object(
  {
    what: ResetWhat,
    /** A running turn is cancelled first; without it the answer is SESSION_BUSY. */
    force: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false, title: 'SessionReset' },
)
export type SessionReset = Static<typeof SessionReset>
