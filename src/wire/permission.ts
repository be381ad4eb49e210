// Permission requests on the wire: a list that waits for answers, and the answer.

import { Type } from 'typebox'
import type { Static } from 'typebox'

import { PageLimit, Time, nullable } from './scalars.ts'

export const PermissionState = Type.Enum(['open', 'answered', 'cancelled', 'timed_out', 'void'])

export const PermissionView = Type.Object(
  {
    id: Type.String(),
    session_id: Type.String(),
    turn_id: nullable(Type.String()),
    generation: Type.Integer(),
    /** ACP tool call, as the agent sent it. */
    tool_call: Type.Record(Type.String(), Type.Unknown()),
    /** ACP permission options, as the agent offered them. */
    options: Type.Array(Type.Record(Type.String(), Type.Unknown())),
    state: PermissionState,
    option_id: nullable(Type.String()),
    /** What a client said it was, or `rule:…`, `mode:…`, `unattended:…`, `timeout`. */
    answered_by: nullable(Type.String()),
    requested_at: Time,
    /** Refused by itself when nobody has answered by then. */
    due_at: Time,
    closed_at: nullable(Time),
  },
  { title: 'Permission' },
)
export type PermissionView = Static<typeof PermissionView>

export const PermissionListQuery = Type.Object(
  {
    state: Type.Optional(PermissionState),
    /** Id or key. */
    session: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    limit: Type.Optional(PageLimit),
  },
  { additionalProperties: false },
)
export type PermissionListQuery = Static<typeof PermissionListQuery>

export const PermissionList = Type.Object({ permissions: Type.Array(PermissionView) })
export type PermissionList = Static<typeof PermissionList>

/** Free text of the client; the names under which the gateway decides are refused. */
export const DecidedBy = Type.String({
  pattern: '^(?!(?:rule|mode|unattended):|timeout$)[^\\p{C}]+$',
  minLength: 1,
  maxLength: 100,
})

export const PermissionAnswer = Type.Object(
  {
    /** One of the offered option ids. */
    option_id: Type.String({ minLength: 1, maxLength: 1000 }),
    /** Who answers, for the record. */
    answered_by: Type.Optional(DecidedBy),
    /** Leave a rule: the answer holds for later requests that are the same, in this session, for this agent, or everywhere. */
    remember: Type.Optional(Type.Enum(['session', 'agent', 'everywhere'])),
    /** The agent is told its own `always` option and may keep it where nobody sees it. Without this an `always` option is a rule of ours. */
    agent_remembers: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false, title: 'PermissionAnswer' },
)
export type PermissionAnswer = Static<typeof PermissionAnswer>
