// Everything about permissions that is not one session's: the rules in memory, who is there, the inbox, and the ways to change them.
// Hands facts to the actors and changes to their mailboxes; decides nothing itself.

import type { AgentDefinition } from '../../agent/definition.ts'
import type { Clock } from '../../base/clock.ts'
import { HoldfastError } from '../../base/errors.ts'
import type { Ids, PermissionId, RuleId, SessionId } from '../../base/ids.ts'
import type { PermissionMode, PermissionRuleRecord } from '../../store/permission-rule-record.ts'
import type { EventRecord, PermissionRecord, SessionNo, SessionRecord } from '../../store/records.ts'
import type { Store } from '../../store/store.ts'
import type { Judgement } from './ask-permission.ts'
import { Attendance } from './attendance.ts'
import type { PermissionControl, RuleRequest } from './permission-control.ts'
import { Inbox } from '../inbox.ts'
import type { InboxStream } from '../inbox.ts'
import { RuleBook } from './rules/rule-book.ts'
import { ruleProblem } from './rules/rule-match.ts'
import { planAnswer } from './plan-answer.ts'
import type { PermissionAnswer } from '../service.ts'
import type { ReplyTo } from '../state.ts'
import type { Input } from '../input.ts'
import type { RuleChange } from './standing-rules.ts'

/** What an actor asks and tells. */
export interface PermissionJudge {
  /** Resolves when requests can be judged: before the first session is opened. */
  load(): Promise<void>
  judge(session: SessionRecord, toolCall: string): Judgement
  /** Whether a client is there that sees what the session asks of a person. To be asked when it does. */
  isAttended(session: SessionRecord): boolean
  /** A rule is stored, or stored as revoked. */
  learn(rule: PermissionRuleRecord): void
  forget(id: RuleId): void
  stored(events: readonly EventRecord[]): void
  /** Requests of an earlier life wait on. */
  waiting(no: SessionNo): void
  /** The session has no owner here any more. */
  released(no: SessionNo): void
}

/** The actors, as far as they are needed here. */
export interface Owners {
  ask(no: SessionNo, build: (reply: ReplyTo) => Input): Promise<unknown>
  /** Says to a session that has an owner that nobody is there. */
  abandon(no: SessionNo): void
  /** Sessions that have an owner and wait for a person. */
  waiting(): Iterable<SessionNo>
}

export interface PermissionPorts {
  readonly store: Store
  readonly clock: Clock
  readonly ids: Ids
  findDefinition(name: string): AgentDefinition | undefined
  /** For tests: see AttendancePorts. */
  readonly attendanceGraceMs?: number
}

/** Longer than a client waits before it comes back. */
const GRACE_MS = 5_000

export class SessionPermissions implements PermissionJudge, PermissionControl, Disposable {
  readonly #ports: PermissionPorts
  readonly #owners: Owners
  readonly #book: RuleBook
  readonly #attendance: Attendance
  readonly #inbox: Inbox

  constructor(ports: PermissionPorts, owners: Owners) {
    this.#ports = ports
    this.#owners = owners
    this.#book = new RuleBook(ports.store, ports.clock)
    this.#inbox = new Inbox(ports.store)
    this.#attendance = new Attendance({
      clock: ports.clock,
      graceMs: ports.attendanceGraceMs ?? GRACE_MS,
      waiting: () => owners.waiting(),
      abandoned: (no) => owners.abandon(no),
    })
  }

  load(): Promise<void> {
    return this.#book.load()
  }

  judge(session: SessionRecord, toolCall: string): Judgement {
    return { ruling: this.#book.rulingOn(session, toolCall), isAttended: this.#attendance.isAttended(session.no) }
  }

  isAttended({ no }: SessionRecord): boolean {
    return this.#attendance.isAttended(no)
  }

  learn(rule: PermissionRuleRecord): void {
    this.#book.learn(rule)
  }

  forget(id: RuleId): void {
    this.#book.forget(id)
  }

  stored(events: readonly EventRecord[]): void {
    this.#inbox.stored(events)
  }

  waiting(no: SessionNo): void {
    this.#attendance.isAttended(no)
  }

  released(no: SessionNo): void {
    this.#attendance.forget(no)
  }

  /** Whoever sends a prompt may be about to watch it. */
  prompted(no: SessionNo): void {
    this.#attendance.prompted(no)
  }

  attend(no?: SessionNo): Disposable {
    return this.#attendance.enter(no)
  }

  inbox(): InboxStream {
    return this.#inbox.open()
  }

  async setMode(id: SessionId, mode: PermissionMode, by: string): Promise<void> {
    const { no } = await this.#session(id)
    await this.#owners.ask(no, (reply) => ({ kind: 'permission_mode', reply, mode, by }))
  }

  async rules({ all }: { readonly all: boolean }, limit: number): Promise<PermissionRuleRecord[]> {
    const { store, clock } = this.#ports
    return store.listPermissionRules(all ? {} : { inForceAt: clock.now() }, limit)
  }

  async addRule(request: RuleRequest, by: string): Promise<PermissionRuleRecord> {
    await this.#book.load()
    this.#book.checkRoom()
    const rule = await this.#newRule(request, by)
    if (rule.sessionNo !== undefined) await this.#change(rule.sessionNo, { kind: 'add', rule })
    else {
      await this.#ports.store.insertPermissionRule(rule)
      this.#book.learn(rule)
    }
    return rule
  }

  async revokeRule(id: RuleId, by: string): Promise<PermissionRuleRecord> {
    const { store, clock } = this.#ports
    await this.#book.load() // what is read now may not be learned after it is forgotten
    const rule = await this.#rule(id)
    if (rule.revokedAt !== undefined) return rule
    const session = rule.sessionNo === undefined ? undefined : await store.findSessionByNo(rule.sessionNo)
    if (session !== undefined && session.state !== 'closed')
      await this.#change(session.no, { kind: 'revoke', ruleId: id, by })
    else {
      await store.revokePermissionRule(id, { at: clock.now(), by })
      this.#book.forget(id)
    }
    return this.#rule(id)
  }

  /** See SessionService.answerPermission. */
  async answer(id: PermissionId, answer: PermissionAnswer): Promise<PermissionRecord> {
    const { store, ids, clock } = this.#ports
    const permission = await this.permission(id)
    const session = await store.findSessionByNo(permission.sessionNo)
    if (permission.state !== 'open' || session === undefined) throw closedError(permission)
    const { optionId, rule } = planAnswer({ permission, session, ruleId: ids.rule(), now: clock.now() }, answer)
    if (rule !== undefined) this.#book.checkRoom()
    const { answeredBy } = answer
    try {
      await this.#owners.ask(session.no, (reply) => ({
        kind: 'answer',
        reply,
        permissionId: id,
        optionId,
        answeredBy,
        rule,
      }))
    } catch (error) {
      if (error instanceof HoldfastError && error.code === 'PERMISSION_CLOSED')
        throw closedError(await this.permission(id))
      throw error
    }
    return this.permission(id)
  }

  async permission(id: PermissionId): Promise<PermissionRecord> {
    const permission = await this.#ports.store.findPermission(id)
    if (permission === undefined) throw new HoldfastError('PERMISSION_NOT_FOUND', { permission: id })
    return permission
  }

  [Symbol.dispose](): void {
    this.#attendance[Symbol.dispose]()
  }

  #change(no: SessionNo, change: RuleChange): Promise<unknown> {
    return this.#owners.ask(no, (reply) => ({ kind: 'permission_rule', reply, change }))
  }

  async #newRule(request: RuleRequest, by: string): Promise<PermissionRuleRecord> {
    const { ids, clock, findDefinition } = this.#ports
    const { effect, scope, sessionId, agent, toolKind, path, command, expiresAt } = request
    const matchers = { effect, toolKind, path, command }
    const problem = ruleProblem(matchers) ?? scopeProblem(request)
    if (problem !== undefined) throw new HoldfastError('PERMISSION_RULE_INVALID', { reason: problem })
    if (expiresAt !== undefined && expiresAt <= clock.now())
      throw new HoldfastError('PERMISSION_RULE_INVALID', { reason: 'it has expired already' })
    if (agent !== undefined && findDefinition(agent) === undefined) throw new HoldfastError('AGENT_UNKNOWN', { agent })
    const session = sessionId === undefined ? undefined : await this.#session(sessionId)
    return {
      ...matchers,
      id: ids.rule(),
      scope,
      sessionNo: session?.no,
      agent,
      createdAt: clock.now(),
      createdBy: by,
      expiresAt,
      revokedAt: undefined,
      revokedBy: undefined,
      hits: 0,
      lastUsedAt: undefined,
    }
  }

  async #session(id: SessionId): Promise<SessionRecord> {
    const session = await this.#ports.store.findSession(id)
    if (session === undefined) throw new HoldfastError('SESSION_NOT_FOUND', { session: id })
    if (session.state !== 'open') throw new HoldfastError('SESSION_CLOSED', { session: id })
    return session
  }

  async #rule(id: RuleId): Promise<PermissionRuleRecord> {
    const rule = await this.#ports.store.findPermissionRule(id)
    if (rule === undefined) throw new HoldfastError('PERMISSION_RULE_NOT_FOUND', { rule: id })
    return rule
  }
}

function scopeProblem({ scope, sessionId, agent }: RuleRequest): string | undefined {
  if ((scope === 'session') !== (sessionId !== undefined)) return 'a session is named with scope session, and only then'
  if ((scope === 'agent') !== (agent !== undefined)) return 'an agent is named with scope agent, and only then'
  return undefined
}

/** PERMISSION_CLOSED that says who was first, and when. */
function closedError({ id, state, answeredBy, optionId, closedAt }: PermissionRecord): HoldfastError {
  const at = closedAt === undefined ? undefined : new Date(closedAt).toISOString()
  const details = {
    permission: id,
    state,
    answered_by: answeredBy ?? null,
    option_id: optionId ?? null,
    at: at ?? null,
  }
  return new HoldfastError('PERMISSION_CLOSED', details)
}
