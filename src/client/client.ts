// The typed client of the HTTP API: one method per route. Runs in browsers; knows no socket, file or environment.
// Never retries by itself, except that `events` reconnects with its cursor.

import type { LoginChange, LoginChanged } from '../wire/agent-login.ts'
import type { SessionFork } from '../wire/fork.ts'
import type { AgentSessionList, AgentSessionsQuery, SessionAdopt } from '../wire/adopt.ts'
import type {
  AgentList,
  GatewayRestart,
  GatewayRestarting,
  GatewayStop,
  GatewayStopping,
  NotReady,
  SafeModeChange,
  SafeModeChanged,
  StatusView,
} from '../wire/gateway.ts'
import type { ElicitationAnswer, ElicitationList, ElicitationListQuery, ElicitationView } from '../wire/elicitation.ts'
import type { GatewayReloaded } from '../wire/gateway-reload.ts'
import type { EventPage, EventQuery, EventView } from '../wire/event.ts'
import type { ExplanationView, StatisticsView } from '../wire/insight.ts'
import type { SessionReset } from '../wire/options.ts'
import type {
  PermissionRuleCreate,
  PermissionRuleList,
  PermissionRuleQuery,
  PermissionRuleView,
} from '../wire/permission-rule.ts'
import type { PermissionAnswer, PermissionList, PermissionListQuery, PermissionView } from '../wire/permission.ts'
import type {
  ResumeAction,
  SessionClosed,
  SessionCloseQuery,
  SessionCreate,
  SessionDetail,
  SessionEnsure,
  SessionEnsured,
  SessionListQuery,
  SessionPage,
  SessionPatch,
  SessionResetDone,
  SessionView,
} from '../wire/session.ts'
import type { BackupCreate, BackupDone, ExportPage, ExportQuery, VerifyDone } from '../wire/storage.ts'
import type { TaskListQuery, TaskPage, TaskView } from '../wire/task.ts'
import type {
  CancelEvidence,
  PromptAccepted,
  PromptCreate,
  QueueView,
  TurnEdit,
  TurnListQuery,
  TurnPage,
  TurnView,
} from '../wire/turn.ts'
import { followEvents } from './event-stream.ts'
import type { EventsOptions } from './event-stream.ts'
import { followInbox } from './inbox-stream.ts'
import type { InboxStep } from './inbox-stream.ts'
import { permissionsOf } from './permission-stream.ts'
import type { PermissionStep } from './permission-stream.ts'
import { Requests } from './requests.ts'
import type { CallOptions, ClientOptions } from './requests.ts'

/** Rejects with ApiError, or with HoldfastError GATEWAY_UNREACHABLE, DEADLINE or CANCELLED when there was no answer. */
export class HoldfastClient {
  readonly #requests: Requests

  constructor(options: ClientOptions) {
    this.#requests = new Requests(options)
  }

  /** Makes a session, or returns the one that has the key. SESSION_CONFLICT, AGENT_UNKNOWN, CWD_*. */
  createSession(body: SessionCreate, options?: CallOptions): Promise<SessionEnsured> {
    return this.#requests.post('/v1/sessions', body, options)
  }

  listSessions(query: SessionListQuery = {}, options?: CallOptions): Promise<SessionPage> {
    return this.#requests.get(`/v1/sessions${queryText(query)}`, options)
  }

  /** As `createSession`, by key: any number of calls make one session. */
  ensureSession(key: string, body: SessionEnsure, options?: CallOptions): Promise<SessionEnsured> {
    return this.#requests.put(sessionPath(key), body, options)
  }

  /**
   * Changes what is named; null clears. A living agent is asked for options of it first. OPTION_UNKNOWN, OPTION_INVALID,
   * CONTROL_UNSUPPORTED, CONTROL_REFUSED, PARENT_REFUSED, SESSION_BUSY.
   */
  changeSession(idOrKey: string, body: SessionPatch, options?: CallOptions): Promise<SessionDetail> {
    return this.#requests.patch(sessionPath(idOrKey), body, options)
  }

  /** Sessions that an agent has of its own; starts it to ask. AGENT_UNSUPPORTED. */
  listAgentSessions(agent: string, query: AgentSessionsQuery = {}, options?: CallOptions): Promise<AgentSessionList> {
    return this.#requests.get(`/v1/agents/${encodeURIComponent(agent)}/sessions${queryText(query)}`, options)
  }

  /** Makes a session that goes on with one of the agent's own; its first start reads the history. */
  adoptSession(body: SessionAdopt, options?: CallOptions): Promise<SessionView> {
    return this.#requests.post('/v1/sessions/adopt', body, options)
  }

  /** A new session that begins with what was said in this one. AGENT_UNSUPPORTED, SESSION_BUSY. */
  forkSession(idOrKey: string, body: SessionFork = {}, options?: CallOptions): Promise<SessionEnsured> {
    return this.#requests.post(`${sessionPath(idOrKey)}/fork`, body, options)
  }

  listTasks(query: TaskListQuery = {}, options?: CallOptions): Promise<TaskPage> {
    return this.#requests.get(`/v1/tasks${queryText(query)}`, options)
  }

  getTask(taskId: string, options?: CallOptions): Promise<TaskView> {
    return this.#requests.get(`/v1/tasks/${encodeURIComponent(taskId)}`, options)
  }

  /** Cancels the turn that the task is. */
  cancelTask(taskId: string, options?: CallOptions): Promise<CancelEvidence> {
    return this.#requests.post(`/v1/tasks/${encodeURIComponent(taskId)}/cancel`, {}, options)
  }

  /** By id or key. */
  getSession(idOrKey: string, options?: CallOptions): Promise<SessionDetail> {
    return this.#requests.get(sessionPath(idOrKey), options)
  }

  /** Resolves when the prompt is stored. A repeated call with the same `idempotency_key` gives the same turn. */
  prompt(idOrKey: string, body: PromptCreate, options?: CallOptions): Promise<PromptAccepted> {
    return this.#requests.post(sessionPath(idOrKey, '/prompts'), body, options)
  }

  listTurns(idOrKey: string, query: TurnListQuery = {}, options?: CallOptions): Promise<TurnPage> {
    return this.#requests.get(sessionPath(idOrKey, `/turns${queryText(query)}`), options)
  }

  getTurn(idOrKey: string, turnId: string, options?: CallOptions): Promise<TurnView> {
    return this.#requests.get(sessionPath(idOrKey, `/turns/${encodeURIComponent(turnId)}`), options)
  }

  /** What a session waits for, since when, and what ends the wait. */
  explainSession(idOrKey: string, options?: CallOptions): Promise<ExplanationView> {
    return this.#requests.get(sessionPath(idOrKey, '/explain'), options)
  }

  /** What all sessions did since the gateway started. */
  statistics(options?: CallOptions): Promise<StatisticsView> {
    return this.#requests.get('/v1/statistics', options)
  }

  /** The turn when it has ended, or as it is after `waitMs` (at most 60,000). */
  waitTurn(idOrKey: string, turnId: string, waitMs: number, options: CallOptions = {}): Promise<TurnView> {
    const path = sessionPath(idOrKey, `/turns/${encodeURIComponent(turnId)}${queryText({ wait_ms: waitMs })}`)
    return this.#requests.get(path, { timeoutMs: waitMs + WAIT_SLACK_MS, ...options })
  }

  /** The prompts that wait, in the order in which they will run. */
  getQueue(idOrKey: string, options?: CallOptions): Promise<QueueView> {
    return this.#requests.get(sessionPath(idOrKey, '/queue'), options)
  }

  /** Changes a prompt that waits, all of it or nothing. TURN_NOT_QUEUED for one that is out. */
  editTurn(idOrKey: string, turnId: string, edit: TurnEdit, options?: CallOptions): Promise<TurnView> {
    return this.#requests.patch(sessionPath(idOrKey, `/turns/${encodeURIComponent(turnId)}`), edit, options)
  }

  /** Cancels one turn, or without `turnId` the active one. May be repeated: the agent is asked again. */
  cancel(idOrKey: string, turnId?: string, options?: CallOptions): Promise<CancelEvidence> {
    const body = turnId === undefined ? {} : { turn_id: turnId }
    return this.#requests.post(sessionPath(idOrKey, '/cancel'), body, options)
  }

  /** As `cancel`, but answers when the turn has ended and says how, or after `waitMs` (at most 60,000). */
  cancelAndWait(
    idOrKey: string,
    { turnId, waitMs }: { readonly turnId?: string; readonly waitMs: number },
    options: CallOptions = {},
  ): Promise<CancelEvidence> {
    const body = { wait_ms: waitMs, ...(turnId !== undefined && { turn_id: turnId }) }
    return this.#requests.post(sessionPath(idOrKey, '/cancel'), body, { timeoutMs: waitMs + WAIT_SLACK_MS, ...options })
  }

  /** Somebody has logged in to the agent, or out of it, on the machine of the gateway. AGENT_UNKNOWN, GATEWAY_DRAINING. */
  tellLogin(agent: string, body: LoginChange, options?: CallOptions): Promise<LoginChanged> {
    return this.#requests.post(`/v1/agents/${encodeURIComponent(agent)}/login`, body, options)
  }

  /** Frees a session that an interrupted turn, a lost conversation or a login holds. ACTION_NOT_OFFERED. */
  resume(idOrKey: string, action: ResumeAction, options?: CallOptions): Promise<SessionView> {
    return this.#requests.post(sessionPath(idOrKey, '/resume'), { action }, options)
  }

  /** Clears options or conversation; resolves when no process with the old ones is left. SESSION_BUSY without `force`. */
  resetSession(idOrKey: string, body: SessionReset, options?: CallOptions): Promise<SessionResetDone> {
    return this.#requests.post(sessionPath(idOrKey, '/reset'), body, options)
  }

  /** Resolves when no process of the session is left. */
  closeSession(idOrKey: string, query: SessionCloseQuery = {}, options?: CallOptions): Promise<SessionClosed> {
    return this.#requests.post(sessionPath(idOrKey, `/close${queryText(query)}`), {}, options)
  }

  listEvents(idOrKey: string, query: EventQuery = {}, options?: CallOptions): Promise<EventPage> {
    return this.#requests.get(sessionPath(idOrKey, `/events${queryText(query)}`), options)
  }

  /**
   * Events after `after`, without gap or double, over reconnects, until the session is closed or `signal` aborts (ends without an
   * error). Rejects for what a reconnect cannot help: SESSION_NOT_FOUND, UNAUTHORIZED, CURSOR_AHEAD.
   */
  events(idOrKey: string, options: EventsOptions = {}): AsyncIterable<EventView> {
    return followEvents(this.#requests, sessionPath(idOrKey, '/events'), options)
  }

  listPermissions(query: PermissionListQuery = {}, options?: CallOptions): Promise<PermissionList> {
    return this.#requests.get(`/v1/permissions${queryText(query)}`, options)
  }

  getPermission(permissionId: string, options?: CallOptions): Promise<PermissionView> {
    return this.#requests.get(`/v1/permissions/${encodeURIComponent(permissionId)}`, options)
  }

  /**
   * The permission requests of all sessions: first a snapshot of those that wait, then each one that comes and each that is closed,
   * with who answered it. A reconnect begins with a snapshot again. Until `signal` aborts.
   */
  followPermissions(options: Omit<EventsOptions, 'after'> = {}): AsyncIterable<PermissionStep> {
    return permissionsOf(this.followInbox(options))
  }

  /** As `followPermissions`, with the questions of agents: all that waits for a person. */
  followInbox(options: Omit<EventsOptions, 'after'> = {}): AsyncIterable<InboxStep> {
    return followInbox(this.#requests, options)
  }

  listElicitations(query: ElicitationListQuery = {}, options?: CallOptions): Promise<ElicitationList> {
    return this.#requests.get(`/v1/elicitations${queryText(query)}`, options)
  }

  getElicitation(elicitationId: string, options?: CallOptions): Promise<ElicitationView> {
    return this.#requests.get(`/v1/elicitations/${encodeURIComponent(elicitationId)}`, options)
  }

  /** First answer wins: ELICITATION_CLOSED afterwards. ELICITATION_INVALID names the field and leaves it open. */
  answerElicitation(elicitationId: string, body: ElicitationAnswer, options?: CallOptions): Promise<ElicitationView> {
    return this.#requests.post(`/v1/elicitations/${encodeURIComponent(elicitationId)}`, body, options)
  }

  listPermissionRules(query: PermissionRuleQuery = {}, options?: CallOptions): Promise<PermissionRuleList> {
    return this.#requests.get(`/v1/permission-rules${queryText(query)}`, options)
  }

  /** In force when it resolves. PERMISSION_RULE_INVALID, PERMISSION_RULE_LIMIT. */
  addPermissionRule(body: PermissionRuleCreate, options?: CallOptions): Promise<PermissionRuleView> {
    return this.#requests.post('/v1/permission-rules', body, options)
  }

  /** Idempotent; the rule stays to be seen. */
  revokePermissionRule(ruleId: string, options?: CallOptions): Promise<PermissionRuleView> {
    return this.#requests.delete(`/v1/permission-rules/${encodeURIComponent(ruleId)}`, options)
  }

  /** First answer wins: PERMISSION_CLOSED afterwards. */
  answerPermission(permissionId: string, body: PermissionAnswer, options?: CallOptions): Promise<PermissionView> {
    return this.#requests.post(`/v1/permissions/${encodeURIComponent(permissionId)}`, body, options)
  }

  listAgents(options?: CallOptions): Promise<AgentList> {
    return this.#requests.get('/v1/agents', options)
  }

  status(options?: CallOptions): Promise<StatusView> {
    return this.#requests.get('/v1/status', options)
  }

  /** Resolves when a verified copy of the database is on disk under that name. BACKUP_FAILED. */
  backUp(body: BackupCreate, options?: CallOptions): Promise<BackupDone> {
    return this.#requests.post('/v1/gateway/backup', body, { timeoutMs: WHOLE_DATABASE_MS, ...options })
  }

  /** Reads all of the database; sessions with damage are in quarantine then. */
  verifyDatabase(options?: CallOptions): Promise<VerifyDone> {
    return this.#requests.post('/v1/gateway/verify', {}, { timeoutMs: WHOLE_DATABASE_MS, ...options })
  }

  /** A part of the log as lines of an export; also of a damaged one. */
  exportSession(idOrKey: string, query: ExportQuery = {}, options?: CallOptions): Promise<ExportPage> {
    return this.#requests.get(sessionPath(idOrKey, `/export${queryText(query)}`), options)
  }

  /** Resolves when the gateway has begun to drain, not when it is gone. */
  stopGateway(body: GatewayStop = {}, options?: CallOptions): Promise<GatewayStopping> {
    return this.#requests.post('/v1/gateway/stop', body, options)
  }

  /** Ends safe mode; false when it was off. */
  async leaveSafeMode(options?: CallOptions): Promise<boolean> {
    const body: SafeModeChange = { enabled: false }
    const { left } = await this.#requests.post<SafeModeChanged>('/v1/gateway/safe-mode', body, options)
    return left
  }

  /** Configuration and token are read again. CONFIG_INVALID with the place in the file: nothing has changed. */
  reloadGateway(options?: CallOptions): Promise<GatewayReloaded> {
    return this.#requests.post('/v1/gateway/reload', {}, options)
  }

  /** Whether new work is taken, and why not; undefined when nobody answers. */
  readiness(options?: CallOptions): Promise<'ready' | NotReady['reason'] | undefined> {
    return this.#requests.readiness(options)
  }

  /** Resolves when the next life is prepared and this one begins to end. GATEWAY_DRAINING; RESTART_REFUSED: nothing has changed. */
  restartGateway(body: GatewayRestart = {}, options?: CallOptions): Promise<GatewayRestarting> {
    return this.#requests.post('/v1/gateway/restart', body, options)
  }

  /** True when the process answers, whether or not it takes work. */
  isAlive(options?: CallOptions): Promise<boolean> {
    return this.#requests.isOk('/livez', options)
  }

  /** True when the gateway answers and is ready; false for every other answer and for none. */
  isReady(options?: CallOptions): Promise<boolean> {
    return this.#requests.isOk('/readyz', options)
  }

  openApi(options?: CallOptions): Promise<Record<string, unknown>> {
    return this.#requests.get('/openapi.json', options)
  }
}

const WAIT_SLACK_MS = 10_000
/** Some gigabytes on a slow disk. */
const WHOLE_DATABASE_MS = 30 * 60_000

function sessionPath(idOrKey: string, rest = ''): string {
  return `/v1/sessions/${encodeURIComponent(idOrKey)}${rest}`
}

function queryText(query: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined)
  if (pairs.length === 0) return ''
  return `?${pairs.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&')}`
}
