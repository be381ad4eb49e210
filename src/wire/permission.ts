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

export const PermissionAnswer = Type.Object(
  {
    /** One of the offered option ids. */
    option_id: Type.String({ minLength: 1, maxLength: 1000 }),
    /** Who answers, for the record; free text of the client. */
    answered_by: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  },
  { additionalProperties: false, title: 'PermissionAnswer' },
)
export type PermissionAnswer = Static<typeof PermissionAnswer>
