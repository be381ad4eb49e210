// One agent of the fake connector: what it says is numbered and kept, what it is given is remembered, as by whoever holds its pipes.

import type {
  AgentAnswer,
  AgentListener,
  AgentRequestId,
  AttachRequest,
  ConnectRequest,
  ControlAnswer,
  PermissionAsked,
  PermissionOutcome,
} from '../../src/agent/connection.ts'
import type { Elicitation, ElicitationAnswer } from '../../src/agent/elicitations/elicitation.ts'
import type { ControlRequest } from '../../src/agent/control-plan.ts'
import type { StoredError } from '../../src/base/errors.ts'
import type { TurnId } from '../../src/base/ids.ts'
import type { JsonObject } from '../../src/base/json.ts'

/** What the agent does with a prompt; the default echoes at once. */
export type OnPrompt = (agent: FakeAgent, turnId: TurnId, prompt: string) => void

/** What an agent can say: one line each, heard by the gateway that listens, or kept for the next one. */
export interface Voice {
  update(data: string): void
  answered(turnId: TurnId, answer: AgentAnswer): void
  described(update: JsonObject): void
  controlled(no: number, answer: ControlAnswer): void
  permissionAsked(asked: Omit<PermissionAsked, 'line'>): void
  elicitationAsked(requestId: AgentRequestId, elicitation: Elicitation): void
  elicitationCompleted(elicitationId: string): void
  requestCancelled(requestId: AgentRequestId): void
  extension(data: string): void
  warning(data: string): void
  lost(error: StoredError): void
}

type Telling = (listener: AgentListener, line: number) => void

export class FakeAgent {
  readonly request: ConnectRequest
  readonly pid: number
  readonly prompts: TurnId[] = []
  /** What came as `_meta` of each of them. */
  readonly metas: (string | undefined)[] = []
  /** What it was asked to set. */
  readonly controls: ControlRequest[] = []
  readonly outcomes: PermissionOutcome[] = []
  readonly answers: ElicitationAnswer[] = []
  /** Frames that were written to it, in any life of the gateway. */
  readonly written = new Set<string>()
  /** What each gateway that took it over said of it. */
  readonly attachments: AttachRequest[] = []
  isRetiring = false
  /** Whoever writes to it knows that it is gone: nothing is written any more. */
  isGone = false
  cancels = 0
  readonly withdrawn: TurnId[] = []
  stops = 0
  /** It was to hear that its session is closed. */
  isClosed = false
  acknowledged = 0
  readonly listener: Voice
  readonly #said: Telling[] = []
  readonly #asked = new Map<AgentRequestId, number>()
  #heard: AgentListener | undefined

  constructor(request: ConnectRequest, pid: number) {
    this.request = request
    this.pid = pid
    this.listener = {
      update: (data) => this.#say((to, line) => to.update(data, line)),
      described: (update) => this.#say((to, line) => to.described(update, line)),
      controlled: (no, answer) => this.#say((to, line) => to.controlled(no, answer, line)),
      answered: (turnId, answer) => this.#say((to, line) => to.answered(turnId, answer, line)),
      permissionAsked: (asked) => {
        this.#asked.set(asked.requestId, this.#said.length + 1)
        this.#say((to, line) => to.permissionAsked({ ...asked, line }))
      },
      elicitationAsked: (requestId, elicitation) => {
        this.#asked.set(requestId, this.#said.length + 1)
        this.#say((to, line) => to.elicitationAsked({ requestId, line, elicitation }))
      },
      elicitationCompleted: (id) => this.#say((to, line) => to.elicitationCompleted(id, line)),
      requestCancelled: (requestId) => this.#say((to, line) => to.requestCancelled(requestId, line)),
      extension: (data) => this.#say((to, line) => to.extension(data, line)),
      warning: (data) => this.#say((to, line) => to.warning(data, line - 1)),
      lost: (error) => this.#say((to) => to.lost(error)),
    }
  }

  /** How many lines it has said. */
  get lines(): number {
    return this.#said.length
  }

  /** Tells what was said after `line`, and from now on everything. */
  listen(listener: AgentListener, line: number): void {
    this.#heard = listener
    for (let i = line; i < this.#said.length; i++) this.#said[i]?.(listener, i + 1)
    listener.batchEnd(Math.max(line, this.#said.length))
  }

  unlisten(): void {
    this.#heard = undefined
  }

  /** False when the frame was written before. */
  write(frameId: string): boolean {
    if (this.written.has(frameId)) return false
    this.written.add(frameId)
    return true
  }

  answer(requestId: AgentRequestId, outcome: PermissionOutcome): void {
    const line = this.#asked.get(requestId)
    if (line !== undefined && this.write(`a${line}`)) this.outcomes.push(outcome)
  }

  answerElicitation(requestId: AgentRequestId, answer: ElicitationAnswer): void {
    const line = this.#asked.get(requestId)
    if (line !== undefined && this.write(`a${line}`)) this.answers.push(answer)
  }

  #say(telling: Telling): void {
    this.#said.push(telling)
    if (this.#heard === undefined) return
    telling(this.#heard, this.#said.length)
    // As from a real pipe: what is told belongs to a read, and a read ends.
    queueMicrotask(() => this.#heard?.batchEnd(this.#said.length))
  }
}
