// Tasks on the wire: the turns of a session's children, as the session sees them.

import { Type } from 'typebox'
import type { Static } from 'typebox'

import { ErrorView } from './error.ts'
import { Cursor, NotifyPolicy, PageLimit, Time, nullable } from './scalars.ts'

export const TaskStatus = Type.Enum(['queued', 'running', 'succeeded', 'failed', 'timed_out', 'cancelled', 'lost'])

export const TaskView = Type.Object(
  {
    id: Type.String(),
    /** The session whose task it is. */
    parent: Type.String(),
    /** The session that does it, and its turn. */
    session_id: Type.String(),
    turn_id: Type.String(),
    label: nullable(Type.String()),
    /** `lost`: whether it finished is not known. */
    status: TaskStatus,
    /** Of a task that succeeded: `blocked` when it could not do what it was asked to. */
    outcome: nullable(Type.Enum(['succeeded', 'blocked'])),
    /** Why it is blocked. */
    reason: nullable(Type.String()),
    /** The end of what the agent has said so far; stored about once a second. */
    progress: Type.String(),
    /** The last message of the agent. */
    summary: nullable(Type.String()),
    error: nullable(ErrorView),
    notify: NotifyPolicy,
    /** Whether the parent knows of the end. */
    delivery: Type.Enum(['pending', 'delivered', 'parent_closed', 'not_applicable']),
    accepted_at: Time,
    started_at: nullable(Time),
    ended_at: nullable(Time),
    delivered_at: nullable(Time),
    /** After this it may be deleted. */
    cleanup_after: nullable(Time),
  },
  { title: 'Task' },
)
export type TaskView = Static<typeof TaskView>

export const TaskListQuery = Type.Object(
  {
    /** Id or key of a session. */
    parent: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    limit: Type.Optional(PageLimit),
    cursor: Type.Optional(Cursor),
  },
  { additionalProperties: false },
)
export type TaskListQuery = Static<typeof TaskListQuery>

/** Newest first. */
export const TaskPage = Type.Object({ tasks: Type.Array(TaskView), next_cursor: nullable(Cursor) })
export type TaskPage = Static<typeof TaskPage>
