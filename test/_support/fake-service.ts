// Sessions and their event log in memory, with the contracts of the ports and no agent: turns end when the test says so.

import { createHash } from 'node:crypto'

import { HoldfastError } from '../../src/base/errors.ts'
import { systemIds } from '../../src/base/ids.ts'
import { explainDormant } from '../../src/session/insight/explain.ts'
import type { AgentSessionId, PermissionId, SessionId, TurnId } from '../../src/base/ids.ts'
import type { JsonObject } from '../../src/base/json.ts'
import { createEventLog } from '../../src/events/log.ts'
import type { EventLog } from '../../src/events/event-log.ts'
import { mergeOptions, readOptionsPatch } from '../../src/session/terms/options.ts'
import type { EquipmentRequest } from '../../src/session/equipment/equipper.ts'
import type { AdoptRequest, AgentSessions } from '../../src/session/entry/adopt-session.ts'
import type {
  CancelEvidence,
  CloseEvidence,
  DescribeRequest,
  PermissionAnswer,
  PromptAccepted,
  PromptRequest,
  ResetEvidence,
  ResetRequest,
  ResumeAction,
  SessionChange,
  SessionLive,
  SessionExplanation,
  SessionRequest,
  SessionService,
  SessionStatus,
  TurnEdit,
} from '../../src/session/service.ts'
import type {
  EventRecord,
  EventType,
  PermissionRecord,
  LoginRecord,
  SessionRecord,
  TurnEndState,
  TurnOutcome,
  TurnRecord,
} from '../../src/store/records.ts'
import { newTurn } from './new-turn.ts'
import { equipped, NEW_TERMS } from './new-terms.ts'
import { NO_FAMILY } from './no-family.ts'

export interface FakeOptions {
  readonly agents?: readonly string[]
  readonly queueDepthMax?: number
  readonly promptBytesMax?: number
}

interface FakeSession {
  record: SessionRecord
  readonly turns: TurnRecord[]
  readonly events: EventRecord[]
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

const ENDED: ReadonlySet<string> = new Set(['completed', 'cancelled', 'failed', 'timed_out', 'interrupted', 'expired'])

/** Implements the port. `endTurn`, `append` and `askPermission` are what an agent would have done. */
export class FakeService implements SessionService {
  readonly events: EventLog
  readonly #sessions: FakeSession[] = []
  readonly #permissions: PermissionRecord[] = []
  readonly #agents: readonly string[]
  readonly #queueDepthMax: number
  readonly #promptBytesMax: number
  isDraining = false
  readonly extension = () => Promise.reject(new HoldfastError('AGENT_NOT_RUNNING'))
  /** How often somebody has subscribed to a log so far. */
  subscriptions = 0
  /** Thrown by the next call of `get`, for failures that a real store could have. */
  failure: Error | undefined

  constructor({ agents = ['demo', 'other'], queueDepthMax = 4, promptBytesMax = 100_000 }: FakeOptions = {}) {
    this.#agents = agents
    this.#queueDepthMax = queueDepthMax
    this.#promptBytesMax = promptBytesMax
    const log = createEventLog({ readEvents: async (no, after, limit) => this.#readEvents(no, after, limit) })
    const subscribe: EventLog['subscribe'] = (...args) => {
      this.subscriptions += 1
      return log.subscribe(...args)
    }
    this.events = { publish: log.publish.bind(log), read: log.read.bind(log), subscribe }
  }

  async ensure(request: SessionRequest): Promise<{ status: SessionStatus; created: boolean }> {
    if (this.isDraining) throw new HoldfastError('GATEWAY_DRAINING')
    const { key, agent, cwd, mode = 'persistent', onInterrupt = 'hold' } = request
    if (!this.#agents.includes(agent)) throw new HoldfastError('AGENT_UNKNOWN', { agent })
    if (!cwd.startsWith('/')) throw new HoldfastError('CWD_NOT_ABSOLUTE', { cwd })
    if (cwd === '/') throw new HoldfastError('CWD_NOT_ALLOWED', { cwd })
    if (cwd.includes('missing')) throw new HoldfastError('CWD_NOT_FOUND', { cwd })
    const known = this.#sessions.find(
      ({ record }) => key !== undefined && record.key === key && record.state === 'open',
    )
    if (known !== undefined) {
      if (known.record.agent !== agent) throw new HoldfastError('SESSION_CONFLICT', { session: key, field: 'agent' })
      return { status: this.#status(known), created: false }
    }
    const equipment = equipped(NEW_TERMS.equipment, request)
    const terms = { ...NEW_TERMS, equipment, options: mergeOptions({}, readOptionsPatch(request.options ?? {})) }
    const session = this.#create({ key, agent, cwd, mode, onInterrupt })
    const continuity = request.continuity ?? terms.continuity
    session.record = { ...session.record, terms: { ...terms, continuity } }
    return { status: this.#status(session), created: true }
  }

  async get(idOrKey: string): Promise<SessionStatus> {
    const { failure } = this
    this.failure = undefined
    if (failure !== undefined) throw failure
    return this.#status(this.#find(idOrKey))
  }

  async explain(idOrKey: string): Promise<SessionExplanation> {
    const status = await this.get(idOrKey)
    const { session } = status
    return { ...status, explanation: explainDormant(session, status.live) }
  }

  async listAgentSessions(agent: string): Promise<AgentSessions> {
    if (!this.#agents.includes(agent)) throw new HoldfastError('AGENT_UNKNOWN', { agent })
    const id = this.#sessions[0]?.record.id
    const one = { agentSessionId: 'a1' as AgentSessionId, cwd: '/work', directories: ['/more'], sessionId: id }
    const told = { ...one, title: 'Tests', updatedAt: '2026-01-01T00:00:00Z' }
    const bare = { ...one, agentSessionId: 'a2' as AgentSessionId, sessionId: undefined }
    return { sessions: [told, { ...bare, title: undefined, updatedAt: undefined }], isCut: false }
  }

  async fork(...[id, request]: Parameters<SessionService['fork']>): ReturnType<SessionService['fork']> {
    return this.ensure({ agent: this.#find(id).record.agent, cwd: '/work', ...request })
  }

  async adopt({ agentSessionId, ...request }: AdoptRequest): Promise<SessionStatus> {
    const { status } = await this.ensure({ cwd: '/work', ...request })
    const session = this.#find(status.session.id)
    return this.#status(Object.assign(session, { record: { ...session.record, agentSessionId } }))
  }

  async describe(id: SessionId, { label, notify }: DescribeRequest): Promise<SessionStatus> {
    const session = this.#find(id)
    const { family } = session.record
    const described = {
      ...family,
      ...(label !== undefined && { label: label ?? undefined }),
      ...(notify && { notify }),
    }
    session.record = { ...session.record, family: described }
    return this.#status(session)
  }

  async list(...[filter, page]: Parameters<SessionService['list']>): Promise<SessionStatus[]> {
    const { state, agent, blocked } = filter
    return this.#sessions
      .toReversed()
      .filter(({ record }) => page.before === undefined || record.no < page.before)
      .filter(({ record }) => state === undefined || record.state === state)
      .filter(({ record }) => agent === undefined || record.agent === agent)
      .filter(({ record }) => blocked === undefined || (record.blockedBy !== undefined) === blocked)
      .slice(0, page.limit)
      .map((session) => this.#status(session))
  }

  async prompt(id: SessionId, request: PromptRequest): Promise<PromptAccepted> {
    if (this.isDraining) throw new HoldfastError('GATEWAY_DRAINING')
    const session = this.#find(id)
    if (session.record.state !== 'open') throw new HoldfastError('SESSION_CLOSED', { session: id })
    const { idempotencyKey, onInterrupt, expiresAt, deadlineMs, lane = 'interactive', whenBusy } = request
    const prompt = this.#checkPrompt(request.prompt)
    const bodyHash = createHash('sha256')
      .update(JSON.stringify([prompt, onInterrupt, expiresAt]))
      .digest('hex')
    const replay = session.turns.find((turn) => idempotencyKey !== undefined && turn.idempotencyKey === idempotencyKey)
    if (replay !== undefined) {
      if (replay.bodyHash !== bodyHash) throw new HoldfastError('IDEMPOTENCY_KEY_REUSED')
      return { turn: replay, position: 0, replayed: true }
    }
    if (session.record.mode === 'oneshot' && session.turns.length > 0)
      throw new HoldfastError('SESSION_ONESHOT', { session: id })
    const waiting = session.turns.filter((turn) => turn.state === 'queued').length
    if (waiting >= this.#queueDepthMax) {
      throw new HoldfastError('QUEUE_FULL', { session: id, scope: 'session', depthMax: this.#queueDepthMax })
    }
    const isFirst = session.turns.every((turn) => ENDED.has(turn.state))
    if (!isFirst && whenBusy === 'reject') throw new HoldfastError('SESSION_BUSY', { session: id })
    const asked = { prompt, bodyHash, idempotencyKey, onInterrupt, expiresAt, deadlineMs, lane }
    const turn = newTurn(session, { ...asked, isFirst })
    session.turns.push(turn)
    this.append(id, 'turn.queued', { turn_id: turn.id }, turn.id)
    if (isFirst) this.append(id, 'turn.running', { turn_id: turn.id }, turn.id)
    return { turn, position: isFirst ? 0 : waiting + 1, replayed: false }
  }

  async sessionIdOf(no: number): Promise<SessionId> {
    const session = this.#sessions.find(({ record }) => record.no === no)
    if (session === undefined) throw new HoldfastError('SESSION_NOT_FOUND', { session: no })
    return session.record.id
  }

  async turn(id: SessionId, turnId: TurnId): Promise<TurnRecord> {
    const turn = this.#find(id).turns.find((one) => one.id === turnId)
    if (turn === undefined) throw new HoldfastError('TURN_NOT_FOUND', { turn: turnId, session: id })
    return turn
  }

  async turns(...[id, page]: Parameters<SessionService['turns']>): Promise<TurnRecord[]> {
    const all = this.#find(id).turns.toReversed()
    return all.filter((turn) => page.before === undefined || turn.n < page.before).slice(0, page.limit)
  }

  async queued(id: SessionId): Promise<TurnRecord[]> {
    const queued = this.#find(id).turns.filter((turn) => turn.state === 'queued')
    return queued.toSorted((a, b) => (a.place ?? 0) - (b.place ?? 0))
  }

  async editTurn(id: SessionId, turnId: TurnId, { prompt, expiresAt, to }: TurnEdit): Promise<TurnRecord> {
    const turn: Writable<TurnRecord> = await this.turn(id, turnId)
    if (turn.state !== 'queued') throw new HoldfastError('TURN_NOT_QUEUED', { turn: turnId, state: turn.state })
    if (prompt !== undefined) turn.prompt = this.#checkPrompt(prompt)
    if (expiresAt !== undefined) turn.expiresAt = expiresAt ?? undefined
    const others = (await this.queued(id)).filter((other) => other !== turn)
    if (to?.kind === 'position') turn.place = (others[to.position]?.place ?? 1_000) - 0.5
    if (to?.kind === 'before') turn.place = (others.find((other) => other.id === to.turnId)?.place ?? 1_000) - 0.25
    return turn
  }

  async cancel(id: SessionId, turnId?: TurnId): Promise<CancelEvidence> {
    const session = this.#find(id)
    if (turnId !== undefined) await this.turn(id, turnId)
    const turn = session.turns.find((one) => !ENDED.has(one.state) && (turnId === undefined || one.id === turnId))
    if (turn === undefined) return { turns: [], outcome: 'none' }
    this.endTurn(id, turn.id, 'cancelled')
    return { turns: [turn.id], outcome: 'ended' }
  }

  /** As an agent that cannot go on with its conversation does, or that wants a login, or the loss of a turn. */
  block(id: SessionId, turnId: TurnId, isLost: boolean, login?: LoginRecord): void {
    const session = this.#find(id)
    const { terms } = session.record
    const conversation = { ...terms.conversation, isLost }
    session.record = { ...session.record, blockedBy: turnId, terms: { ...terms, conversation, login } }
  }

  async change(id: SessionId, { options = {}, continuity }: SessionChange): Promise<SessionStatus> {
    const session = this.#find(id)
    if (session.record.state !== 'open') throw new HoldfastError('SESSION_CLOSED', { session: id })
    const { terms } = session.record
    const merged = mergeOptions(terms.options, readOptionsPatch(options))
    const changed = { ...terms, options: merged, continuity: continuity ?? terms.continuity }
    session.record = { ...session.record, terms: changed }
    return this.#status(session)
  }

  async equip(id: SessionId, request: EquipmentRequest): Promise<SessionStatus> {
    const session = this.#find(id)
    if (session.record.state !== 'open') throw new HoldfastError('SESSION_CLOSED', { session: id })
    const { terms } = session.record
    session.record = { ...session.record, terms: { ...terms, equipment: equipped(terms.equipment, request) } }
    return this.#status(session)
  }

  async reset(id: SessionId, { what, force }: ResetRequest): Promise<ResetEvidence> {
    const session = this.#find(id)
    const active = session.turns.find((turn) => turn.state === 'running')
    if (active !== undefined && !force) throw new HoldfastError('SESSION_BUSY', { session: id, turn: active.id })
    const { terms } = session.record
    if (what === 'options') session.record = { ...session.record, terms: { ...terms, options: {} } }
    return { stopped: undefined, cleared: what === 'options' ? Object.keys(terms.options) : [] }
  }

  async resume(id: SessionId, action: ResumeAction): Promise<SessionStatus> {
    const session = this.#find(id)
    if (session.record.state !== 'open') throw new HoldfastError('SESSION_CLOSED', { session: id })
    const turnId = session.record.blockedBy
    session.record = { ...session.record, blockedBy: undefined }
    if (turnId !== undefined) this.append(id, 'session.resumed', { turn_id: turnId, action }, turnId)
    return this.#status(session)
  }

  async permission(id: PermissionId): Promise<PermissionRecord> {
    const permission = this.#permissions.find((one) => one.id === id)
    if (permission === undefined) throw new HoldfastError('PERMISSION_NOT_FOUND', { permission: id })
    return permission
  }

  async permissions(...[filter, limit]: Parameters<SessionService['permissions']>): Promise<PermissionRecord[]> {
    const no = filter.sessionId === undefined ? undefined : this.#find(filter.sessionId).record.no
    return this.#permissions
      .filter((one) => (no === undefined || one.sessionNo === no) && (filter.state ?? one.state) === one.state)
      .slice(0, limit)
  }

  async answerPermission(id: PermissionId, { optionId, answeredBy }: PermissionAnswer): Promise<PermissionRecord> {
    const permission: Writable<PermissionRecord> = await this.permission(id)
    if (permission.state !== 'open')
      throw new HoldfastError('PERMISSION_CLOSED', { permission: id, state: permission.state })
    const options = JSON.parse(permission.options) as JsonObject[]
    if (!options.some((option) => option['optionId'] === optionId)) {
      throw new HoldfastError('PERMISSION_OPTION_UNKNOWN', { option: optionId })
    }
    Object.assign(permission, { state: 'answered', optionId, answeredBy, closedAt: Date.now() })
    const session = await this.sessionIdOf(permission.sessionNo)
    this.append(
      session,
      'permission.closed',
      { permission_id: id, state: 'answered', option_id: optionId },
      permission.turnId,
    )
    return permission
  }

  async close(id: SessionId): Promise<CloseEvidence> {
    const session = this.#find(id)
    if (session.record.state === 'closed') return { session: session.record, stopped: undefined, turns: [] }
    const turns = session.turns.filter((turn) => !ENDED.has(turn.state)).map((turn) => turn.id)
    for (const turnId of turns) this.endTurn(id, turnId, 'cancelled')
    session.record = { ...session.record, state: 'closed', closedAt: Date.now() }
    this.append(id, 'session.closed', {})
    return { session: session.record, stopped: { forced: false, swept: 0, survivors: [], ms: 3 }, turns }
  }

  /** Ends a turn as an agent would; the next one runs. */
  endTurn(id: SessionId, turnId: TurnId, state: TurnEndState, facts: Partial<TurnOutcome> = {}): void {
    const session = this.#find(id)
    const turn: Writable<TurnRecord> | undefined = session.turns.find((one) => one.id === turnId)
    if (turn === undefined || ENDED.has(turn.state)) throw new Error(`turn ${turnId} cannot be ended`)
    const outcome: TurnOutcome = {
      state,
      delivery: 'yes',
      stopReason: state === 'completed' ? 'end_turn' : undefined,
      forced: false,
      error: undefined,
      usage: undefined,
      endedAt: Date.now(),
      ...facts,
    }
    Object.assign(turn, { state, outcome, delivery: outcome.delivery })
    if (state === 'interrupted') session.record = { ...session.record, blockedBy: turnId }
    const { stopReason = null, delivery, forced, error = null, usage = null } = outcome
    this.append(
      id,
      'turn.ended',
      { turn_id: turnId, state, delivery, stop_reason: stopReason, forced, error, usage },
      turnId,
    )
    const next: Writable<TurnRecord> | undefined = session.turns.find((one) => one.state === 'queued')
    if (next === undefined || session.record.blockedBy !== undefined) return
    next.state = 'running'
    this.append(id, 'turn.running', { turn_id: next.id }, next.id)
  }

  /** Stores and publishes one event. */
  append(id: SessionId, type: EventType, data: object, turnId?: TurnId): EventRecord {
    const [event] = this.appendAll(id, [{ type, data: JSON.stringify(data), turnId }])
    if (event === undefined) throw new Error('nothing was appended')
    return event
  }

  /** Stores and publishes several events as one batch; `data` is JSON text and stays as it is. */
  appendAll(
    id: SessionId,
    added: readonly { type: EventType; data: string; turnId?: TurnId | undefined }[],
  ): EventRecord[] {
    const session = this.#find(id)
    const first = session.events.length + 1
    const at = Date.now()
    const events = added.map(({ type, data, turnId }, index) => ({ seq: first + index, type, data, turnId, at }))
    session.events.push(...events)
    session.record = { ...session.record, lastSeq: session.events.length, updatedAt: at }
    this.events.publish(session.record.no, events)
    return events
  }

  askPermission(id: SessionId, turnId: TurnId, options: readonly JsonObject[]): PermissionRecord {
    const session = this.#find(id)
    const toolCall = { toolCallId: 'call_1', title: 'Write a file', kind: 'edit' }
    const permission: PermissionRecord = {
      id: systemIds.permission(),
      sessionNo: session.record.no,
      turnId,
      generation: 1,
      requestId: 1,
      line: 1,
      toolCall: JSON.stringify(toolCall),
      options: JSON.stringify(options),
      state: 'open',
      optionId: undefined,
      answeredBy: undefined,
      requestedAt: Date.now(),
      dueAt: Date.now() + 60_000,
      closedAt: undefined,
    }
    this.#permissions.push(permission)
    this.append(id, 'permission.requested', { permission_id: permission.id, tool_call: toolCall, options }, turnId)
    return permission
  }

  /** The whole log of a session. */
  log(id: SessionId): readonly EventRecord[] {
    return this.#find(id).events
  }

  #create(facts: Pick<SessionRecord, 'key' | 'agent' | 'cwd' | 'mode' | 'onInterrupt'>): FakeSession {
    const at = Date.now()
    const record: SessionRecord = {
      ...facts,
      no: this.#sessions.length + 1,
      id: systemIds.session(),
      state: 'open',
      blockedBy: undefined,
      agentSessionId: undefined,
      agentLine: undefined,
      agentCapabilities: undefined,
      permissionMode: 'ask',
      terms: NEW_TERMS,
      family: NO_FAMILY,
      generation: 0,
      node: 'local',
      epoch: 1,
      lastSeq: 0,
      lastTurnN: 0,
      createdAt: at,
      updatedAt: at,
      closedAt: undefined,
    }
    const session: FakeSession = { record, turns: [], events: [] }
    this.#sessions.push(session)
    this.append(record.id, 'session.created', { agent: record.agent })
    return session
  }

  #find(idOrKey: string): FakeSession {
    const session = this.#sessions.findLast(({ record }) => record.id === idOrKey || record.key === idOrKey)
    if (session === undefined) throw new HoldfastError('SESSION_NOT_FOUND', { session: idOrKey })
    return session
  }

  #status({ record, turns }: FakeSession): SessionStatus {
    const active = turns.find((turn) => turn.state === 'running')
    const live: SessionLive = {
      activity: activityOf(record, active),
      activityDetail: undefined,
      activeTurn: active?.id,
      queued: turns.filter((turn) => turn.state === 'queued').map((turn) => turn.id),
      agentPid: active === undefined ? undefined : 4242,
      agentLink: active === undefined ? undefined : 'process',
      waitingFor: undefined,
      nextDeadline: active === undefined ? undefined : { at: active.acceptedAt + 60_000, kind: 'turn' },
    }
    return { session: record, live }
  }

  #checkPrompt(blocks: readonly JsonObject[]): string {
    if (blocks.every((block) => block['type'] === 'text' && block['text'] === ''))
      throw new HoldfastError('PROMPT_EMPTY')
    const prompt = JSON.stringify(blocks)
    const bytes = Buffer.byteLength(prompt)
    if (bytes > this.#promptBytesMax)
      throw new HoldfastError('PROMPT_TOO_LARGE', { bytes, bytesMax: this.#promptBytesMax })
    return prompt
  }

  #readEvents(no: number, after: number, limit: number): EventRecord[] {
    const from = Math.max(after, 0)
    return this.#sessions.find(({ record }) => record.no === no)?.events.slice(from, from + limit) ?? []
  }
}

function activityOf(record: SessionRecord, active: TurnRecord | undefined): SessionLive['activity'] {
  if (record.state === 'closed') return 'closed'
  if (record.blockedBy !== undefined) return 'blocked'
  return active === undefined ? 'dormant' : 'running'
}
