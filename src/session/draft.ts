// One transition in the making: a copy of the state that the rules change, and the lists they fill.
// Lives for one call of `next`; nothing of it escapes but the finished Transition.

import type { ErrorCode, ErrorDetails } from '../base/errors.ts'
import type { TurnId } from '../base/ids.ts'
import type { EventType, SessionTerms } from '../store/records.ts'
import type { SessionWrite } from '../store/store.ts'
import type { ReplyTo, SessionLimits, SessionModel } from './state.ts'
import type { Effect, ReplyValue, Transition } from './effect.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

export class Draft {
  readonly state: Mutable<SessionModel>
  readonly limits: SessionLimits
  readonly now: number
  readonly #writes: SessionWrite[] = []
  readonly #effects: Effect[] = []
  readonly #terms: SessionTerms
  #line: number | undefined

  constructor(state: SessionModel, limits: SessionLimits, now: number) {
    this.state = { ...state }
    this.#terms = state.terms
    this.limits = limits
    this.now = now
  }

  write(write: SessionWrite): void {
    this.#writes.push(write)
  }

  event(type: EventType, turnId: TurnId | undefined, data: object): void {
    this.eventText(type, turnId, JSON.stringify(data))
  }

  eventText(type: EventType, turnId: TurnId | undefined, data: string): void {
    this.#writes.push({ kind: 'event', event: { type, turnId, at: this.now, data } })
  }

  /** Changes what is agreed with the agent; stored once, with the rest of the transition. */
  agree(terms: Partial<SessionTerms>): void {
    this.state.terms = { ...this.state.terms, ...terms }
  }

  /** The agent's output is accounted for up to `line`; stored with what this transition writes, and not for its own sake. */
  reached(line: number): void {
    this.#line = line
  }

  effect(effect: Effect): void {
    this.#effects.push(effect)
  }

  reply(to: ReplyTo, value: ReplyValue): void {
    this.#effects.push({ kind: 'reply', to, value })
  }

  refuse(to: ReplyTo, code: ErrorCode, details: ErrorDetails = {}): void {
    this.reply(to, { kind: 'error', code, details: { session: this.state.sessionId, ...details } })
  }

  finish(): Transition {
    const { terms } = this.state
    if (terms !== this.#terms) this.write({ kind: 'session.terms', terms })
    if (this.#line !== undefined && this.#writes.length > 0) this.write({ kind: 'agent.line', line: this.#line })
    return { state: this.state, writes: this.#writes, effects: this.#effects }
  }
}
