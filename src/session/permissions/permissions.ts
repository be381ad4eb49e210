// Permission requests of one session: stored objects that wait for an answer. First answer wins; none is ever approved by default (S9).

import type { AgentRequestId, PermissionOutcome } from '../../agent/connection.ts'
import type { PermissionId } from '../../base/ids.ts'
import type { JsonObject } from '../../base/json.ts'
import type { PermissionRecord, PermissionState } from '../../store/records.ts'
import type { Draft } from '../draft.ts'
import { decisionOf, decisionsOf } from '../family/decision.ts'
import { reportDecision } from '../family/task-rows.ts'
import { rejectOption } from './rules/option-choice.ts'
import { signOfLife } from '../turns/sign-of-life.ts'
import { addRule } from './standing-rules.ts'
import type { OpenPermission } from '../state.ts'
import type { AgentInput, CallerInput } from '../input.ts'

type Asked = Extract<AgentInput, { kind: 'agent.permission' }>
type Answer = Extract<CallerInput, { kind: 'answer' }>

/** A request as it is stored and shown first: open. Who decides it at once does so next, in the same transition. */
export function openPermission(draft: Draft, asked: Asked): OpenPermission {
  const { state } = draft
  const turnId = state.active?.turnId
  const dueAt = draft.now + draft.limits.permissionMs
  const open: OpenPermission = {
    id: asked.permissionId,
    turnId,
    requestId: asked.requestId,
    optionIds: idsOf(asked.options),
    rejectOptionId: rejectOption(asked.options),
    ...decisionsOf(asked.toolCall, asked.options),
    dueAt,
  }
  const options = JSON.stringify(asked.options)
  state.permissions = [...state.permissions, open]
  draft.write({
    kind: 'permission.insert',
    permission: {
      id: asked.permissionId,
      sessionNo: state.sessionNo,
      turnId,
      generation: asked.generation,
      requestId: asked.requestId,
      line: asked.line,
      toolCall: asked.toolCall,
      options,
      state: 'open',
      optionId: undefined,
      answeredBy: undefined,
      requestedAt: draft.now,
      dueAt,
      closedAt: undefined,
    },
  })
  const head = `{"permission_id":"${asked.permissionId}","due_at":${dueAt}`
  draft.eventText('permission.requested', turnId, `${head},"tool_call":${asked.toolCall},"options":${options}}`)
  return open
}

/** A person or program answers, perhaps for ever: then the rule is stored with the answer. An option that was not offered changes nothing. */
export function answerPermission(draft: Draft, { reply, permissionId, optionId, answeredBy, rule }: Answer): void {
  const open = draft.state.permissions.find((permission) => permission.id === permissionId)
  if (open === undefined) return draft.refuse(reply, 'PERMISSION_CLOSED', { permission: permissionId, state: 'closed' })
  if (!open.optionIds.includes(optionId))
    return draft.refuse(reply, 'PERMISSION_OPTION_UNKNOWN', { option: optionId, offered: open.optionIds })
  settle(draft, open, { state: 'answered', optionId, answeredBy }, { outcome: 'selected', optionId })
  if (rule !== undefined) addRule(draft, rule)
  signOfLife(draft) // the silence clock stood still while the request was open
  draft.reply(reply, { kind: 'answer', permissionId })
}

/** Nobody answered in time: refused, with the agent's own option for it if it offered one. */
export function refuseOverdue(draft: Draft): void {
  for (const open of draft.state.permissions) {
    if (open.dueAt > draft.now) continue
    const optionId = open.rejectOptionId
    const answeredBy = 'timeout'
    if (optionId === undefined) settle(draft, open, { state: 'timed_out', answeredBy }, { outcome: 'cancelled' })
    else settle(draft, open, { state: 'timed_out', optionId, answeredBy }, { outcome: 'selected', optionId })
    signOfLife(draft)
  }
}

/** The agent took its request back (`$/cancel_request`). */
export function withdrawPermission(draft: Draft, requestId: AgentRequestId): void {
  const open = draft.state.permissions.find((permission) => permission.requestId === requestId)
  if (open !== undefined) settle(draft, open, { state: 'void' }, { outcome: 'cancelled' })
}

/** Closes every open request; the agent, if it is alive, is told `cancelled` exactly once for each (C-43). */
export function closePermissions(draft: Draft, state: 'cancelled' | 'void'): void {
  for (const open of draft.state.permissions) settle(draft, open, { state }, { outcome: 'cancelled' })
}

interface Closing {
  readonly state: Exclude<PermissionState, 'open'>
  readonly optionId?: string
  readonly answeredBy?: string
}

/** Closes an open request and tells the agent. */
export function settle(draft: Draft, open: OpenPermission, closing: Closing, outcome: PermissionOutcome): void {
  draft.state.permissions = draft.state.permissions.filter((other) => other.id !== open.id)
  const decided = decisionOf(open, closing)
  if (decided !== undefined) reportDecision(draft, open.turnId, decided)
  writeClosed(draft, open.id, open.turnId, closing)
  respond(draft, open.requestId, outcome)
}

/** The rows and the event of a request that ends; used for requests of a dead process too. */
export function writeClosed(
  draft: Draft,
  permissionId: PermissionId,
  turnId: OpenPermission['turnId'],
  closing: Closing,
): void {
  draft.write({ kind: 'permission.close', permissionId, closedAt: draft.now, ...closing })
  draft.event('permission.closed', turnId, {
    permission_id: permissionId,
    state: closing.state,
    option_id: closing.optionId ?? null,
    answered_by: closing.answeredBy ?? null,
  })
}

export function respond(draft: Draft, requestId: AgentRequestId, outcome: PermissionOutcome): void {
  const { agent } = draft.state
  if (agent.kind === 'ready')
    draft.effect({ kind: 'agent.permission', generation: agent.generation, requestId, outcome })
}

/** Goes on with a request of an agent that outlived the gateway. */
export function reopenPermission(
  draft: Draft,
  { id, turnId, requestId, toolCall, options, dueAt }: PermissionRecord,
): void {
  const offered = JSON.parse(options) as JsonObject[]
  const ways = { optionIds: idsOf(offered), rejectOptionId: rejectOption(offered), ...decisionsOf(toolCall, offered) }
  const open = { id, turnId, requestId, ...ways, dueAt }
  draft.state.permissions = [...draft.state.permissions, open]
}

/** Tells the agent how a request of it ended when an earlier life ended before it could. */
export function tellOutcome(draft: Draft, { requestId, state, optionId }: PermissionRecord): void {
  const isSelected = (state === 'answered' || state === 'timed_out') && optionId !== undefined
  respond(draft, requestId, isSelected ? { outcome: 'selected', optionId } : { outcome: 'cancelled' })
}

function idsOf(options: readonly JsonObject[]): string[] {
  return options.map((option) => option['optionId']).filter((id) => typeof id === 'string')
}
