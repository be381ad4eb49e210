// What agents ask of people, on the wire: a list that waits for answers, and the answer.

import { Type } from 'typebox'
import type { Static } from 'typebox'

import { DecidedBy, PermissionState } from './permission.ts'
import { PageLimit, Time, nullable } from './scalars.ts'

const Action = Type.Enum(['accept', 'decline', 'cancel'])

export const ElicitationView = Type.Object(
  {
    id: Type.String(),
    session_id: Type.String(),
    turn_id: nullable(Type.String()),
    generation: Type.Integer(),
    /** `form`: values are asked for. `url`: a person is to open the URL; the gateway never does. */
    mode: Type.Enum(['form', 'url']),
    message: Type.String(),
    /** The tool call that it is part of. */
    tool_call_id: nullable(Type.String()),
    /** Of a form: a flat JSON Schema object, as the agent sent it. */
    requested_schema: nullable(Type.Record(Type.String(), Type.Unknown())),
    /** To be shown in full before anybody agrees to open it. */
    url: nullable(Type.String()),
    state: PermissionState,
    /** What the agent was answered. */
    action: nullable(Action),
    /** Names of the fields that were filled in. The values are not kept. */
    fields: nullable(Type.Array(Type.String())),
    /** What a client said it was, or `unattended:…`, `timeout`. */
    answered_by: nullable(Type.String()),
    requested_at: Time,
    /** Dismissed by itself when nobody has answered by then. */
    due_at: Time,
    closed_at: nullable(Time),
    /** When the agent said that what the URL is for is done. */
    completed_at: nullable(Time),
  },
  { title: 'Elicitation' },
)
export type ElicitationView = Static<typeof ElicitationView>

export const ElicitationListQuery = Type.Object(
  {
    state: Type.Optional(PermissionState),
    /** Id or key. */
    session: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    limit: Type.Optional(PageLimit),
  },
  { additionalProperties: false },
)
export type ElicitationListQuery = Static<typeof ElicitationListQuery>

export const ElicitationList = Type.Object({ elicitations: Type.Array(ElicitationView) })
export type ElicitationList = Static<typeof ElicitationList>

export const ElicitationAnswer = Type.Object(
  {
    /** `accept`: with the values of a form, or the consent to open a URL. `decline`: no. `cancel`: dismissed without a choice. */
    action: Action,
    /** With `accept` and a form: its values by name. They go to the agent and are not kept. */
    content: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    /** Who answers, for the record. */
    answered_by: Type.Optional(DecidedBy),
  },
  { additionalProperties: false, title: 'ElicitationAnswer' },
)
export type ElicitationAnswer = Static<typeof ElicitationAnswer>
