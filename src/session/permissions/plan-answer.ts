// What a person's answer sends to the agent, and whether it leaves a rule: "always" is remembered here, visibly and revocably, and the
// agent hears "once", unless the person wants the agent itself to remember.

import { HoldfastError } from '../../base/errors.ts'
import type { RuleId } from '../../base/ids.ts'
import type { JsonObject } from '../../base/json.ts'
import type { PermissionRuleRecord } from '../../store/permission-rule-record.ts'
import type { PermissionRecord, SessionRecord } from '../../store/records.ts'
import { ruleFor } from './rules/derive-rule.ts'
import { allowOnceOption, kindOfOption, rejectOnceOption } from './rules/option-choice.ts'
import type { PermissionAnswer } from '../service.ts'

export interface AnswerPlan {
  readonly optionId: string
  readonly rule: PermissionRuleRecord | undefined
}

export interface AnswerFacts {
  readonly permission: PermissionRecord
  readonly session: SessionRecord
  readonly ruleId: RuleId
  /** Epoch ms. */
  readonly now: number
}

/** PERMISSION_NOT_REMEMBERED: the request stays open. An option that was not offered is passed on; whoever takes the answer says so. */
export function planAnswer(facts: AnswerFacts, answer: PermissionAnswer): AnswerPlan {
  const { optionId, remember, agentRemembers = false } = answer
  const options = JSON.parse(facts.permission.options) as JsonObject[]
  const kind = kindOfOption(options, optionId)
  const isAlways = kind === 'allow_always' || kind === 'reject_always'
  const scope = remember ?? (isAlways && !agentRemembers ? 'session' : undefined)
  if (scope === undefined) return { optionId, rule: undefined }
  const isYes = kind === 'allow_once' || kind === 'allow_always'
  if (!isYes && kind !== 'reject_once' && kind !== 'reject_always')
    throw notRemembered(facts, 'whether its option means yes or no is not clear')
  const once = isYes ? allowOnceOption(options) : rejectOnceOption(options)
  const sent = isAlways && !agentRemembers ? once : optionId
  if (sent === undefined) throw notRemembered(facts, 'the agent offers no such answer for once')
  return { optionId: sent, rule: ruleOf(facts, answer, { isYes, scope }) }
}

interface Meaning {
  readonly isYes: boolean
  readonly scope: PermissionRuleRecord['scope']
}

function ruleOf(facts: AnswerFacts, { answeredBy }: PermissionAnswer, { isYes, scope }: Meaning): PermissionRuleRecord {
  const { session, permission, ruleId, now } = facts
  const matchers = ruleFor(isYes ? 'allow' : 'deny', JSON.parse(permission.toolCall) as JsonObject, session.cwd)
  if (matchers === undefined)
    throw notRemembered(facts, 'the request is not one plain command or one path inside the working directory')
  return {
    id: ruleId,
    scope,
    sessionNo: scope === 'session' ? session.no : undefined,
    agent: scope === 'agent' ? session.agent : undefined,
    createdAt: now,
    createdBy: answeredBy,
    expiresAt: undefined,
    revokedAt: undefined,
    revokedBy: undefined,
    hits: 0,
    lastUsedAt: undefined,
    ...matchers,
  }
}

function notRemembered({ permission }: AnswerFacts, reason: string): HoldfastError {
  return new HoldfastError('PERMISSION_NOT_REMEMBERED', { permission: permission.id, reason })
}
