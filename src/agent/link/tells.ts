// What an agent tells its session, in wire order. Before a listener is set it is kept back, bounded; updates for another
// session of the same process are counted and dropped (C-27, C-32).

import { narrowPermissionRequest } from '../../acp/permission-request.ts'
import type { IncomingNotification } from '../../acp/rpc.ts'
import { narrowSessionUpdate } from '../../acp/session-update.ts'
import { UpdateTexts } from '../../acp/update-text.ts'
import { isTold } from '../../acp/warnings.ts'
import type { StoredError } from '../../base/errors.ts'
import type { AgentSessionId, TurnId } from '../../base/ids.ts'
import type { JsonObject } from '../../base/json.ts'
import type { AgentAnswer, AgentListener, AgentRequestId, ControlAnswer } from '../connection.ts'
import type { ElicitationAsked } from '../elicitations/elicitation.ts'
import { KnownCalls } from './known-calls.ts'
import type { MessageIds } from './message-ids.ts'

type OddUpdate = 'malformed_update' | 'foreign_session' | 'update_before_resume'

type Tell = (listener: AgentListener, line: number) => void

interface Early {
  /** Undefined for what is not addressed to a session. */
  readonly sessionId: string | undefined
  readonly line: number
  readonly tell: Tell
}

/** Updates that say what is set in the session, what it is, or that its context is being compacted. */
const DESCRIBES: ReadonlySet<string> = new Set([
  'current_mode_update',
  'config_option_update',
  'session_info_update',
  'compaction_update',
  'compaction_summary_chunk',
])

/** They say what is, not what was. */
const STANDING: ReadonlySet<string> = new Set([
  'available_commands_update',
  'current_mode_update',
  'config_option_update',
  'session_info_update',
  'usage_update',
])

const EARLY_COUNT_MAX = 1_000
const EARLY_BYTES_MAX = 8 * 1024 * 1024

export class Tells {
  readonly #messageIds: MessageIds
  readonly #texts = new UpdateTexts()
  readonly #calls = new KnownCalls()
  #listener: AgentListener | undefined
  #sessionId: AgentSessionId | undefined
  #early: Early[] = []
  #earlyBytes = 0
  #earlyDropped = 0
  /** The line that is read, and the last of the batches that were read to their end. */
  #line: number
  #lastLine: number
  readonly #odds: Record<OddUpdate, number> = {
    malformed_update: 0,
    foreign_session: 0,
    update_before_resume: 0,
  }

  /** `line`: the last one that is stored, 0 for a new process. */
  constructor(messageIds: MessageIds, line: number) {
    this.#messageIds = messageIds
    this.#line = line
    this.#lastLine = line
  }

  /** Number of the last line before those that `listen` tells. */
  get line(): number {
    const [first] = this.#early
    return first === undefined ? this.#line : first.line - 1
  }

  /** What an earlier life has told of the turn that is out, as JSON texts. */
  remember(sessionId: AgentSessionId, updates: readonly string[]): void {
    for (const update of updates) this.#calls.take(sessionId, JSON.parse(update) as JsonObject)
  }

  startLine(line: number): void {
    this.#line = line
  }

  /** See PeerPorts. */
  inPart(tell: () => void): void {
    this.#line--
    tell()
    this.#line++
  }

  listen(listener: AgentListener, sessionId: AgentSessionId): void {
    this.#listener = listener
    this.#sessionId = sessionId
    const early = this.#early
    this.#early = []
    this.#earlyBytes = 0
    for (const { sessionId: addressee, line, tell } of early) if (this.#isOurs(addressee)) tell(listener, line)
    if (this.#earlyDropped > 0)
      listener.warning(JSON.stringify({ warning: 'early_messages_dropped', count: this.#earlyDropped }), this.#line)
    listener.batchEnd(this.#lastLine)
  }

  /** `isEarly`: before the answer to a resume, which must not replay what was said: told all the same, and counted (C-26). */
  update(notification: IncomingNotification, isEarly = false): void {
    const { params, raw, isPlain } = notification
    const narrowed = narrowSessionUpdate(params)
    if (narrowed.kind === 'malformed') return this.#odd('malformed_update', { reason: narrowed.reason })
    const { sessionId, variant, update } = narrowed
    if (isEarly && !STANDING.has(variant)) this.#odd('update_before_resume', {})
    this.#calls.take(sessionId, update, isPlain ? raw.length : undefined)
    // Before the update, under the line before it: told again after a crash rather than that lost.
    if (DESCRIBES.has(variant)) this.#tell(sessionId, (listener, line) => listener.described(update, line - 1))
    const listener = this.#listener
    if (listener !== undefined && sessionId === this.#sessionId) {
      return listener.update(this.#messageIds.write(variant, update, this.#texts.textOf(notification)), this.#line)
    }
    // What is kept back is written anew: a piece of the line would keep all the bytes that came with it.
    const tell: Tell = (later, line) => later.update(this.#messageIds.write(variant, update), line)
    this.#tell(sessionId, tell, this.#sizeOf(params))
  }

  /** Undefined when it was told, else what is wrong with the request. */
  permissionAsked(requestId: AgentRequestId, params: JsonObject): string | undefined {
    const narrowed = narrowPermissionRequest(params)
    if (narrowed.kind === 'malformed') return narrowed.reason
    const { sessionId, options } = narrowed
    const toolCall = JSON.stringify(this.#calls.complete(sessionId, narrowed.toolCall))
    const tell: Tell = (listener, line) => listener.permissionAsked({ requestId, line, toolCall, options })
    this.#tell(sessionId, tell, this.#sizeOf(params))
    return undefined
  }

  /** False when it is for a session that is not the one of this connection, as far as that is known. */
  elicitationAsked(sessionId: string, asked: ElicitationAsked): boolean {
    const isForeign = this.#listener !== undefined && !this.#isOurs(sessionId)
    const sizeOf = this.#sizeOf({ ...asked.elicitation, toolCallId: null })
    if (!isForeign) this.#tell(sessionId, (listener) => listener.elicitationAsked(asked), sizeOf)
    return !isForeign
  }

  elicitationCompleted(elicitationId: string): void {
    this.#tell(undefined, (listener, line) => listener.elicitationCompleted(elicitationId, line))
  }

  /** A notification of the agent's own; `data` is that of its event. */
  extension(sessionId: string, data: string): void {
    this.#tell(sessionId, (listener, line) => listener.extension(data, line), data.length)
  }

  controlled(no: number, answer: ControlAnswer): void {
    this.#tell(undefined, (listener, line) => listener.controlled(no, answer, line))
  }

  requestCancelled(requestId: AgentRequestId): void {
    this.#tell(undefined, (listener, line) => listener.requestCancelled(requestId, line))
  }

  answered(turnId: TurnId, answer: AgentAnswer): void {
    this.#tell(undefined, (listener, line) => listener.answered(turnId, answer, line))
  }

  warning(data: string): void {
    this.#tell(undefined, (listener, line) => listener.warning(data, line - 1))
  }

  lost(error: StoredError): void {
    this.#tell(undefined, (listener) => listener.lost(error))
  }

  /** Lines that nobody waits for are acknowledged at once, so that a chatty start cannot stall. */
  batchEnd(n: number, acknowledge: (n: number) => void): void {
    this.#lastLine = n
    if (this.#listener === undefined) acknowledge(n)
    else this.#listener.batchEnd(n)
  }

  /** The agent waits for something that goes on. Of no meaning to who does not listen yet. */
  alive(): void {
    this.#listener?.alive()
  }

  startTurn(): void {
    this.#calls.startTurn()
    this.#messageIds.startTurn()
  }

  #tell(sessionId: string | undefined, tell: Tell, bytes = 0): void {
    if (this.#listener === undefined) return this.#keep(sessionId, tell, bytes)
    if (this.#isOurs(sessionId)) return tell(this.#listener, this.#line)
    this.#odd('foreign_session', { session_id: sessionId?.slice(0, 200) ?? null })
  }

  /** Counted, and told of as oddities of the wire are: a flood of them does not become one of events. */
  #odd(warning: OddUpdate, detail: JsonObject): void {
    const count = ++this.#odds[warning]
    if (isTold(count)) this.warning(JSON.stringify({ warning, ...detail, count }))
  }

  #keep(sessionId: string | undefined, tell: Tell, bytes: number): void {
    this.#earlyBytes += bytes
    if (this.#early.length < EARLY_COUNT_MAX && this.#earlyBytes <= EARLY_BYTES_MAX)
      this.#early.push({ sessionId, line: this.#line, tell })
    else this.#earlyDropped++
  }

  /** Size of what is kept back; not worth counting once it is passed on. */
  #sizeOf(params: JsonObject): number {
    return this.#listener === undefined ? JSON.stringify(params).length : 0
  }

  #isOurs(sessionId: string | undefined): boolean {
    return sessionId === undefined || sessionId === this.#sessionId
  }
}
