// Answers the permission requests of one turn: by rule, by asking the person at the terminal, or by the policy for nobody there.
// One question at a time, and none about what a standing rule or the mode of the session has decided. Counts what was decided, whoever
// decided it; the gateway's first answer wins.

import type { JsonObject } from '../base/json.ts'
import { isJsonObject } from '../base/json.ts'
import { codeOf } from './error-code.ts'
import type { PermissionAsked, PermissionMode } from './permission-rule.ts'
import { denyOption, isApproval, optionByRule } from './permission-rule.ts'
import type { PermissionTally } from './turn-result.ts'

/** Asks the person; resolves with an option id, or undefined when `signal` aborted (its reason says why, for people) or no answer came. */
export type AskPerson = (asked: PermissionAsked, signal: AbortSignal) => Promise<string | undefined>

export interface DeskPorts {
  /** Absent when nobody is at the terminal. */
  readonly ask: AskPerson | undefined
  answer(permissionId: string, optionId: string): Promise<void>
  /** Whether the request still waits for an answer. */
  isOpen(permissionId: string): Promise<boolean>
  /** Gives the turn up: a request could not be answered and the policy says so. */
  giveUp(): void
  note(text: string): void
}

export interface DeskPolicy {
  readonly mode: PermissionMode
  readonly whenAlone: 'deny' | 'fail'
  readonly cwd: string
}

interface OpenRequest {
  readonly id: string
  readonly asked: PermissionAsked
  readonly closed: AbortController
}

export class PermissionDesk {
  readonly #ports: DeskPorts
  readonly #policy: DeskPolicy
  readonly #open = new Map<string, OpenRequest>()
  #questions: Promise<void> = Promise.resolve()
  #approved = 0
  #denied = 0

  constructor(policy: DeskPolicy, ports: DeskPorts) {
    this.#policy = policy
    this.#ports = ports
  }

  get tally(): PermissionTally {
    return { approved: this.#approved, denied: this.#denied }
  }

  /** A `permission.requested` event of the turn. Returns at once; the answer is sent when it is known. */
  requested(data: JsonObject): void {
    const { permission_id: id, tool_call: toolCall, options } = data
    if (typeof id !== 'string' || !isJsonObject(toolCall) || !Array.isArray(options)) return
    const request = { id, asked: { toolCall, options: options.filter(isJsonObject) }, closed: new AbortController() }
    this.#open.set(id, request)
    const { mode, cwd } = this.#policy
    const optionId = optionByRule(mode, request.asked, cwd)
    if (optionId !== undefined) void this.#answer(request, optionId)
    else if (this.#ports.ask !== undefined) this.#questions = this.#questions.then(() => this.#askPerson(request))
    else void this.#answerAlone(request)
  }

  /** A `permission.closed` event of the turn: counted, and a question that is still on the screen ends. */
  closed(data: JsonObject): void {
    const { permission_id: id, state, option_id: optionId } = data
    const request = typeof id === 'string' ? this.#open.get(id) : undefined
    if (request === undefined) return
    this.#open.delete(request.id)
    request.closed.abort(state === 'answered' ? 'answered elsewhere' : 'no longer asked')
    if (state !== 'answered' && state !== 'timed_out') return
    if (typeof optionId === 'string' && isApproval(request.asked.options, optionId)) this.#approved += 1
    else this.#denied += 1
  }

  /** The turn is over: no question stays on the screen. */
  close(): void {
    for (const request of this.#open.values()) request.closed.abort('no longer asked')
    this.#open.clear()
  }

  async #askPerson(request: OpenRequest): Promise<void> {
    if (this.#ports.ask === undefined || (await this.#isDecided(request))) return
    let isAnswered = false
    while (!isAnswered) {
      const optionId = await this.#ports.ask(request.asked, request.closed.signal)
      if (request.closed.signal.aborted) return
      if (optionId === undefined) return await this.#answerAlone(request)
      isAnswered = await this.#answer(request, optionId)
    }
  }

  async #answerAlone(request: OpenRequest): Promise<void> {
    if (await this.#isDecided(request)) return
    const optionId = this.#policy.whenAlone === 'deny' ? denyOption(request.asked.options) : undefined
    if (optionId === undefined) {
      this.#ports.note('permission needed and nobody to ask; cancelling the turn')
      this.#ports.giveUp()
      return
    }
    this.#ports.note(
      'permission denied: nobody to ask (see --approve-reads, --approve-all, --non-interactive-permissions)',
    )
    await this.#answer(request, optionId)
  }

  /** The gateway tells of a request first, and in the next event of what its rules or its mode made of it. */
  async #isDecided({ id, closed }: OpenRequest): Promise<boolean> {
    if (closed.signal.aborted) return true
    try {
      const isOpen = await this.#ports.isOpen(id)
      return !isOpen || closed.signal.aborted
    } catch {
      return closed.signal.aborted // a gateway that cannot say it cannot have the answer either: that is said then
    }
  }

  /** False when another answer is needed. */
  async #answer({ id, closed }: OpenRequest, optionId: string): Promise<boolean> {
    try {
      await this.#ports.answer(id, optionId)
    } catch (error) {
      // Somebody else was first: their answer arrives as an event.
      if (closed.signal.aborted || codeOf(error) === 'PERMISSION_CLOSED') return true
      this.#ports.note(
        `permission ${id} could not be answered: ${error instanceof Error ? error.message : String(error)}`,
      )
      return codeOf(error) !== 'PERMISSION_NOT_REMEMBERED'
    }
    return true
  }
}
