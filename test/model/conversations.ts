// The simulator's part about conversations and options: what agents do with them, what callers change, and what must be true of
// both (S16, S17).

import type { ControlAnswer, Continuity } from '../../src/agent/connection.ts'
import type { ControlRequest, Controls } from '../../src/agent/control-plan.ts'
import { HoldfastError, toStoredError } from '../../src/base/errors.ts'
import type { StoredError } from '../../src/base/errors.ts'
import type { AgentSessionId } from '../../src/base/ids.ts'
import type { ReplyTo } from '../../src/session/state.ts'
import type { AgentInput, Input } from '../../src/session/input.ts'
import type { Effect, ReplyValue } from '../../src/session/effect.ts'
import type { ContinuityPolicy, SessionRecord } from '../../src/store/records.ts'
import type { SessionWrite } from '../../src/store/store.ts'
import { must } from './invariant.ts'
import type { Random } from './random.ts'

type Start = Extract<Effect, { kind: 'agent.start' }>
type Change = Extract<Input, { kind: 'change' }>

const MODES: readonly [string, ...string[]] = ['ask', 'code', 'plan']
export const POLICIES: readonly [ContinuityPolicy, ...ContinuityPolicy[]] = ['resume', 'fork', 'ask', 'fresh']

/** What every agent here offers. */
export const CONTROLS: Controls = {
  modes: { current: 'ask', available: MODES.map((id) => ({ id, name: id })) },
  models: undefined,
  config: undefined,
}

export type Opening =
  | { readonly kind: 'opened'; readonly agentSessionId: AgentSessionId; readonly continuity: Continuity }
  | { readonly kind: 'lost'; readonly error: StoredError }

/** An agent that is to go on with a conversation does, or has lost it. */
export function openConversation(random: Random, { generation, resume, whenLost }: Start): Opening {
  const another = `as${generation}` as AgentSessionId
  if (resume === undefined) return { kind: 'opened', agentSessionId: another, continuity: 'new' }
  if (random.chance(0.8)) return { kind: 'opened', agentSessionId: resume, continuity: 'loaded' }
  if (whenLost === 'fresh') return { kind: 'opened', agentSessionId: another, continuity: 'fresh' }
  if (whenLost === 'fork' && random.chance(0.5))
    return { kind: 'opened', agentSessionId: another, continuity: 'forked' }
  const details = { agent: 'sim', conversation: resume, reason: 'refused' }
  return { kind: 'lost', error: toStoredError(new HoldfastError('AGENT_CONVERSATION_LOST', details)) }
}

/** Somebody logs in to the agent, or out of it. */
export function loginChange(random: Random, reply: ReplyTo): Input {
  return { kind: 'login', reply, isLoggedIn: random.chance(0.7) }
}

/** A caller that changes or resets something. */
export function tuning(random: Random, reply: ReplyTo): Input {
  const what = random.int(8)
  if (what < 2)
    return { kind: 'reset', reply, what: what === 0 ? 'options' : 'conversation', force: random.chance(0.5) }
  const mode = random.pick<string | null>([...MODES, 'never offered', null])
  const patch = random.chance(0.8) ? { mode } : { turnTimeoutSeconds: 60 }
  return { kind: 'change', reply, patch, continuity: random.chance(0.3) ? random.pick(POLICIES) : undefined }
}

/** How an agent takes a request that sets something; undefined: not at all. `ms` from then on. */
export function answerControl(random: Random): { readonly ms: number; readonly answer: ControlAnswer } | undefined {
  const what = random.int(8)
  if (what === 0) return undefined
  const ms = random.int(what < 3 ? 3_000 : 100)
  if (what !== 3) return { ms, answer: { kind: 'accepted', result: {} } }
  return { ms, answer: { kind: 'refused', error: { code: 'AGENT_ERROR', message: 'no' } } }
}

/** More than there are changes in one life. */
const CONTROLS_MAX = 1_000

/** The id of a request on the wire: no other life of the gateway gives the same, as attach-agent.ts does it. */
export function controlId(no: number, life: number): number {
  return life * CONTROLS_MAX + no
}

/** As `life` reads it: the answer to a request of an earlier one is nobody's, and not that of its own with the same number. */
export function heardBy(life: number, input: AgentInput): AgentInput {
  return input.kind === 'agent.controlled' ? { ...input, no: input.no - controlId(0, life) } : input
}

export function modeOf({ params }: ControlRequest): string {
  const { modeId } = params
  return typeof modeId === 'string' ? modeId : ''
}

/** S16: a conversation that was used is replaced only together with the event that says so. */
export function checkReplaced(before: SessionRecord, after: SessionRecord, writes: readonly SessionWrite[]): void {
  const { agentSessionId: from } = before
  const { agentSessionId: to } = after
  if (from === undefined || from === to || !before.terms.conversation.isUsed) return
  const told = writes.some((write) => {
    if (write.kind !== 'event' || write.event.type !== 'conversation.replaced') return false
    const data = JSON.parse(write.event.data) as { from: string; to: string }
    return data.from === from && data.to === to
  })
  must(told, 'S16', `conversation ${from} became ${to ?? 'none'} without a word`)
}

/** Changes and resets that somebody waits for: each is answered once, and truly (S17). */
export class Tunings {
  readonly #asked = new Map<ReplyTo, Input>()
  #held: Change | undefined

  ask(input: Input): Input {
    if ('reply' in input) this.#asked.set(input.reply, input)
    return input
  }

  answered(reply: ReplyTo, value: ReplyValue): void {
    const asked = this.#asked.get(reply)
    this.#asked.delete(reply)
    if (asked?.kind === 'change' && value.kind === 'change') this.#held = asked
    if (asked?.kind === 'reset') this.#held = undefined
  }

  /** After all effects of a commit; `mode`: of the living process that the session has now, if any. Of two changes the later holds. */
  check({ terms }: SessionRecord, mode: string | undefined): void {
    const asked = this.#held
    this.#held = undefined
    if (asked === undefined) return
    checkChanged(asked, terms.options.mode, mode)
    if (asked.continuity !== undefined)
      must(terms.continuity === asked.continuity, 'S17', `the policy is ${terms.continuity}, not ${asked.continuity}`)
  }

  /** Nobody of this life is answered any more. */
  forget(): void {
    this.#asked.clear()
    this.#held = undefined
  }

  checkRest(): void {
    const waiting = [...this.#asked.values()].map(({ kind }) => kind)
    must(waiting.length === 0, 'S17', `never answered: ${waiting.join(' ')}`)
  }
}

function checkChanged({ patch }: Change, stored: string | undefined, held: string | undefined): void {
  const { mode } = patch
  if (mode === undefined) return
  must(stored === (mode ?? undefined), 'S17', `mode ${mode} was said to hold, ${stored ?? 'none'} is stored`)
  if (mode !== null && held !== undefined)
    must(held === mode, 'S17', `mode ${mode} was said to hold, the agent is in ${held}`)
}
