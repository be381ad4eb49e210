// What becomes of a permission request when it arrives: refused as pointless, decided without a person (rules, then the mode of the
// session, then what the turn wants while nobody is there), or left open. The request and its decision are one commit.

import type { RuleId } from '../../base/ids.ts'
import { isJsonObject } from '../../base/json.ts'
import type { JsonObject } from '../../base/json.ts'
import type { Unattended } from '../../store/permission-rule-record.ts'
import { requestCancel } from '../turns/cancel.ts'
import type { Draft } from '../draft.ts'
import { modeEffect } from './rules/decide.ts'
import type { Ruling } from './rules/decide.ts'
import { allowOnceOption } from './rules/option-choice.ts'
import { openPermission, respond, settle } from './permissions.ts'
import { markRunning, signOfLife } from '../turns/sign-of-life.ts'
import type { OpenPermission, SessionModel } from '../state.ts'
import type { AgentInput, CallerInput } from '../input.ts'

type Asked = Extract<AgentInput, { kind: 'agent.permission' }>

/** What is known of a request when it arrives, besides the request: both are facts of the moment, and come in with it. */
export interface Judgement {
  /** What the standing rules say; undefined: none is about it. */
  readonly ruling: Ruling | undefined
  /** Whether a client is there that sees it. */
  readonly isAttended: boolean
}

/** `by` is stored as who answered. */
type Verdict =
  | { readonly kind: 'ask' }
  | { readonly kind: 'allow'; readonly optionId: string; readonly by: string }
  | { readonly kind: 'deny' | 'fail'; readonly by: string }

const ASK: Verdict = { kind: 'ask' }

/** The agent asks. After a cancel, without options or over the cap it gets its `cancelled` at once (C-44, C-56). */
export function askPermission(draft: Draft, asked: Asked): void {
  const { state } = draft
  signOfLife(draft)
  markRunning(draft) // nothing is asked for without a prompt
  const isPointless = state.active?.cancelling !== undefined || state.phase.kind === 'closing'
  if (isPointless || !asked.options.some((option) => typeof option['optionId'] === 'string'))
    return respond(draft, asked.requestId, { outcome: 'cancelled' })
  const verdict = verdictOn(draft, asked)
  if (verdict.kind === 'ask' && state.permissions.length >= draft.limits.permissionsOpenMax) {
    draft.effect({ kind: 'count', name: 'permission_overflow' })
    return respond(draft, asked.requestId, { outcome: 'cancelled' })
  }
  countUse(draft, asked, verdict)
  decide(draft, openPermission(draft, asked), verdict)
}

/** The last client has left for good: the turn's policy decides what is open. Requests of a turn that wants to wait do. */
export function abandonPermissions(draft: Draft): void {
  for (const open of draft.state.permissions) {
    const isOpen = draft.state.permissions.includes(open) // one may end the turn, and all others with it
    if (isOpen) decide(draft, open, unattendedVerdict(draft, open.turnId))
  }
}

/** Requests that come later; those that are open wait for their answer. */
export function changePermissionMode(
  draft: Draft,
  { reply, mode, by }: Extract<CallerInput, { kind: 'permission_mode' }>,
): void {
  const { state } = draft
  const from = state.permissionMode
  if (state.phase.kind === 'closing' || state.phase.kind === 'closed') return draft.refuse(reply, 'SESSION_CLOSED')
  if (mode !== from) {
    state.permissionMode = mode
    draft.write({ kind: 'session.patch', patch: { permissionMode: mode } })
    draft.event('permission.mode_changed', undefined, { from, to: mode, by })
  }
  draft.reply(reply, { kind: 'permission_mode' })
}

function verdictOn(draft: Draft, asked: Asked): Verdict {
  const verdict = standingVerdict(draft.state, asked)
  return verdict.kind === 'ask' && !asked.isAttended ? unattendedVerdict(draft, draft.state.active?.turnId) : verdict
}

/** No `allow_once` to choose: a person is asked. An option that allows for ever is never chosen here. */
function standingVerdict({ permissionMode, cwd }: SessionModel, { ruling, toolCall, options }: Asked): Verdict {
  const effect = ruling?.effect ?? modeEffect(permissionMode, () => parsed(toolCall), cwd)
  const by = ruling === undefined ? `mode:${permissionMode}` : `rule:${ruling.ruleId}`
  if (effect === 'ask') return ASK
  if (effect === 'deny') return { kind: 'deny', by }
  const optionId = allowOnceOption(options)
  return optionId === undefined ? ASK : { kind: 'allow', optionId, by }
}

/** What the turn that asks wants done while nobody is there, else what is configured. */
export function unattendedPolicy({ state, limits }: Draft, turnId: OpenPermission['turnId']): Unattended {
  const own = turnId !== undefined && state.active?.turnId === turnId ? state.active.unattended : undefined
  return own ?? limits.unattended ?? 'ask'
}

function unattendedVerdict(draft: Draft, turnId: OpenPermission['turnId']): Verdict {
  const policy = unattendedPolicy(draft, turnId)
  return policy === 'ask' ? ASK : { kind: policy, by: `unattended:${policy}` }
}

function decide(draft: Draft, open: OpenPermission, verdict: Verdict): void {
  switch (verdict.kind) {
    case 'ask':
      return
    case 'allow': {
      const { optionId, by } = verdict
      return settle(draft, open, { state: 'answered', optionId, answeredBy: by }, { outcome: 'selected', optionId })
    }
    case 'deny':
      return refuse(draft, open, verdict.by)
    case 'fail': {
      const { active } = draft.state
      if (active === undefined || active.turnId !== open.turnId) return refuse(draft, open, verdict.by)
      settle(draft, open, { state: 'cancelled', answeredBy: verdict.by }, { outcome: 'cancelled' })
      return requestCancel(draft, active, 'permission')
    }
    default:
      return verdict satisfies never
  }
}

/** With the agent's own option for it if it offered one. */
function refuse(draft: Draft, open: OpenPermission, answeredBy: string): void {
  const optionId = open.rejectOptionId
  if (optionId === undefined) settle(draft, open, { state: 'cancelled', answeredBy }, { outcome: 'cancelled' })
  else settle(draft, open, { state: 'answered', optionId, answeredBy }, { outcome: 'selected', optionId })
}

/** A rule that allows, where nothing could be allowed once, has decided nothing. */
function countUse(draft: Draft, { ruling }: Asked, verdict: Verdict): void {
  const ruleId: RuleId | undefined = ruling?.ruleId
  if (ruleId === undefined || (ruling?.effect === 'allow' && verdict.kind !== 'allow')) return
  draft.write({ kind: 'rule.hit', ruleId, at: draft.now })
}

/** The text comes from a parser of ours; what is no object is as if it were empty, and so odd. */
function parsed(toolCall: string): JsonObject {
  const value: unknown = JSON.parse(toolCall)
  return isJsonObject(value) ? value : {}
}
