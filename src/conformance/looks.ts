// Collects findings: each look is timed, and what it throws is a finding too. Only the end of the whole report passes through.

import { RPC_CODES, RpcError } from '../acp/rpc.ts'
import { CancelledError, DeadlineError, isHoldfastError } from '../base/errors.ts'
import type { HoldfastError } from '../base/errors.ts'
import type { Capability, Finding, Habit, Seen } from './report.ts'
import { failed } from './report.ts'

const EXCERPT_CHARS = 200

export class Looks {
  readonly #findings: Finding[] = []
  readonly #onFinding: (finding: Finding) => void

  /** `onFinding` is told each one as it is found. */
  constructor(onFinding: (finding: Finding) => void) {
    this.#onFinding = onFinding
  }

  get findings(): readonly Finding[] {
    return this.#findings
  }

  note(about: Capability | Habit, seen: Seen, ms?: number): void {
    const finding = { about, ...seen, ms: ms === undefined ? undefined : Math.round(ms) }
    this.#findings.push(finding)
    this.#onFinding(finding)
  }

  /** Resolves with what was seen. Rejects with CANCELLED alone. */
  async look(about: Capability | Habit, work: () => Promise<Seen>): Promise<Seen> {
    const startedAt = performance.now()
    const seen = await work().catch((error: unknown) => {
      if (error instanceof CancelledError) throw error
      return failed(describeFailure(error))
    })
    this.note(about, seen, performance.now() - startedAt)
    return seen
  }

  /** What the agent failed to do before cannot be a reason to call something else broken. */
  skip(abouts: readonly (Capability | Habit)[], why: string): void {
    for (const about of abouts) this.note(about, { verdict: 'untested', detail: why })
  }
}

/** One line about why a request had no good answer. */
export function describeFailure(error: unknown): string {
  if (error instanceof RpcError) {
    const text = `error ${error.code}: ${cut(error.message)}`
    return error.code === RPC_CODES.authRequired ? `it wants a login first (holdfast agents login): ${text}` : text
  }
  if (error instanceof DeadlineError) return `no answer within ${Number(error.details['ms']) / 1000} s`
  if (isHoldfastError(error)) return describeOwn(error)
  throw error
}

function describeOwn({ code, details, message }: HoldfastError): string {
  if (code !== 'AGENT_EXITED') return typeof details['reason'] === 'string' ? cut(details['reason']) : message
  const said = typeof details['stderr'] === 'string' && details['stderr'] !== '' ? `: ${cut(details['stderr'])}` : ''
  return `${String(details['exit'])}${said}`
}

function cut(text: string): string {
  return text.length > EXCERPT_CHARS ? `${text.slice(0, EXCERPT_CHARS)}…` : text
}
