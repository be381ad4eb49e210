// Sessions on the wire: what they are, how one is made, listed, resumed and closed.

import { Type } from 'typebox'
import type { Static } from 'typebox'

import { EquipmentFields, EquipmentView } from './equipment.ts'
import { ContinuityPolicy, ControlsView, OptionsPatch, OptionsView } from './options.ts'
import {
  Cursor,
  NotifyPolicy,
  OnInterrupt,
  PageLimit,
  PermissionMode,
  SessionMode,
  SessionState,
  Time,
  nullable,
} from './scalars.ts'

export const SessionActivity = Type.Enum([
  'dormant',
  'starting',
  'idle',
  'running',
  'awaiting_permission',
  'awaiting_answer',
  'cancelling',
  'blocked',
  'stopping',
  'closed',
  /** Its log is damaged: nobody writes to it; it can be read, exported and closed. */
  'quarantined',
])

/** `fresh`: begin another conversation; only when the old one is lost. */
export const ResumeAction = Type.Enum(['continue', 'retry', 'discard', 'fresh'])
export type ResumeAction = Static<typeof ResumeAction>

/** A login that an agent wants. */
export const NeededLogin = Type.Object({
  agent: Type.String(),
  /** The ways to log in that the agent tells of; `unsupported` ones cannot be run by us. */
  methods: Type.Array(
    Type.Object({
      id: Type.String(),
      name: Type.String(),
      kind: Type.Enum(['agent', 'terminal', 'unsupported']),
    }),
  ),
  /** What was said when it was wanted. */
  reason: nullable(Type.String()),
  /** The agent runs on another machine: it is logged in there, or by its headers in the configuration. */
  elsewhere: Type.Boolean(),
  /** What a person types on the machine of the gateway: the login; with `elsewhere` what comes after it. */
  command: Type.String(),
})
export type NeededLogin = Static<typeof NeededLogin>

export const SessionView = Type.Object(
  {
    id: Type.String(),
    /** The caller's own name; unique among sessions that are not closed. */
    key: nullable(Type.String()),
    agent: Type.String(),
    cwd: Type.String(),
    mode: SessionMode,
    on_interrupt: OnInterrupt,
    permission_mode: PermissionMode,
    state: SessionState,
    /** What it does right now; `dormant`: nothing, and no agent is loaded for it. */
    activity: SessionActivity,
    /** `compacting`: the agent is summing up the conversation to make room in its context. */
    activity_detail: nullable(Type.Enum(['compacting'])),
    active_turn: nullable(Type.String()),
    /** Turn ids in the order in which they will run. */
    queued: Type.Array(Type.String()),
    /** The turn that holds the queue: interrupted, or the first that waits for a conversation that is lost or for a login. */
    blocked_by: nullable(Type.String()),
    /** What somebody has to decide before the queue goes on. */
    blocked: nullable(
      Type.Object({
        turn_id: Type.String(),
        reason: Type.Enum(['interrupted', 'conversation_lost', 'login_required']),
        actions: Type.Array(ResumeAction),
        /** With `login_required`: what is known of the login. */
        login: Type.Optional(NeededLogin),
      }),
    ),
    /** What will happen by itself if nothing else happens before. */
    next_deadline: nullable(Type.Object({ at: Time, kind: Type.String() })),
    last_seq: Type.Integer(),
    /** Null while there is no agent, and for one that is no process of the gateway's machine. */
    agent_pid: nullable(Type.Integer()),
    /** What the agent is that is ready now: a process of the gateway's machine, or a connection to one elsewhere. */
    agent_link: nullable(Type.Enum(['process', 'connection'])),
    /** What the next prompt waits for that is not the session's own. */
    waiting_for: nullable(Type.Enum(['slot', 'lane', 'memory', 'safe_mode'])),
    /** The agent's own id of the conversation; null while it is pending. */
    agent_session_id: nullable(Type.String()),
    agent_session_state: Type.Enum(['pending', 'resolved']),
    /** How the id came to be known. */
    agent_session_source: nullable(Type.Enum(['new', 'resume', 'load', 'fork', 'adopted'])),
    /** As the agent gave it. */
    title: nullable(Type.String()),
    continuity: ContinuityPolicy,
    options: OptionsView,
    ...EquipmentView.properties,
    /** Number of the newest agent process of this session; 0 before the first. */
    generation: Type.Integer(),
    created_at: Time,
    updated_at: Time,
    closed_at: nullable(Time),
    /** What of its log is not as it was written; null: nothing that is known. */
    damage: nullable(Type.String()),
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

/** One session, with what its agent offers to choose from; null before an agent was started. */
export const SessionDetail = Type.Object(
  {
    ...SessionView.properties,
    controls: nullable(ControlsView),
    /** The types of content that the agent takes; null before it was connected once. */
    prompt_content: nullable(Type.Array(Type.String())),
    /** Of ACP, as agreed with its newest agent; null before it was connected once. */
    protocol_version: nullable(Type.Integer()),
    /** What the agent calls itself; null when it does not, or was not connected yet. Nobody has checked it. */
    agent_info: nullable(Type.Object({ name: Type.String(), version: nullable(Type.String()) })),
  },
  { title: 'SessionDetail' },
)
export type SessionDetail = Static<typeof SessionDetail>

/** A key never looks like an id, so that both can stand in a path. Spaces around it are cut off; case does not count. */
export const SessionKey = Type.String({ pattern: '^\\s*(?!ses_)[A-Za-z0-9][A-Za-z0-9._:@-]*\\s*$', maxLength: 200 })

export const SessionLabel = Type.String({ minLength: 1, maxLength: 160 })
export const SessionName = Type.String({ minLength: 1, maxLength: 200, description: 'Id or key of a session.' })

export const SessionCreate = Type.Object(
  {
    key: Type.Optional(SessionKey),
    agent: Type.String({ minLength: 1, maxLength: 100 }),
    cwd: Type.String({ minLength: 1, maxLength: 4096 }),
    mode: Type.Optional(SessionMode),
    on_interrupt: Type.Optional(OnInterrupt),
    /** The one of the agent if not given. */
    permission_mode: Type.Optional(PermissionMode),
    /** `resume` if not given. */
    continuity: Type.Optional(ContinuityPolicy),
    options: Type.Optional(OptionsPatch),
    ...EquipmentFields,
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
    continuity: Type.Optional(ContinuityPolicy),
    /** A living agent is asked first; when it refuses, nothing else of the request is done. */
    options: Type.Optional(OptionsPatch),
    /** Complete lists; they hold from the next start of the agent on, and one that lives ends soon for it. */
    ...EquipmentFields,
    /** Another parent only while no turn is queued or running. */
    parent: Type.Optional(nullable(SessionName)),
    notify: Type.Optional(NotifyPolicy),
    /** For requests that come later. */
    permission_mode: Type.Optional(PermissionMode),
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

export const SessionResume = Type.Object({ action: ResumeAction }, { additionalProperties: false })
export type SessionResume = Static<typeof SessionResume>

/** How the processes of a session ended; null when none was alive. */
const Stopped = nullable(
  Type.Object({
    forced: Type.Boolean(),
    swept: Type.Integer(),
    survivors: Type.Array(Type.Integer()),
    ms: Type.Number(),
  }),
)

export const SessionResetDone = Type.Object({
  session: SessionView,
  stopped: Stopped,
  /** Names of the options, or the agent's id of the conversation. */
  cleared: Type.Array(Type.String()),
})
export type SessionResetDone = Static<typeof SessionResetDone>

export const SessionCloseQuery = Type.Object(
  {
    /** The agent's own conversation, too. Nothing is closed if the agent cannot delete. */
    delete_conversation: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
)
export type SessionCloseQuery = Static<typeof SessionCloseQuery>

export const SessionClosed = Type.Object({
  session: SessionView,
  stopped: Stopped,
  /** Turns that this call ended. */
  turns: Type.Array(Type.String()),
  /** This call has had the agent's conversation deleted. */
  conversation_deleted: Type.Boolean(),
})
export type SessionClosed = Static<typeof SessionClosed>
