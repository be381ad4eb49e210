// The tables as Kysely sees them, one type for every dialect, and the sets of states that partial indexes are built on.
// Describes; never opens, reads or writes. The SQL that makes the tables is in migrations/.

import { sql } from 'kysely'
import type { Generated, RawBuilder } from 'kysely'

import type { ElicitationAction, ElicitationState } from './elicitation-record.ts'
import type { LifeEnd, LifeRecord } from './lives.ts'
import type { PermissionMode, PermissionRuleRecord, RuleEffect, Unattended } from './permission-rule-record.ts'
import type {
  ContinuityPolicy,
  ConversationRecord,
  Delivery,
  EventType,
  Lane,
  LeaseState,
  NotifyPolicy,
  OnInterrupt,
  PermissionState,
  SessionMode,
  SessionState,
  TaskDelivery,
  TaskOutcome,
  TaskStatus,
  TurnOrigin,
  TurnState,
} from './records.ts'

export interface NodeTable {
  id: string
  epoch: number
  started_at: number
}

export interface LifeTable {
  node_id: string
  epoch: number
  version: string
  pid: number
  boot_id: string
  started_at: number
  ready_at: number | null
  safe_mode: LifeRecord['safeMode'] | null
  turns_taken_over: number | null
  turns_interrupted: number | null
  memory_group: string | null
  oom_kills: number | null
  asked_at: number | null
  ended_at: number | null
  ended_how: LifeEnd | null
  ended_code: string | null
  ended_reason: string | null
}

export interface SessionTable {
  no: Generated<number>
  id: string
  key: string | null
  request_key: string | null
  agent: string
  cwd: string
  mode: SessionMode
  on_interrupt: OnInterrupt
  permission_mode: PermissionMode
  state: SessionState
  blocked_by: string | null
  agent_session_id: string | null
  generation: number
  agent_line: number | null
  agent_capabilities: string | null
  continuity: ContinuityPolicy
  options: string
  controls: string | null
  title: string | null
  conversation_source: ConversationRecord['source'] | null
  conversation_used: number
  conversation_begun_at: number | null
  conversation_anew: ConversationRecord['anew'] | null
  conversation_lost: number
  /** JSON. */
  login: string | null
  definition_digest: string | null
  equipment: string | null
  node_id: string
  epoch: number
  last_seq: number
  last_crc: number
  last_turn_n: number
  created_at: number
  updated_at: number
  closed_at: number | null
  damage: string | null
  label: string | null
  parent: string | null
  notify: NotifyPolicy
}

export interface SessionGivenTable {
  session_no: number
  mcp_servers: string
  meta: string | null
}

export interface TurnTable {
  id: string
  session_no: number
  n: number
  /** Rank in the queue, 0 with the agent, null at its end. */
  place: number | null
  state: TurnState
  origin: TurnOrigin
  idempotency_key: string | null
  body_hash: string
  retry_of: string | null
  on_interrupt: OnInterrupt | null
  unattended: Unattended | null
  delivery: Delivery
  generation: number | null
  accepted_at: number
  expires_at: number | null
  deadline_ms: number | null
  lane: Lane
  dispatched_at: number | null
  running_at: number | null
  cancelling: string | null
  /** Null when it is large: then it is in turn_prompt. */
  prompt: string | null
  meta: string | null
  stop_reason: string | null
  forced: number | null
  error: string | null
  usage: string | null
  ended_at: number | null
}

export interface TurnPromptTable {
  turn_id: string
  prompt: string
}

export interface EventTable {
  session_no: number
  seq: number
  turn_id: string | null
  type: EventType
  at: number
  data: string
  crc: number
}

export interface PermissionTable {
  no: Generated<number>
  id: string
  session_no: number
  turn_id: string | null
  generation: number
  request_id: string
  line: number
  tool_call: string
  options: string
  state: PermissionState
  option_id: string | null
  answered_by: string | null
  requested_at: number
  due_at: number
  closed_at: number | null
}

export interface ElicitationTable {
  no: Generated<number>
  id: string
  session_no: number
  turn_id: string | null
  generation: number
  request_id: string
  line: number
  mode: 'form' | 'url'
  message: string
  requested_schema: string | null
  url: string | null
  agent_elicitation_id: string | null
  tool_call_id: string | null
  state: ElicitationState
  action: ElicitationAction | null
  fields: string | null
  content: string | null
  answered_by: string | null
  requested_at: number
  due_at: number
  closed_at: number | null
  completed_at: number | null
}

export interface TaskTable {
  no: Generated<number>
  id: string
  parent: string
  session_no: number
  turn_id: string
  label: string | null
  status: TaskStatus
  outcome: TaskOutcome | null
  reason: string | null
  progress: string
  summary: string | null
  error: string | null
  notify: NotifyPolicy
  due: number
  delivery: TaskDelivery
  accepted_at: number
  started_at: number | null
  ended_at: number | null
  announced_at: number | null
  told_at: number | null
}

export interface PermissionRuleTable {
  no: Generated<number>
  id: string
  effect: RuleEffect
  scope: PermissionRuleRecord['scope']
  session_no: number | null
  agent: string | null
  tool_kind: string | null
  path: string | null
  command: string | null
  created_at: number
  created_by: string
  expires_at: number | null
  revoked_at: number | null
  revoked_by: string | null
  hits: number
  last_used_at: number | null
}

export interface KeeperTable {
  no: Generated<number>
  hosting: 'inline' | 'keeper'
  node_epoch: number
  version: string
  boot_id: string
  secret: string
  pid: number | null
  start_ticks: string | null
  started_at: number
  ended_at: number | null
}

export interface LeaseTable {
  id: Generated<number>
  keeper_no: number
  session_id: string | null
  generation: number
  agent: string
  node_epoch: number
  state: LeaseState
  boot_id: string
  tag: string
  command_digest: string
  pid: number | null
  start_ticks: string | null
  created_at: number
  updated_at: number
  exit: string | null
}

export interface MetaTable {
  name: string
  value: string
}

export interface TableTypes {
  meta: MetaTable
  node: NodeTable
  life: LifeTable
  session: SessionTable
  turn: TurnTable
  session_given: SessionGivenTable
  turn_prompt: TurnPromptTable
  event: EventTable
  permission: PermissionTable
  elicitation: ElicitationTable
  permission_rule: PermissionRuleTable
  task: TaskTable
  keeper: KeeperTable
  lease: LeaseTable
}

// A partial index is used only when the query repeats its condition word for word, with literals and not parameters.
export const turnIsUnsettled = (): RawBuilder<boolean> => sql`turn.place is not null`
export const turnIsActive = (): RawBuilder<boolean> => sql`turn.place = 0`
export const ruleIsInForce = (): RawBuilder<boolean> => sql`permission_rule.revoked_at is null`
export const permissionIsOpen = (): RawBuilder<boolean> => sql`permission.state = 'open'`
export const elicitationIsOpen = (): RawBuilder<boolean> => sql`elicitation.state = 'open'`
export const elicitationIsKept = (): RawBuilder<boolean> => sql`elicitation.content is not null`
export const taskIsOpen = (): RawBuilder<boolean> => sql`task.ended_at is null`
export const taskIsDue = (): RawBuilder<boolean> => sql`task.due = 1`
export const taskHasEnded = (): RawBuilder<boolean> => sql`task.ended_at is not null`
export const sessionIsDamaged = (): RawBuilder<boolean> => sql`session.damage is not null`
export const sessionIsNotClosed = (): RawBuilder<boolean> => sql`session.state <> 'closed'`
