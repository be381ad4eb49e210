// The agent's own sessions on the wire: what it offers, and making one of them ours.

import { Type } from 'typebox'
import type { Static } from 'typebox'

import { EquipmentFields } from './equipment.ts'
import { NotifyPolicy, nullable } from './scalars.ts'
import { SessionKey, SessionLabel, SessionName } from './session.ts'

const AgentSessionId = Type.String({ minLength: 1, maxLength: 1_000 })

export const AgentSessionsQuery = Type.Object(
  {
    /** Absent: of all directories. */
    cwd: Type.Optional(Type.String({ minLength: 1, maxLength: 4_096 })),
  },
  { additionalProperties: false },
)
export type AgentSessionsQuery = Static<typeof AgentSessionsQuery>

export const AgentSessionList = Type.Object({
  sessions: Type.Array(
    Type.Object({
      agent_session_id: Type.String(),
      cwd: Type.String(),
      /** Further directories that the agent has it for. */
      additional_directories: Type.Array(Type.String()),
      title: nullable(Type.String()),
      /** As the agent sent it. */
      updated_at: nullable(Type.String()),
      /** The session that goes on with it already. */
      session_id: nullable(Type.String()),
    }),
  ),
  /** There are more. */
  is_cut: Type.Boolean(),
})
export type AgentSessionList = Static<typeof AgentSessionList>

export const SessionAdopt = Type.Object(
  {
    agent: Type.String({ minLength: 1, maxLength: 100 }),
    agent_session_id: AgentSessionId,
    /** Where it works; needed when the agent does not list its sessions. */
    cwd: Type.Optional(Type.String({ minLength: 1, maxLength: 4_096 })),
    /** What it is to have; nothing of what the agent lists is taken over unasked. */
    ...EquipmentFields,
    key: Type.Optional(SessionKey),
    /** Absent: the title that the agent gave it. */
    label: Type.Optional(SessionLabel),
    parent: Type.Optional(SessionName),
    notify: Type.Optional(NotifyPolicy),
  },
  { additionalProperties: false, title: 'SessionAdopt' },
)
export type SessionAdopt = Static<typeof SessionAdopt>
