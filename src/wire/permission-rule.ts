// Standing permission rules on the wire.

import { Type } from 'typebox'
import type { Static } from 'typebox'

import { PageLimit, Time, nullable } from './scalars.ts'
import { DecidedBy } from './permission.ts'

export const RuleEffect = Type.Enum(['allow', 'ask', 'deny'])
export const RuleScope = Type.Enum(['session', 'agent', 'everywhere'])
export type RuleScope = Static<typeof RuleScope>

/** ACP's kinds of tool calls. What kind a call is of is the agent's own claim. */
export const ToolKind = Type.Enum([
  'read',
  'edit',
  'delete',
  'move',
  'search',
  'execute',
  'think',
  'fetch',
  'switch_mode',
  'other',
])

export const PermissionRuleView = Type.Object(
  {
    id: Type.String(),
    effect: RuleEffect,
    scope: RuleScope,
    session_id: nullable(Type.String()),
    agent: nullable(Type.String()),
    tool_kind: nullable(Type.String()),
    path: nullable(Type.String()),
    command: nullable(Type.String()),
    created_at: Time,
    created_by: Type.String(),
    expires_at: nullable(Time),
    revoked_at: nullable(Time),
    revoked_by: nullable(Type.String()),
    /** Requests that it has decided. */
    hits: Type.Integer(),
    last_used_at: nullable(Time),
  },
  { title: 'PermissionRule' },
)
export type PermissionRuleView = Static<typeof PermissionRuleView>

export const PermissionRuleCreate = Type.Object(
  {
    effect: RuleEffect,
    scope: RuleScope,
    /** Id or key, with scope `session`. */
    session: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    /** With scope `agent`. */
    agent: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
    tool_kind: Type.Optional(ToolKind),
    /** Pattern with `*`, `?` and `**`; relative ones are below the working directory. */
    path: Type.Optional(Type.String({ minLength: 1, maxLength: 1000 })),
    /** Words; a `*` at the end stands for any further ones. */
    command: Type.Optional(Type.String({ minLength: 1, maxLength: 4000 })),
    expires_at: Type.Optional(Time),
    created_by: Type.Optional(DecidedBy),
  },
  { additionalProperties: false, title: 'PermissionRuleCreate' },
)
export type PermissionRuleCreate = Static<typeof PermissionRuleCreate>

export const PermissionRuleQuery = Type.Object(
  {
    /** Revoked and expired ones too. */
    all: Type.Optional(Type.Boolean()),
    limit: Type.Optional(PageLimit),
  },
  { additionalProperties: false },
)
export type PermissionRuleQuery = Static<typeof PermissionRuleQuery>

/** Newest first. */
export const PermissionRuleList = Type.Object({ rules: Type.Array(PermissionRuleView) })
export type PermissionRuleList = Static<typeof PermissionRuleList>
