// The session service: what the front doors may ask, answered from the rows or by the session's actor.

import { createHash } from 'node:crypto'

import type { AgentDefinition } from '../agent/definition.ts'
import { ignore } from '../base/deadline.ts'
import { HoldfastError, isHoldfastError } from '../base/errors.ts'
import type { AgentSessionId, PermissionId, SessionId, TurnId } from '../base/ids.ts'
import { OneAtATime } from '../base/one-at-a-time.ts'
import type { PermissionRecord, SessionNo, SessionRecord, TurnRecord } from '../store/records.ts'
import { Actors } from './actors.ts'
import type { Draining } from './actors.ts'
import { adoptSession, listOffered } from './entry/adopt-session.ts'
import type { AdoptRequest, AgentSessions } from './entry/adopt-session.ts'
import type { ActorsPorts } from './actors.ts'
import { checkPrompt } from './turns/check-prompt.ts'
import type { PromptRules } from './turns/check-prompt.ts'
import type { ElicitationControl } from './elicitations/elicitation-control.ts'
import { SessionElicitations } from './elicitations/session-elicitations.ts'
import { ensureSession } from './entry/ensure-session.ts'
import { Equipper } from './equipment/equipper.ts'
import { isSameEquipment } from './equipment/change-equipment.ts'
import type { EquipmentRequest, EquipperPorts } from './equipment/equipper.ts'
import { forkSession } from './entry/fork-session.ts'
import type { ForkRequest } from './entry/fork-session.ts'
import { closeAndDelete } from './entry/close-and-delete.ts'
import type { FamilyChange } from './family/change-family.ts'
import { Parentage } from './family/parentage.ts'
import type { FamilyLimits } from './family/parentage.ts'
import { tellSession } from './family/tell-session.ts'
import type { TaskNotice } from './family/tell-session.ts'
import { SessionLogins } from './agents/login-control.ts'
import type { LoginControl } from './agents/login-control.ts'
import { explainDamaged, explainDormant } from './insight/explain.ts'
import { liveOfDormant } from './insight/dormant.ts'
import { readOptionsPatch } from './terms/options.ts'
import { refuseStale } from './entry/resolution.ts'
import type {
  CancelEvidence,
  CloseEvidence,
  CloseRequest,
  PromptAccepted,
  PromptRequest,
  ResetEvidence,
  ResetRequest,
  ResumeAction,
  SessionChange,
  SessionExplanation,
  SessionRequest,
  SessionService,
  SessionStatus,
  TurnEdit,
} from './service.ts'
import type { PermissionControl } from './permissions/permission-control.ts'
import { SessionPermissions } from './permissions/session-permissions.ts'
import type { PermissionPorts } from './permissions/session-permissions.ts'
import type { SessionOverview } from './insight/overview.ts'
import type { DrainTimes } from './state.ts'
import type { TurnDraft } from './input.ts'
import type { RecoveredTurns, ReplyValue } from './effect.ts'
import type { SessionStatisticsSnapshot } from './insight/statistics.ts'

export interface SessionsPorts
  extends Omit<ActorsPorts, 'judge' | 'equipper'>, PermissionPorts, Omit<EquipperPorts, 'store'> {
  /** Read for each prompt. */
  readonly promptRules: PromptRules
  readonly family: FamilyLimits
  /** Real path of an allowed working directory; CWD_NOT_ABSOLUTE, CWD_NOT_FOUND or CWD_NOT_ALLOWED otherwise. */
  checkCwd(cwd: string): Promise<string>
  /** Before a session is made for it. AGENT_COMMAND_MISSING for one that is offered, but not installed. */
  checkAgent(definition: AgentDefinition): Promise<void>
  findDefinition(name: string): AgentDefinition | undefined
}

export interface Sessions extends AsyncDisposable {
  readonly service: SessionService
  readonly permissions: PermissionControl
  readonly elicitations: ElicitationControl
  readonly logins: LoginControl
  /** A task was given something to tell since the last call of this; at most one listener. */
  onTaskDue: () => void
  /**
   * Tells a session of a task of it, once however often it is called. SESSION_NOT_FOUND, SESSION_CLOSED, GATEWAY_DRAINING, or
   * QUEUE_FULL when there is no place for the prompt: then nothing was told.
   */
  tell(parent: SessionId, notice: TaskNotice): Promise<void>
  readonly isDraining: boolean
  /** Agents that are alive and wait for a prompt of their session. */
  readonly idleAgents: number
  /** Opens what an earlier life left open; resolves with the number of sessions looked at. */
  recover(): Promise<number>
  /** What became of the turns that earlier lives left with agents. */
  readonly recovered: RecoveredTurns
  /** Ends the pause that the port `isPaused` began: prompts are taken and handed out. */
  goOn(): void
  /** See Actors.redefine. */
  redefine(): void
  /** What the sessions do that this process works for; of no particular order. */
  overview(): Iterable<SessionOverview>
  /** See Actors.drain. */
  drain(times: DrainTimes): Draining
  /** What the sessions did since this gateway started. */
  statistics(): SessionStatisticsSnapshot
  /** See Actors.handOver. */
  handOver(): Promise<void>
  /** See Actors.drainConnections. */
  drainConnections(times: DrainTimes): Promise<void>
}

export function openSessions(given: SessionsPorts): Sessions {
  const ports = { ...given, equipper: new Equipper(given) }
  const permissions: SessionPermissions = new SessionPermissions(ports, {
    ask: (no, build) => actors.ask(no, build),
    abandon: (no) => actors.find(no)?.post({ kind: 'unattended' }),
    waiting: () => actors.waiting(),
  })
  const actors: Actors = new Actors({ ...ports, judge: permissions, onTaskDue: () => sessions.onTaskDue() })
  const sessions: Sessions = {
    service: new Service(ports, actors, permissions),
    permissions,
    elicitations: new SessionElicitations(ports.store, { ask: (no, build) => actors.ask(no, build) }),
    logins: new SessionLogins(ports, actors),
    onTaskDue: () => {},
    tell: (parent, notice) => tellSession({ ...ports, actors }, parent, notice),
    get isDraining() {
      return actors.isDraining
    },
    get idleAgents() {
      return actors.idleAgents
    },
    recover: () => actors.recover(),
    get recovered() {
      return actors.recovered
    },
    goOn: () => actors.goOn(),
    redefine: () => actors.redefine(),
    overview: () => actors.overview(),
    drain: (times) => actors.drain(times),
    statistics: () => actors.statistics.snapshot(),
    handOver: () => actors.handOver(),
    drainConnections: (times) => actors.drainConnections(times),
    [Symbol.asyncDispose]: () => {
      permissions[Symbol.dispose]()
      return actors[Symbol.asyncDispose]()
    },
  }
  return sessions
}

type ServicePorts = SessionsPorts & { readonly equipper: Equipper }

class Service implements SessionService {
  readonly #ports: ServicePorts
  readonly #actors: Actors
  readonly #permissions: SessionPermissions
  readonly #parentage: Parentage
  readonly #adoptions = new OneAtATime()

  constructor(ports: ServicePorts, actors: Actors, permissions: SessionPermissions) {
    this.#ports = ports
    this.#actors = actors
    this.#permissions = permissions
    this.#parentage = new Parentage(ports.store, ports.family)
  }

  async ensure(request: SessionRequest): Promise<{ status: SessionStatus; created: boolean }> {
    this.#refuseNewWork()
    const { session, created } = await ensureSession({ ...this.#ports, parentage: this.#parentage }, request)
    return { status: await this.#status(session), created }
  }

  async listAgentSessions(agent: string, cwd: string | undefined): Promise<AgentSessions> {
    this.#refuseNewWork() // it starts an agent
    return listOffered({ ...this.#ports, adoptions: this.#adoptions }, agent, cwd)
  }

  async adopt(request: AdoptRequest): Promise<SessionStatus> {
    this.#refuseNewWork()
    const ports = { ...this.#ports, parentage: this.#parentage }
    const make = (made: SessionRequest, conversation: AgentSessionId) => ensureSession(ports, { ...made, conversation })
    return this.#status(await adoptSession({ ...this.#ports, adoptions: this.#adoptions }, request, make))
  }

  async fork(id: SessionId, request: ForkRequest): Promise<{ status: SessionStatus; created: boolean }> {
    this.#refuseNewWork()
    const ports = { ...this.#ports, actors: this.#actors, parentage: this.#parentage }
    const { session, created } = await forkSession(ports, await this.#find(id), request)
    return { status: await this.#status(session), created }
  }

  async describe(...[id, { parent, ...rest }]: Parameters<SessionService['describe']>): Promise<SessionStatus> {
    const session = await this.#open(id)
    const change = (family: FamilyChange): Promise<unknown> =>
      this.#actors.ask(session.no, (reply) => ({ kind: 'describe', reply, change: { ...rest, ...family } }))
    if (typeof parent === 'string') await this.#parentage.linked(parent, session, (it) => change({ parent: it }))
    else await change(parent === null ? { parent } : {})
    return this.get(id)
  }

  async get(idOrKey: string): Promise<SessionStatus> {
    return this.#status(await this.#find(idOrKey))
  }

  async list(...[filter, page]: Parameters<SessionService['list']>): Promise<SessionStatus[]> {
    const sessions = await this.#ports.store.listSessions(filter, page)
    return Promise.all(sessions.map((session) => this.#status(session)))
  }

  async prompt(id: SessionId, request: PromptRequest): Promise<PromptAccepted> {
    this.#refuseNewWork()
    const session = await this.#usable(id)
    const prompt = checkPrompt(request.prompt, this.#ports.promptRules, session)
    this.#permissions.prompted(session.no)
    const { whenBusy } = request
    const draft = draftOf(request, prompt, this.#ports.ids.turn())
    const isGatewayFull = this.#actors.queued.isFull
    using _ = this.#actors.queued.ask()
    const reply = await this.#actors.ask(session.no, (to) => ({
      kind: 'prompt',
      reply: to,
      draft,
      whenBusy,
      isGatewayFull,
    }))
    return accepted(reply)
  }

  async queued(id: SessionId): Promise<TurnRecord[]> {
    const session = await this.#find(id)
    const turns = await this.#ports.store.listUnsettledTurns(session.no)
    return turns.filter(({ state }) => state === 'queued')
  }

  async editTurn(id: SessionId, turnId: TurnId, edit: TurnEdit): Promise<TurnRecord> {
    this.#refuseWhileDraining()
    const session = await this.#find(id)
    const { state } = await this.turn(id, turnId)
    if (state !== 'queued') throw notQueued(turnId, state)
    const { expiresAt, to } = edit
    const prompt = edit.prompt === undefined ? undefined : checkPrompt(edit.prompt, this.#ports.promptRules, session)
    await this.#actors.ask(session.no, (reply) => ({ kind: 'edit', reply, turnId, prompt, expiresAt, to }))
    return this.turn(id, turnId)
  }

  async sessionIdOf(no: SessionNo): Promise<SessionId> {
    const session = await this.#ports.store.findSessionByNo(no)
    if (session === undefined) throw new HoldfastError('SESSION_NOT_FOUND', { session: no })
    return session.id
  }

  async turn(id: SessionId, turnId: TurnId): Promise<TurnRecord> {
    const session = await this.#find(id)
    const turn = await this.#ports.store.findTurn(turnId)
    if (turn?.sessionNo !== session.no) throw new HoldfastError('TURN_NOT_FOUND', { turn: turnId, session: id })
    return turn
  }

  async turns(...[id, page]: Parameters<SessionService['turns']>): Promise<TurnRecord[]> {
    const session = await this.#find(id)
    return this.#ports.store.listTurns(session.no, page)
  }

  async cancel(id: SessionId, turnId?: TurnId): Promise<CancelEvidence> {
    const session = await this.#find(id)
    if (turnId !== undefined) await this.turn(id, turnId)
    if (session.state === 'closed') return { turns: [], outcome: 'none' }
    const reply = await this.#actors.askToEnd(session.no, (to) => ({ kind: 'cancel', reply: to, turnId }))
    return reply.kind === 'cancel' ? { turns: reply.turns, outcome: reply.outcome } : { turns: [], outcome: 'none' }
  }

  async change(id: SessionId, { options = {}, continuity }: SessionChange): Promise<SessionStatus> {
    this.#refuseWhileDraining()
    const patch = readOptionsPatch(options)
    const { no } = await this.#open(id)
    await this.#actors.ask(no, (reply) => ({ kind: 'change', reply, patch, continuity }))
    return this.get(id)
  }

  async equip(id: SessionId, request: EquipmentRequest): Promise<SessionStatus> {
    this.#refuseWhileDraining()
    const session = await this.#open(id)
    const change = await this.#ports.equipper.read(request, session)
    if (isSameEquipment(change, session)) return this.#status(session)
    await this.#actors.ask(session.no, (reply) => ({ kind: 'equip', reply, change }))
    return this.get(id)
  }

  async reset(id: SessionId, request: ResetRequest): Promise<ResetEvidence> {
    this.#refuseWhileDraining()
    const { no } = await this.#open(id)
    const reply = await this.#actors.ask(no, (to) => ({ kind: 'reset', reply: to, ...request }))
    return reply.kind === 'reset' ? reply : { stopped: undefined, cleared: [] }
  }

  async resume(id: SessionId, action: ResumeAction): Promise<SessionStatus> {
    this.#refuseWhileDraining()
    await this.#actors.open((await this.#usable(id)).no)
    const session = await this.#open(id)
    const interrupted =
      session.blockedBy === undefined ? undefined : await this.#ports.store.findTurn(session.blockedBy)
    const draft = interrupted === undefined ? undefined : { ...asDraft(interrupted), turnId: this.#ports.ids.turn() }
    await this.#actors.ask(session.no, (reply) => ({ kind: 'resume', reply, action, draft }))
    return this.get(id)
  }

  async extension(...[id, call]: Parameters<SessionService['extension']>): ReturnType<SessionService['extension']> {
    const { no } = await this.#open(id)
    const answer = this.#actors.find(no)?.extension(call)
    if (answer === undefined) throw new HoldfastError('AGENT_NOT_RUNNING', { session: id })
    return answer
  }

  async permission(id: PermissionId): Promise<PermissionRecord> {
    return this.#permissions.permission(id)
  }

  async permissions(...[filter, limit]: Parameters<SessionService['permissions']>): Promise<PermissionRecord[]> {
    const { sessionId, state } = filter
    const session = sessionId === undefined ? undefined : await this.#find(sessionId)
    const byState = state === undefined ? {} : { state }
    return this.#ports.store.listPermissions(
      session === undefined ? byState : { ...byState, sessionNo: session.no },
      limit,
    )
  }

  async answerPermission(...[id, answer]: Parameters<SessionService['answerPermission']>): Promise<PermissionRecord> {
    return this.#permissions.answer(id, answer)
  }

  async close(id: SessionId, { deleteConversation = false }: CloseRequest = {}): Promise<CloseEvidence> {
    if (!deleteConversation) return this.#close(id)
    this.#refuseNewWork() // it starts an agent
    return closeAndDelete(this.#ports, await this.#find(id), () => this.#close(id))
  }

  async #close(id: SessionId): Promise<CloseEvidence> {
    const session = await this.#find(id)
    if (session.state === 'closed') return { session, stopped: undefined, turns: [] }
    if (session.damage !== undefined) return this.#retire(session)
    const reply = await this.#actors.askToEnd(session.no, (to) => ({ kind: 'close', reply: to })).catch(closedMeanwhile)
    const { stopped, turns } = reply?.kind === 'gone' ? reply : { stopped: undefined, turns: [] }
    return { session: await this.#find(id), stopped, turns }
  }

  async explain(idOrKey: string): Promise<SessionExplanation> {
    const status = await this.get(idOrKey)
    const { session } = status
    if (status.live.activity === 'quarantined') return { ...status, explanation: explainDamaged() }
    const explanation = this.#actors.find(session.no)?.explain() ?? explainDormant(session, status.live)
    return { ...status, explanation }
  }

  /** Nobody may write to its log: its actor, fenced off, ends with its agent, and the rows are settled without it. */
  async #retire({ id, no }: SessionRecord): Promise<CloseEvidence> {
    const refused = ignore('it was fenced off, or could not be opened')
    if (this.#actors.find(no) !== undefined) {
      await this.#actors.ask(no, (to) => ({ kind: 'close', reply: to })).catch(refused)
    }
    const turns = await this.#ports.store.listUnsettledTurns(no)
    await this.#ports.store.retireSession(no)
    return { session: await this.#find(id), stopped: undefined, turns: turns.map((turn) => turn.id) }
  }

  async #status(session: SessionRecord): Promise<SessionStatus> {
    const live = this.#actors.find(session.no)?.live ?? (await liveOfDormant(this.#ports.store, session))
    const isWhole = session.damage === undefined || session.state === 'closed'
    return { session, live: isWhole ? live : { ...live, activity: 'quarantined' } }
  }

  async #find(id: string): Promise<SessionRecord> {
    const session = await this.#ports.store.findSession(id.trim())
    if (session === undefined) throw new HoldfastError('SESSION_NOT_FOUND', { session: id })
    return session
  }

  async #open(id: string): Promise<SessionRecord> {
    const session = await this.#find(id)
    if (session.state !== 'open') throw new HoldfastError('SESSION_CLOSED', { session: id })
    return session
  }

  /** An open session that has an agent, or could get one. SESSION_CLOSED, SESSION_STALE. */
  async #usable(id: string): Promise<SessionRecord> {
    const session = await this.#open(id)
    const isDefined = this.#ports.findDefinition(session.agent) !== undefined
    const isReady = this.#actors.find(session.no)?.state.agent.kind === 'ready'
    if (!isReady || !isDefined) await refuseStale(this.#ports, session)
    return session
  }

  /** GATEWAY_DRAINING, SAFE_MODE, STORE_FULL. */
  #refuseNewWork(): void {
    this.#refuseWhileDraining()
    if (this.#actors.isPaused) throw new HoldfastError('SAFE_MODE')
    if (!this.#ports.store.hasRoom()) throw new HoldfastError('STORE_FULL')
  }

  #refuseWhileDraining(): void {
    if (this.#actors.isDraining) throw new HoldfastError('GATEWAY_DRAINING')
  }
}

function accepted(reply: ReplyValue): PromptAccepted {
  if (reply.kind === 'prompt') return { turn: reply.turn, position: reply.position, replayed: false }
  if (reply.kind === 'replay') return { turn: reply.turn, position: reply.position, replayed: true }
  throw new HoldfastError('INTERNAL', { requestId: `prompt answered by ${reply.kind}` })
}

function asDraft({ prompt, meta, onInterrupt, unattended, deadlineMs, lane }: TurnRecord): Omit<TurnDraft, 'turnId'> {
  const asked = { prompt, meta, onInterrupt, unattended, deadlineMs, lane }
  return { ...asked, bodyHash: '', idempotencyKey: undefined, expiresAt: undefined }
}

/** Everything that was asked for is in the hash, but for `_meta`: a prompt that is sent again may have another trace; a prompt that asks for nothing of it has the hash of the two things before. */
function draftOf(request: PromptRequest, prompt: string, turnId: TurnId): TurnDraft {
  const { idempotencyKey, onInterrupt, unattended, expiresAt, deadlineMs, lane, whenBusy, meta } = request
  const more = { unattended, deadlineMs, lane, whenBusy }
  const isMore = Object.values(more).some((value) => value !== undefined)
  const bodyHash = hashOf([prompt, onInterrupt ?? null, expiresAt ?? null, ...(isMore ? [more] : [])])
  return { turnId, prompt, meta, bodyHash, idempotencyKey, onInterrupt, unattended, expiresAt, deadlineMs, lane }
}

function notQueued(turn: TurnId, state: TurnRecord['state']): HoldfastError {
  const isOut = state === 'dispatching' || state === 'running'
  return new HoldfastError(isOut ? 'TURN_NOT_QUEUED' : 'TURN_NOT_ACTIVE', { turn, state })
}

function hashOf(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

/** Who wanted it closed has what was wanted, also when another one was first. */
function closedMeanwhile(error: unknown): undefined {
  if (!isHoldfastError(error) || error.code !== 'SESSION_CLOSED') throw error
}
