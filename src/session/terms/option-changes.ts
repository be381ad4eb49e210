// Changes of a session's options while its agent lives: each is asked of the agent, one request at a time, and stored when the
// agent has taken it. Without a living agent a change is stored at once and applied by the next start.

import { controlsAfter, controlsOf, planControl } from '../../agent/control-plan.ts'
import { HoldfastError } from '../../base/errors.ts'
import type { ErrorCode, ErrorDetails } from '../../base/errors.ts'
import type { Draft } from '../draft.ts'
import { mergeOptions, optionsView, wantedOptions, withOption } from './options.ts'
import { pump } from '../turns/queue.ts'
import type { OptionChange } from '../state.ts'
import type { AgentInput, CallerInput } from '../input.ts'

const CHANGES_MAX = 16

export function changeOptions(
  draft: Draft,
  { reply, patch, continuity }: Extract<CallerInput, { kind: 'change' }>,
): void {
  const { state } = draft
  if (state.phase.kind === 'draining') return draft.refuse(reply, 'GATEWAY_DRAINING')
  if (state.phase.kind !== 'open') return draft.refuse(reply, 'SESSION_CLOSED')
  if (state.changes.length >= CHANGES_MAX)
    return draft.refuse(reply, 'CONTROL_REFUSED', { option: 'options', reason: 'too many changes wait for it' })
  const wanted = wantedOptions(patch)
  state.changes = [...state.changes, { reply, patch, continuity, wanted, sent: undefined, hasTaken: false }]
  pump(draft)
}

/** Takes the changes on as far as they go now. Nothing is dispatched while one is left. */
export function advanceChanges(draft: Draft): void {
  const { state } = draft
  for (let change = state.changes[0]; change !== undefined; change = state.changes[0]) {
    if (state.phase.kind !== 'open') fail(draft, change, phaseCode(draft), {})
    else if (change.sent !== undefined || state.agent.kind === 'starting') return
    else if (state.agent.kind === 'ready' && change.wanted.length > 0) askNext(draft, change, state.agent.generation)
    else store(draft, change)
  }
}

/** The agent has answered. An answer that nobody waits for any more is counted and dropped. */
export function controlAnswered(draft: Draft, { no, answer }: Extract<AgentInput, { kind: 'agent.controlled' }>): void {
  const [change] = draft.state.changes
  if (change?.sent?.no !== no) return draft.effect({ kind: 'count', name: 'unknown_answer' })
  const { option } = change.sent.wanted
  if (answer.kind === 'refused') {
    fail(draft, change, 'CONTROL_REFUSED', { option, reason: answer.error.message, error: answer.error })
  } else {
    const controls = controlsAfter(controlsOf(draft.state.terms.controls), change.sent.request, answer.result)
    draft.agree({
      controls: JSON.stringify(controls),
      options: withOption(draft.state.terms.options, change.sent.wanted),
    })
    replaceHead(draft, { ...change, wanted: change.wanted.slice(1), sent: undefined, hasTaken: true })
  }
  pump(draft)
}

/** The agent is going: what it was asked and has not answered is not known to hold. */
export function abandonChange(draft: Draft): void {
  const [change] = draft.state.changes
  if (change?.sent === undefined) return
  fail(draft, change, 'CONTROL_REFUSED', { option: change.sent.wanted.option, reason: 'it ended before it answered' })
}

/** An agent may answer only after its turn: its time begins anew then. */
export function restartChangeClock(draft: Draft): void {
  const [change] = draft.state.changes
  if (change?.sent !== undefined) replaceHead(draft, { ...change, sent: { ...change.sent, since: draft.now } })
}

export function changeOverdue(draft: Draft): void {
  const { changes, active } = draft.state
  const [change] = changes
  if (change?.sent === undefined || (active !== undefined && active.stage !== 'waiting')) return
  const { since, wanted } = change.sent
  const { controlMs } = draft.limits
  if (since + controlMs > draft.now) return
  const reason = `no answer within ${controlMs / 1000} s`
  fail(draft, change, 'CONTROL_REFUSED', { option: wanted.option, reason })
}

/**
 * Sends the first, also when it seems to be set: a request that was given up may have been taken all the same. What the agent does
 * not offer is refused before anything is sent.
 */
function askNext(draft: Draft, change: OptionChange, generation: number): void {
  const { state } = draft
  const controls = controlsOf(state.terms.controls)
  const plans = change.wanted.map((wanted) => ({ wanted, plan: planControl(controls, wanted) }))
  for (const { wanted, plan } of plans) {
    // What depends on another one is looked at again when its turn comes.
    if (plan.kind !== 'unsupported' || (wanted !== change.wanted[0] && change.hasTaken)) continue
    return fail(draft, change, 'CONTROL_UNSUPPORTED', { ...wanted, advertised: plan.advertised })
  }
  const [first] = plans
  if (first?.plan.kind !== 'offered') return
  const no = state.controlNo + 1
  state.controlNo = no
  const { request } = first.plan
  replaceHead(draft, { ...change, sent: { no, wanted: first.wanted, request, since: draft.now } })
  draft.effect({ kind: 'agent.control', generation, no, request })
}

/** Everything in it holds, or will with the next start. */
function store(draft: Draft, change: OptionChange): void {
  const { terms } = draft.state
  try {
    const options = mergeOptions(terms.options, change.patch)
    draft.agree({ options, continuity: change.continuity ?? terms.continuity })
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    return fail(draft, change, error.code, error.details)
  }
  tellChanged(draft)
  draft.state.changes = draft.state.changes.slice(1)
  draft.reply(change.reply, { kind: 'change' })
}

function fail(draft: Draft, change: OptionChange, code: ErrorCode, details: ErrorDetails): void {
  draft.state.changes = draft.state.changes.slice(1)
  if (change.hasTaken) tellChanged(draft)
  draft.refuse(change.reply, code, details)
}

function tellChanged(draft: Draft): void {
  const { options, continuity } = draft.state.terms
  draft.event('options.changed', undefined, { options: optionsView(options), continuity })
}

function replaceHead(draft: Draft, change: OptionChange): void {
  draft.state.changes = [change, ...draft.state.changes.slice(1)]
}

function phaseCode(draft: Draft): ErrorCode {
  return draft.state.phase.kind === 'draining' ? 'GATEWAY_DRAINING' : 'SESSION_CLOSED'
}
