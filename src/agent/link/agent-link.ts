// One ACP connection to one agent process: the JSON-RPC peer on its pipes, and what its messages mean.
// Modes: opening (tells are kept back, bounded) -> telling (a listener is set) -> lost (nothing is told any more).

import { completedElicitation } from '../../acp/elicitation.ts'
import type { AgentCapabilities } from '../../acp/initialize.ts'
import { answerFrame, JsonRpcPeer } from '../../acp/peer.ts'
import type { IncomingNotification, IncomingRequest, PeerWarning, RpcId, RpcResult } from '../../acp/peer.ts'
import { RPC_CODES } from '../../acp/rpc.ts'
import { narrowPromptAnswer } from '../../acp/session-results.ts'
import type { Clock, Timer } from '../../base/clock.ts'
import { deadline } from '../../base/deadline.ts'
import { CancelledError, HoldfastError, toStoredError } from '../../base/errors.ts'
import type { AgentSessionId, TurnId } from '../../base/ids.ts'
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json.ts'
import type {
  AgentProcess,
  InputLoss,
  LineBatch,
  ProcessExit,
  ProcessListener,
  StopReport,
} from '../../keeper/agent-host.ts'
import type { AgentTerminals } from '../terminals/agent-terminals.ts'
import type { ImportedHistory } from './history.ts'
import { fromExit, fromRpcFailure } from '../agent-errors.ts'
import type { AgentConnection, AgentListener, AttachRequest, PermissionOutcome, RefusedOption } from '../connection.ts'
import type { ControlRequest } from '../control-plan.ts'
import { closeAgentSession } from './close-agent-session.ts'
import type { AgentPeer, OpenPeer } from './agent-peer.ts'
import { ElicitationCalls } from '../elicitations/elicitation-calls.ts'
import { callExtension, ExtensionNotes } from './extension-calls.ts'
import { joinReports } from './join-reports.ts'
import type { MessageIds } from './message-ids.ts'
import type { OpenedAgentSession } from '../start/open-agent-session.ts'
import { refusePrompt } from '../prompt-content.ts'
import { OpeningTalk } from './opening-talk.ts'
import type { RequestServer, ServerPorts } from './request-server.ts'
import { ServedRequests } from './served-requests.ts'
import type { NoiseDetails } from '../start/start-noise.ts'
import { Tells } from './tells.ts'
import { TerminalCalls } from '../terminals/terminal-calls.ts'

interface LinkPorts {
  readonly clock: Clock
  readonly messageIds: MessageIds
  /** For a process that earlier lives have talked with: the last line that is stored, and the number of this life. */
  readonly earlier?: { readonly line: number; readonly life: number }
  /** What is spoken on the pipes; ACP v1 if absent. */
  readonly openPeer?: OpenPeer | undefined
}

/** What the agent's session is when its start is over. */
interface StartedSession extends OpenedAgentSession {
  readonly refused: readonly RefusedOption[]
}

interface Agreed {
  readonly opened: StartedSession
  readonly capabilities: AgentCapabilities
}

interface CallOptions {
  readonly ms: number
  readonly signal: AbortSignal
}

/** How long a closed stdout may wait for the exit that explains it. */
const EXIT_AFTER_OUTPUT_END_MS = 500

export class AgentLink implements ProcessListener {
  readonly agent: string
  readonly #process: AgentProcess
  readonly #clock: Clock
  readonly #peer: AgentPeer
  readonly #tells: Tells
  /** Lines up to this one were dealt with by an earlier life; of them, only requests without an answer matter. */
  readonly #storedLine: number
  #line: number
  #stage = 'spawn'
  #lastAnswer: Promise<Json> = Promise.resolve(null)
  readonly #opening: OpeningTalk
  #outputEnd: Timer | undefined
  #isLost = false
  readonly #elicitations: ElicitationCalls
  readonly #served: ServedRequests
  readonly #notes = new ExtensionNotes()
  /** Set by who keeps a link that no session has yet. Called once, when it cannot be used any more. */
  onLost: (error: HoldfastError) => void = () => {}

  constructor(agent: string, process: AgentProcess, { clock, messageIds, earlier, openPeer }: LinkPorts) {
    this.agent = agent
    this.#process = process
    this.#clock = clock
    this.#storedLine = earlier?.line ?? 0
    this.#line = this.#storedLine
    this.#opening = new OpeningTalk(messageIds, earlier === undefined)
    this.#tells = new Tells(messageIds, this.#storedLine)
    const open: OpenPeer = openPeer ?? ((ports) => new JsonRpcPeer(ports))
    this.#peer = open({
      role: 'client',
      alive: () => this.#tells.alive(),
      inPart: (tell) => this.#tells.inPart(tell),
      send: (line, frameId) => process.send(line, frameId),
      handlers: {
        request: (message) => this.#onRequest(message),
        notification: (message) => this.#onNotification(message),
        warning: (warning) => this.#onWarning(warning),
      },
      ...(earlier !== undefined && { idPrefix: `l${earlier.life}.` }),
    })
    this.#served = new ServedRequests({ peer: this.#peer, process, acknowledge: (n) => process.acknowledge(n) })
    const ports = { peer: this.#peer, process, tells: this.#tells, storedLine: this.#storedLine }
    this.#elicitations = this.#served.add(() => new ElicitationCalls(ports))
    if (earlier === undefined) process.listen(this)
  }

  /** A request of the handshake. Rejects with DEADLINE, CANCELLED, AGENT_EXITED, AGENT_ERROR, AGENT_AUTH_REQUIRED or AGENT_PROTOCOL_ERROR. */
  call(method: string, params: JsonObject, { ms, signal }: CallOptions): Promise<Json> {
    this.#stage = method
    const answered = new Promise<Json>((resolve, reject) => {
      this.#peer.request(method, params, (result) => this.#settle(result, resolve, reject))
    })
    this.#lastAnswer = answered
    return deadline(answered, { ms, stage: method, signal })
  }

  /** What was no message before the first answer, as long as there is none. */
  get noise(): NoiseDetails {
    return this.#opening.noise
  }

  /** Settles as the last `call` when its answer is there, also for a caller that has given up. */
  get lastAnswer(): Promise<Json> {
    return this.#lastAnswer
  }

  /** As `call`, for new, load and resume. What a load replays before its answer is history, and is not told (C-24). */
  openSession(method: string, params: JsonObject, options: CallOptions): Promise<Json> {
    this.#opening.begin(method, params)
    return this.call(method, params, options)
  }

  /** What was told by the load before. */
  takeHistory(): ImportedHistory | undefined {
    return this.#opening.takeHistory()
  }

  /** Serves terminal/* from here on, before the agent can have a session to ask for. Without it these methods are not known (C-60). */
  offerTerminals(terminals: AgentTerminals): void {
    this.#served.add((ports) => new TerminalCalls({ ...ports, terminals }))
    terminals.watch(() => {
      if (!this.#isLost) this.#tells.alive()
    })
  }

  /** As `offerTerminals`, for any other family of requests. */
  offer(open: (ports: ServerPorts) => RequestServer): void {
    this.#served.add(open)
  }

  /** Tells something odd that changes nothing; `excerpt` may hold what the agent wrote. */
  warn(warning: string, excerpt: string): void {
    this.#tells.warning(JSON.stringify({ warning, excerpt }))
  }

  /** Restores what an earlier life and the agent owe each other. The host tells nothing before the connection is listened to. */
  resume({ turnId, requests, updates }: AttachRequest, { opened, capabilities }: Agreed): AgentConnection {
    this.#tells.remember(opened.agentSessionId, updates)
    for (const { requestId, line } of requests) this.#peer.restore(requestId, line)
    if (turnId !== undefined) this.#peer.expect(turnId, (result) => this.#onAnswer(turnId, result))
    const connection = this.toConnection(opened, capabilities)
    const listen = (listener: AgentListener): void => {
      connection.listen(listener)
      for (const { line, text } of this.#process.pinned) this.#receive(text, line)
      this.#process.listen(this)
    }
    return { ...connection, listen }
  }

  toConnection(opened: StartedSession, capabilities: AgentCapabilities): AgentConnection {
    const { agentSessionId, continuity, controls, refused, history } = opened
    this.#stage = 'prompt'
    return {
      pid: this.#process.pid,
      agentSessionId,
      continuity,
      capabilities: JSON.stringify(capabilities),
      controls,
      refused,
      history,
      line: this.#tells.line,
      isRetiring: this.#process.isRetiring,
      listen: (listener: AgentListener) => this.#tells.listen(listener, agentSessionId),
      prompt: (turnId, prompt, meta) => this.#prompt(agentSessionId, turnId, { prompt, meta, capabilities }),
      hasPrompt: (turnId) => this.#process.wasWritten(turnId),
      cancel: () => this.#peer.notify('session/cancel', { sessionId: agentSessionId }),
      withdraw: (turnId) => this.#peer.cancelRequest(turnId),
      extension: (call) => callExtension(this.#peer, this.agent, agentSessionId, call),
      control: (no, request) => this.#control(agentSessionId, no, request),
      answerPermission: (requestId, outcome) => this.#answer(requestId, outcome),
      answerElicitation: (requestId, answer) => this.#elicitations.answer(requestId, answer),
      acknowledge: (n) => this.#served.stored(n),
      stop: async (isClosed = false) => {
        if (isClosed) await closeAgentSession(this, agentSessionId, capabilities)
        return this.stop()
      },
    }
  }

  /** Ends the process and its terminals, all trees at once. Idempotent, never rejects. */
  async stop(): Promise<StopReport> {
    this.#isLost = true
    this.#outputEnd?.cancel()
    this.#peer.close(new CancelledError(this.#stage))
    const [agent, others] = await Promise.all([this.#process.stop(), this.#served.release()])
    return joinReports(agent, others)
  }

  // What the host tells -------------------------------------------------------------------------------------------

  onLines({ first, lines, damaged }: LineBatch): void {
    let number = first
    for (const line of lines) {
      this.#tells.startLine(number)
      this.#opening.line(line)
      this.#receive(line, number, damaged?.includes(number))
      number++
    }
    this.#tells.batchEnd(first + lines.length - 1, (n) => this.#served.stored(n))
    const { excess } = this.#opening
    if (excess !== undefined) this.#lose(new HoldfastError('AGENT_NOT_ACP', { agent: this.agent, reason: excess }))
  }

  onOutputEnd(): void {
    const reason = 'it closed its stdout'
    this.#outputEnd = this.#clock.at(this.#clock.now() + EXIT_AFTER_OUTPUT_END_MS, () =>
      this.#lose(this.#broken(reason)),
    )
  }

  onLineTooLong(): void {
    this.#lose(this.#broken('line_too_long'))
  }

  onInputLost(why: InputLoss): void {
    this.#lose(this.#broken(why === 'closed' ? 'it closed its stdin' : 'it does not read its stdin'))
  }

  onExit(exit: ProcessExit): void {
    this.#lose(fromExit(this.agent, exit, { stage: this.#stage, stderr: this.#process.stderrTail() }))
  }

  onDisconnected(error: HoldfastError): void {
    this.#lose(error)
  }

  // -----------------------------------------------------------------------------------------------------------------

  #receive(text: string, line: number, isDamaged = false): void {
    this.#line = line
    if (isDamaged) this.#peer.note('not_utf8', text)
    this.#peer.receive(text, line)
  }

  #prompt(
    sessionId: AgentSessionId,
    turnId: TurnId,
    { prompt, meta, capabilities }: { prompt: string; meta: string | undefined; capabilities: AgentCapabilities },
  ): void {
    const blocks = JSON.parse(prompt) as JsonObject[]
    const refusal = refusePrompt(this.agent, blocks, capabilities)
    if (refusal !== undefined) return this.#tells.answered(turnId, { kind: 'refused', error: toStoredError(refusal) })
    this.#tells.startTurn()
    // The turn's id is the JSON-RPC id, so that an answer finds its turn in any life of the gateway.
    this.#peer.request('session/prompt', { sessionId, prompt: blocks }, (result) => this.#onAnswer(turnId, result), {
      id: turnId,
      meta,
    })
  }

  #control(sessionId: AgentSessionId, no: number, { method, params }: ControlRequest): void {
    this.#peer.request(method, { sessionId, ...params }, (result) => {
      if (result.kind === 'closed') return
      if (result.kind === 'result') return this.#tells.controlled(no, { kind: 'accepted', result: result.result })
      const error = fromRpcFailure(this.agent, result.error, { stage: method })
      this.#tells.controlled(no, { kind: 'refused', error: toStoredError(error) })
    })
  }

  #onAnswer(turnId: TurnId, result: RpcResult): void {
    if (result.kind === 'closed') return
    if (result.kind === 'error') {
      return this.#tells.answered(turnId, {
        kind: 'error',
        error: toStoredError(fromRpcFailure(this.agent, result.error)),
        isForgotten: result.error.code === RPC_CODES.resourceNotFound,
      })
    }
    const narrowed = narrowPromptAnswer(result.result)
    if (narrowed.kind === 'malformed') {
      return this.#tells.answered(turnId, { kind: 'error', error: toStoredError(this.#broken(narrowed.reason)) })
    }
    if (narrowed.warning !== undefined) this.warn('unexpected_result', narrowed.warning)
    const { stopReason, result: answer } = narrowed.value
    const usage = answer['usage']
    this.#tells.answered(turnId, { kind: 'stopped', stopReason, usage: isJsonObject(usage) ? usage : undefined })
  }

  #onNotification(notification: IncomingNotification): void {
    if (this.#isStored) return
    const { method, params } = notification
    const { meaning } = this.#opening
    const note = meaning === 'history' ? undefined : this.#notes.take(notification)
    if (note !== undefined) return this.#tells.extension(note.sessionId, note.data)
    if (method === 'session/update') {
      if (meaning === 'history') return this.#opening.replayed(params)
      return this.#tells.update(notification, meaning === 'early' && this.#peer.reportsEarly !== true)
    }
    if (method === '$/cancel_request') {
      const requestId = params['requestId']
      if (typeof requestId === 'string' || typeof requestId === 'number') this.#withdrawn(requestId)
    }
    const completed = method === 'elicitation/complete' ? completedElicitation(params) : undefined
    if (completed !== undefined) this.#tells.elicitationCompleted(completed)
  }

  #withdrawn(requestId: string | number): void {
    this.#served.withdraw(requestId)
    this.#tells.requestCancelled(requestId)
  }

  #onRequest(request: IncomingRequest): void {
    if (request.method === 'session/request_permission') {
      if (this.#isSettled) return this.#answer(request.id, { outcome: 'cancelled' })
      const problem = this.#tells.permissionAsked(request.id, request.params)
      if (problem !== undefined)
        this.#peer.respondError(request.id, { code: RPC_CODES.invalidParams, message: problem })
      return
    }
    const { id, method, params } = request
    if (this.#served.take(id, { method, params, line: this.#line })) return
    this.#peer.respondError(request.id, {
      code: RPC_CODES.methodNotFound,
      message: `Method not found: ${method.slice(0, 100)}`,
    })
  }

  /** The line was dealt with by an earlier life. */
  get #isStored(): boolean {
    return this.#storedLine > 0 && this.#line <= this.#storedLine
  }

  /**
   * A permission request that is not in the rows as unanswered needs no decision: an earlier life has answered it, or refused it
   * and ended before that was written. The host writes a second answer only if there was no first.
   */
  get #isSettled(): boolean {
    return this.#isStored || this.#process.wasWritten(answerFrame(this.#line))
  }

  #answer(requestId: RpcId, outcome: PermissionOutcome): void {
    this.#peer.respond(requestId, { outcome: { ...outcome } })
  }

  #onWarning({ kind, excerpt, count }: PeerWarning): void {
    if (this.#isStored) return
    this.#tells.warning(JSON.stringify({ warning: kind, excerpt, count }))
  }

  #settle(result: RpcResult, resolve: (value: Json) => void, reject: (error: Error) => void): void {
    this.#opening.answered(result.kind === 'result')
    if (result.kind === 'result') return resolve(result.result)
    if (result.kind === 'error') return reject(fromRpcFailure(this.agent, result.error, { stage: this.#stage }))
    reject(result.error)
  }

  #lose(error: HoldfastError): void {
    if (this.#isLost) return
    this.#isLost = true
    this.#outputEnd?.cancel()
    this.#peer.close(error)
    this.#tells.lost(toStoredError(error))
    this.onLost(error)
  }

  #broken(reason: string): HoldfastError {
    return new HoldfastError('AGENT_PROTOCOL_ERROR', { agent: this.agent, reason, stderr: this.#process.stderrTail() })
  }
}
