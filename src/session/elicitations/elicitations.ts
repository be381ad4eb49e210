// What the agent of one session asks of a person: stored objects that wait for one answer. First answer wins; none is accepted by
// default (S9). Values of an answer are in the rows only until the agent provably has them (S30, ADR 42).

import type { AgentRequestId } from '../../agent/connection.ts'
import type { ElicitationAnswer } from '../../agent/elicitations/elicitation.ts'
import { contentProblem } from '../../base/form/check-content.ts'
import { readForm } from '../../base/form/fields.ts'
import type { ElicitationId } from '../../base/ids.ts'
import type { Json, JsonObject } from '../../base/json.ts'
import type { ElicitationAction, ElicitationRecord, ElicitationState } from '../../store/elicitation-record.ts'
import type { Draft } from '../draft.ts'
import type { AgentInput, CallerInput } from '../input.ts'
import type { OpenElicitation } from '../state.ts'
import { signOfLife } from '../turns/sign-of-life.ts'

type Asked = Extract<AgentInput, { kind: 'agent.elicitation' }>
type Answer = Extract<CallerInput, { kind: 'answer_elicitation' }>

/** URLs that the agent may still say are done; older ones are forgotten. */
const AWAITED_MAX = 64

/** As it is stored and shown first: open. Who decides it at once does so next, in the same transition. */
export function openElicitation(draft: Draft, asked: Asked): OpenElicitation {
  const { state } = draft
  const record = recordOf(draft, asked)
  const { id, turnId, mode, message, requestedSchema, url, agentElicitationId, toolCallId, dueAt } = record
  const open = toOpen(record)
  state.elicitations = [...state.elicitations, open]
  draft.write({ kind: 'elicitation.insert', elicitation: record })
  draft.event('elicitation.requested', turnId, {
    elicitation_id: id,
    due_at: dueAt,
    mode,
    message,
    tool_call_id: toolCallId ?? null,
    requested_schema: requestedSchema === undefined ? null : (JSON.parse(requestedSchema) as Json),
    url: url ?? null,
    agent_elicitation_id: agentElicitationId ?? null,
  })
  return open
}

/** A person or program answers. Content that is not what was asked for changes nothing: ELICITATION_INVALID names the field. */
export function answerElicitation(draft: Draft, { reply, elicitationId, answer, answeredBy }: Answer): void {
  const open = draft.state.elicitations.find(({ id }) => id === elicitationId)
  const about = { elicitation: elicitationId }
  if (open === undefined) return draft.refuse(reply, 'ELICITATION_CLOSED', { ...about, state: 'closed' })
  const problem = answer.action === 'accept' ? acceptProblem(open, answer.content ?? {}) : undefined
  if (problem !== undefined) return draft.refuse(reply, 'ELICITATION_INVALID', { ...about, ...problem })
  settleElicitation(draft, open, { state: 'answered', answer: contentOf(open, answer), answeredBy })
  signOfLife(draft) // the silence clock stood still while it was open
  draft.reply(reply, { kind: 'answer_elicitation' })
}

/** Nobody answered in time: dismissed. */
export function dismissOverdue(draft: Draft): void {
  for (const open of draft.state.elicitations) {
    if (open.dueAt > draft.now) continue
    settleElicitation(draft, open, { state: 'timed_out', answer: { action: 'cancel' }, answeredBy: 'timeout' })
    signOfLife(draft)
  }
}

/** The agent took its request back (`$/cancel_request`). */
export function withdrawElicitation(draft: Draft, requestId: AgentRequestId): void {
  const open = draft.state.elicitations.find((one) => one.requestId === requestId)
  if (open !== undefined) settleElicitation(draft, open, { state: 'void', answer: { action: 'cancel' } })
}

/** Closes every open one; the agent, if it is alive, is told `cancel` exactly once for each (C-45). */
export function closeElicitations(draft: Draft, state: 'cancelled' | 'void'): void {
  for (const open of draft.state.elicitations) settleElicitation(draft, open, { state, answer: { action: 'cancel' } })
}

export interface Settling {
  readonly state: Exclude<ElicitationState, 'open'>
  readonly answer: ElicitationAnswer
  readonly answeredBy?: string
}

/** Closes an open one and tells the agent. */
export function settleElicitation(draft: Draft, open: OpenElicitation, { state, answer, answeredBy }: Settling): void {
  draft.state.elicitations = draft.state.elicitations.filter((other) => other.id !== open.id)
  const content = answer.action === 'accept' ? answer.content : undefined
  writeElicitationClosed(draft, open, { state, action: answer.action, content, answeredBy })
  if (answer.action === 'accept' && open.agentElicitationId !== undefined) awaitCompletion(draft, open)
  if (content !== undefined) draft.state.keptAnswers = [...draft.state.keptAnswers, open.id]
  respondElicitation(draft, open, { answer, keeps: content !== undefined })
}

interface Closing {
  readonly state: Exclude<ElicitationState, 'open'>
  readonly action: ElicitationAction
  readonly content?: JsonObject | undefined
  readonly answeredBy?: string | undefined
}

/** The row and the event of one that ends; the event has the names of the fields and none of the values. */
export function writeElicitationClosed(
  draft: Draft,
  { id, turnId }: Pick<OpenElicitation, 'id' | 'turnId'>,
  { state, action, content, answeredBy }: Closing,
): void {
  const fields = content && Object.keys(content)
  draft.write({
    kind: 'elicitation.close',
    elicitationId: id,
    state,
    action,
    closedAt: draft.now,
    ...(content !== undefined && { content: JSON.stringify(content) }),
    ...(fields !== undefined && { fields }),
    ...(answeredBy !== undefined && { answeredBy }),
  })
  draft.event('elicitation.closed', turnId, {
    elicitation_id: id,
    state,
    action,
    fields: fields ?? null,
    answered_by: answeredBy ?? null,
  })
}

interface Response {
  readonly answer: ElicitationAnswer
  /** Its values are in the row until the agent provably has them. */
  readonly keeps: boolean
}

export function respondElicitation(
  draft: Draft,
  { id, requestId }: Pick<OpenElicitation, 'id' | 'requestId'>,
  { answer, keeps }: Response,
): void {
  const { agent } = draft.state
  if (agent.kind === 'ready')
    draft.effect({
      kind: 'agent.elicitation',
      generation: agent.generation,
      requestId,
      answer,
      keptFor: keeps ? id : undefined,
    })
}

/** The agent says that what the person was sent away for is done. What is not known, or done already, is ignored (C-66). */
export function completeElicitation(draft: Draft, agentElicitationId: string): void {
  const { elicitations, awaited } = draft.state
  const isIt = (one: AwaitedElicitation): boolean => one.agentElicitationId === agentElicitationId
  const found = awaited.find(isIt) ?? elicitations.find((one) => isIt(one) && !one.isCompleted)
  if (found === undefined) return
  const { id, turnId } = found
  draft.state.awaited = awaited.filter((one) => one.id !== id)
  draft.state.elicitations = elicitations.map((one) => (one.id === id ? { ...one, isCompleted: true } : one))
  draft.write({ kind: 'elicitation.complete', elicitationId: id, at: draft.now })
  draft.event('elicitation.completed', turnId, { elicitation_id: id })
}

export type AwaitedElicitation = Pick<OpenElicitation, 'id' | 'turnId' | 'agentElicitationId'>

function awaitCompletion(draft: Draft, { id, turnId, agentElicitationId, isCompleted }: OpenElicitation): void {
  if (isCompleted) return
  draft.state.awaited = [...draft.state.awaited, { id, turnId, agentElicitationId }].slice(-AWAITED_MAX)
}

/** The agent has the answer, whatever happens to the gateway: its values are not needed any more. */
export function forgetAnswer(draft: Draft, elicitationId: ElicitationId): void {
  if (!draft.state.keptAnswers.includes(elicitationId)) return
  draft.state.keptAnswers = draft.state.keptAnswers.filter((id) => id !== elicitationId)
  draft.write({ kind: 'elicitation.forget', elicitationId })
}

/** The process is gone, and with it whoever could be told. */
export function forgetAnswers(draft: Draft): void {
  for (const id of draft.state.keptAnswers) forgetAnswer(draft, id)
  draft.state.awaited = []
}

export function toOpen(record: ElicitationRecord): OpenElicitation {
  const { id, turnId, requestId, requestedSchema, agentElicitationId, dueAt, completedAt } = record
  const form = requestedSchema === undefined ? undefined : readForm(JSON.parse(requestedSchema) as Json)
  return { id, turnId, requestId, form, agentElicitationId, isCompleted: completedAt !== undefined, dueAt }
}

function recordOf({ state, now, limits }: Draft, asked: Asked): ElicitationRecord {
  const { elicitation, elicitationId: id, generation, requestId, line } = asked
  const { mode, message, toolCallId } = elicitation
  const isForm = mode === 'form'
  return {
    id,
    sessionNo: state.sessionNo,
    turnId: state.active?.turnId,
    generation,
    requestId,
    line,
    mode,
    message,
    requestedSchema: isForm ? JSON.stringify(elicitation.requestedSchema) : undefined,
    url: isForm ? undefined : elicitation.url,
    agentElicitationId: isForm ? undefined : elicitation.elicitationId,
    toolCallId,
    state: 'open',
    action: undefined,
    fields: undefined,
    content: undefined,
    answeredBy: undefined,
    requestedAt: now,
    dueAt: now + limits.permissionMs,
    closedAt: undefined,
    completedAt: undefined,
  }
}

function acceptProblem({ form }: OpenElicitation, content: JsonObject) {
  if (form !== undefined) return contentProblem(form, content)
  const [field] = Object.keys(content)
  return field === undefined ? undefined : { field, reason: 'is not asked for: a URL takes no values' }
}

/** With a form its values, perhaps none; consent to a URL has none. */
function contentOf({ form }: OpenElicitation, answer: ElicitationAnswer): ElicitationAnswer {
  if (answer.action !== 'accept') return answer
  return { action: 'accept', content: form === undefined ? undefined : (answer.content ?? {}) }
}
