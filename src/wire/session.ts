// Sessions on the wire: what they are, how one is made, listed, resumed and closed.

import { Type } from 'typebox'
import type { Static } from 'typebox'

import { Cursor, NotifyPolicy, OnInterrupt, PageLimit, SessionMode, SessionState, Time, nullable } from './scalars.ts'

export const SessionActivity = Type.Enum([
  'dormant',
  'starting',
  'idle',
  'running',
  'awaiting_permission',
  'cancelling',
  'blocked',
  'stopping',
  'closed',
])

export const SessionView = Type.Object(
  {
    id: Type.String(),
    /** The caller's own name; unique among sessions that are not closed. */
    key: nullable(Type.String()),
    agent: Type.String(),
    cwd: Type.String(),
    mode: SessionMode,
    on_interrupt: OnInterrupt,
    state: SessionState,
    /** What it does right now; `dormant`: nothing, and no agent is loaded for it. */
    activity: SessionActivity,
    active_turn: nullable(Type.String()),
    /** Turn ids in the order in which they will run. */
    queued: Type.Array(Type.String()),
    /** The interrupted turn that holds the queue. */
    blocked_by: nullable(Type.String()),
    /** What will happen by itself if nothing else happens before. */
    next_deadline: nullable(Type.Object({ at: Time, kind: Type.String() })),
    last_seq: Type.Integer(),
    agent_pid: nullable(Type.Integer()),
    agent_session_id: nullable(Type.String()),
    /** Number of the newest agent process of this session; 0 before the first. */
    generation: Type.Integer(),
    created_at: Time,
    updated_at: Time,
    closed_at: nullable(Time),
    /** Free text for people. */
    label: nullable(Type.String()),
    /** Id of the session that this one works for: each of its turns is a task of that one. */
    parent: nullable(Type.String()),
    /** What the parent is told. */
    notify: NotifyPolicy,
  },
  { title: 'Session' },
)
export type SessionView = Static<typeof SessionView>

/** A key never looks like an id, so that both can stand in a path. Spaces around it are cut off; case does not count. */
export const SessionKey = Type.String({ pattern: '^\\s*(?!ses_)[A-Za-z0-9][A-Za-z0-9._:@-]*\\s*$', maxLength: 200 })

export const SessionLabel = Type.String({ minLength: 1, maxLength: 160 })
const SessionName = Type.String({ minLength: 1, maxLength: 200, description: 'Id or key of a session.' })

export const SessionCreate = Type.Object(
  {
    key: Type.Optional(SessionKey),
    agent: Type.String({ minLength: 1, maxLength: 100 }),
    cwd: Type.String({ minLength: 1, maxLength: 4096 }),
    mode: Type.Optional(SessionMode),
    on_interrupt: Type.Optional(OnInterrupt),
    label: Type.Optional(SessionLabel),
    /** The session that this one works for. */
    parent: Type.Optional(SessionName),
    /** `done_only` if not given. */
    notify: Type.Optional(NotifyPolicy),
  },
  { additionalProperties: false, title: 'SessionCreate' },
)
export type SessionCreate = Static<typeof SessionCreate>

/** As SessionCreate, with the key in the path. */
export const SessionEnsure = Type.Omit(SessionCreate, ['key'], { additionalProperties: false, title: 'SessionEnsure' })
export type SessionEnsure = Static<typeof SessionEnsure>

/** What is absent stays; null clears. */
export const SessionPatch = Type.Object(
  {
    label: Type.Optional(nullable(SessionLabel)),
    /** Another parent only while no turn is queued or running. */
    parent: Type.Optional(nullable(SessionName)),
    notify: Type.Optional(NotifyPolicy),
  },
  { additionalProperties: false, title: 'SessionPatch' },
)
export type SessionPatch = Static<typeof SessionPatch>

/** `created` is false when the key named a session that existed. */
export const SessionEnsured = Type.Object({ session: SessionView, created: Type.Boolean() })
export type SessionEnsured = Static<typeof SessionEnsured>

export const SessionListQuery = Type.Object(
  {
    state: Type.Optional(SessionState),
    agent: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
    blocked: Type.Optional(Type.Boolean()),
    /** Those that work for this session. */
    parent: Type.Optional(SessionName),
    /** What the label begins with. */
    label: Type.Optional(SessionLabel),
    limit: Type.Optional(PageLimit),
    cursor: Type.Optional(Cursor),
  },
  { additionalProperties: false },
)
export type SessionListQuery = Static<typeof SessionListQuery>

/** Newest first. */
export const SessionPage = Type.Object({ sessions: Type.Array(SessionView), next_cursor: nullable(Cursor) })
export type SessionPage = Static<typeof SessionPage>

export const ResumeAction = Type.Enum(['continue', 'retry', 'discard'])
export type ResumeAction = Static<typeof ResumeAction>

export const SessionResume = Type.Object({ action: ResumeAction }, { additionalProperties: false })
export type SessionResume = Static<typeof SessionResume>

export const SessionClosed = Type.Object({
  session: SessionView,
  /** How its processes ended; null when none was alive. */
  stopped: nullable(
    Type.Object({
      forced: Type.Boolean(),
      swept: Type.Integer(),
      survivors: Type.Array(Type.Integer()),
      ms: Type.Number(),
    }),
  ),
})
export type SessionClosed = Static<typeof SessionClosed>
