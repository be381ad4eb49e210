// The session service: what the front doors may ask, answered from the rows or by the session's actor.

import { createHash } from 'node:crypto'

import type { AgentDefinition } from '../agent/definition.ts'
import { HoldfastError } from '../base/errors.ts'
import type { PermissionId, SessionId, TurnId } from '../base/ids.ts'
import type { PermissionRecord, SessionNo, SessionRecord, TurnRecord } from '../store/records.ts'
import { Actors } from './actors.ts'
import type { ActorsPorts } from './actors.ts'
import { checkPrompt } from './check-prompt.ts'
import { dormantLive } from './live.ts'
import type {
  CancelEvidence,
  CloseEvidence,
  PromptAccepted,
  PromptRequest,
  ResumeAction,
  SessionRequest,
  SessionService,
  SessionStatus,
} from './service.ts'
import type { ReplyValue, TurnDraft } from './state.ts'

export interface SessionsPorts extends ActorsPorts {
  readonly promptBytesMax: number
  /** Real path of an allowed working directory; CWD_NOT_ABSOLUTE, CWD_NOT_FOUND or CWD_NOT_ALLOWED otherwise. */
  checkCwd(cwd: string): Promise<string>
  findDefinition(name: string): AgentDefinition | undefined
}

export interface Sessions extends AsyncDisposable {
  readonly service: SessionService
  readonly isDraining: boolean
  /** Agents that are alive and wait for a prompt of their session. */
  readonly idleAgents: number
  /** Opens what an earlier life left open; resolves with the number of sessions looked at. */
  recover(): Promise<number>
  /** See Actors.drain. `budgetAt` in epoch ms. */
  drain(budgetAt: number): Promise<void>
  /** See Actors.handOver. */
  handOver(): Promise<void>
}

export function openSessions(ports: SessionsPorts): Sessions {
  const actors = new Actors(ports)
  return {
    service: new Service(ports, actors),
    get isDraining() {
      return actors.isDraining
    },
    get idleAgents() {
      return actors.idleAgents
    },
    recover: () => actors.recover(),
    drain: (budgetAt) => actors.drain(budgetAt),
    handOver: () => actors.handOver(),
    [Symbol.asyncDispose]: () => actors[Symbol.asyncDispose](),
  }
}

class Service implements SessionService {
  readonly #ports: SessionsPorts
  readonly #actors: Actors

  constructor(ports: SessionsPorts, actors: Actors) {
    this.#ports = ports
    this.#actors = actors
  }

  async ensure(request: SessionRequest): Promise<{ status: SessionStatus; created: boolean }> {
    this.#refuseWhileDraining()
    const { store, ids, clock, findDefinition, checkCwd } = this.#ports
    if (findDefinition(request.agent) === undefined) throw new HoldfastError('AGENT_UNKNOWN', { agent: request.agent })
    const cwd = await checkCwd(request.cwd)
    const { key, agent, mode = 'persistent', onInterrupt = 'hold' } = request
    const known = key === undefined ? undefined : await this.#findOpenByKey(key)
    if (known !== undefined) return { status: this.#status(matching(known, { agent, cwd })), created: false }
    try {
      const session = await store.createSession({
        id: ids.session(),
        key,
        agent,
        cwd,
        mode,
        onInterrupt,
        createdAt: clock.now(),
      })
      return { status: this.#status(session), created: true }
    } catch (error) {
      // Two callers with one key: the second gets the session of the first.
      const winner = key === undefined ? undefined : await this.#findOpenByKey(key)
      if (winner === undefined) throw error
      return { status: this.#status(matching(winner, { agent, cwd })), created: false }
    }
  }

  async get(idOrKey: string): Promise<SessionStatus> {
    const session = await this.#ports.store.findSession(idOrKey)
    if (session === undefined) throw new HoldfastError('SESSION_NOT_FOUND', { session: idOrKey })
    return this.#status(session)
  }

  async list(...[filter, page]: Parameters<SessionService['list']>): Promise<SessionStatus[]> {
    const sessions = await this.#ports.store.listSessions(filter, page)
    return sessions.map((session) => this.#status(session))
  }

  async prompt(id: SessionId, request: PromptRequest): Promise<PromptAccepted> {
    this.#refuseWhileDraining()
    const session = await this.#open(id)
    const prompt = checkPrompt(request.prompt, this.#ports.promptBytesMax)
    const { idempotencyKey, onInterrupt, expiresAt } = request
    const bodyHash = hashOf([prompt, onInterrupt ?? null, expiresAt ?? null])
    const turnId = this.#ports.ids.turn()
    const reply = await this.#actors.ask(session.no, (to) => ({
      kind: 'prompt',
      reply: to,
      draft: { turnId, prompt, bodyHash, idempotencyKey, onInterrupt, expiresAt },
    }))
    return accepted(reply)
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
    const reply = await this.#actors.ask(session.no, (to) => ({ kind: 'cancel', reply: to, turnId }))
    return reply.kind === 'cancel' ? { turns: reply.turns, outcome: reply.outcome } : { turns: [], outcome: 'none' }
  }

  async resume(id: SessionId, action: ResumeAction): Promise<SessionStatus> {
    this.#refuseWhileDraining()
    await this.#actors.open((await this.#open(id)).no)
    const session = await this.#open(id)
    const interrupted =
      session.blockedBy === undefined ? undefined : await this.#ports.store.findTurn(session.blockedBy)
    const draft = interrupted === undefined ? undefined : { ...asDraft(interrupted), turnId: this.#ports.ids.turn() }
    await this.#actors.ask(session.no, (reply) => ({ kind: 'resume', reply, action, draft }))
    return this.get(id)
  }

  async permission(id: PermissionId): Promise<PermissionRecord> {
    const permission = await this.#ports.store.findPermission(id)
    if (permission === undefined) throw new HoldfastError('PERMISSION_NOT_FOUND', { permission: id })
    return permission
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
    const permission = await this.permission(id)
    if (permission.state !== 'open')
      throw new HoldfastError('PERMISSION_CLOSED', { permission: id, state: permission.state })
    await this.#actors.ask(permission.sessionNo, (reply) => ({ kind: 'answer', reply, permissionId: id, ...answer }))
    return this.permission(id)
  }

  async close(id: SessionId): Promise<CloseEvidence> {
    const session = await this.#find(id)
    if (session.state === 'closed') return { session, stopped: undefined }
    const reply = await this.#actors.ask(session.no, (to) => ({ kind: 'close', reply: to }))
    const stopped = reply.kind === 'gone' ? reply.stopped : undefined
    return { session: await this.#find(id), stopped }
  }

  #status(session: SessionRecord): SessionStatus {
    const live = this.#actors.find(session.no)?.live
    return { session, live: live ?? dormantLive(session.state === 'closed', session.blockedBy !== undefined) }
  }

  async #find(id: string): Promise<SessionRecord> {
    const session = await this.#ports.store.findSession(id)
    if (session === undefined) throw new HoldfastError('SESSION_NOT_FOUND', { session: id })
    return session
  }

  async #open(id: string): Promise<SessionRecord> {
    const session = await this.#find(id)
    if (session.state !== 'open') throw new HoldfastError('SESSION_CLOSED', { session: id })
    return session
  }

  async #findOpenByKey(key: string): Promise<SessionRecord | undefined> {
    const session = await this.#ports.store.findSession(key)
    return session !== undefined && session.key === key && session.state !== 'closed' ? session : undefined
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

/** A key names one session: asking for another agent or directory under it is a mistake, not a new session. */
function matching(session: SessionRecord, { agent, cwd }: { agent: string; cwd: string }): SessionRecord {
  if (session.agent !== agent) throw new HoldfastError('SESSION_CONFLICT', { session: session.key, field: 'agent' })
  if (session.cwd !== cwd) throw new HoldfastError('SESSION_CONFLICT', { session: session.key, field: 'cwd' })
  return session
}

function asDraft({ prompt, onInterrupt }: TurnRecord): Omit<TurnDraft, 'turnId'> {
  return { prompt, bodyHash: '', idempotencyKey: undefined, onInterrupt, expiresAt: undefined }
}

function hashOf(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}
