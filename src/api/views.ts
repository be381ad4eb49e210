// Records to wire: snake_case, RFC 3339 times, null for what is not there. The only place that knows both shapes.

import { ERRORS } from '../base/errors.ts'
import type { StoredError } from '../base/errors.ts'
import type { SessionId } from '../base/ids.ts'
import type { JsonObject } from '../base/json.ts'
import type {
  CancelEvidence as Cancelled,
  CloseEvidence,
  PromptAccepted,
  SessionService,
  SessionStatus,
} from '../session/service.ts'
import { agentInfo } from '../session/agents/agent-info.ts'
import { spokenVersion } from '../session/agents/spoken-version.ts'
import { contentTakenBy } from '../session/turns/check-prompt.ts'
import { shownPrompt } from '../session/turns/shown-prompt.ts'
import type { ErrorView } from '../wire/error.ts'
import type { AgentView, StatusView } from '../wire/gateway.ts'
import type { PermissionView } from '../wire/permission.ts'
import type { SessionClosed, SessionDetail, SessionView } from '../wire/session.ts'
import type {
  CancelEvidence,
  PromptAccepted as PromptAcceptedView,
  QueueView,
  TurnOutcomeView,
  TurnView,
} from '../wire/turn.ts'
import { controlsView, termsView } from './session-terms-view.ts'
import type { AgentPresence, AgentSummary, GatewayPhase, GatewayStatus } from './ports.ts'

type TurnRecord = PromptAccepted['turn']
type TurnOutcome = NonNullable<TurnRecord['outcome']>
type PermissionRecord = Awaited<ReturnType<SessionService['permission']>>

export function sessionView({ session, live }: SessionStatus): SessionView {
  return {
    id: session.id,
    key: session.key ?? null,
    agent: session.agent,
    cwd: session.cwd,
    mode: session.mode,
    on_interrupt: session.onInterrupt,
    permission_mode: session.permissionMode,
    state: session.state,
    activity: live.activity,
    activity_detail: live.activityDetail ?? null,
    active_turn: live.activeTurn ?? null,
    queued: [...live.queued],
    blocked_by: session.blockedBy ?? null,
    next_deadline: live.nextDeadline === undefined ? null : deadlineView(live.nextDeadline),
    last_seq: session.lastSeq,
    agent_pid: live.agentPid ?? null,
    agent_link: live.agentLink ?? null,
    waiting_for: live.waitingFor ?? null,
    ...termsView(session),
    generation: session.generation,
    created_at: timeText(session.createdAt),
    updated_at: timeText(session.updatedAt),
    closed_at: timeOrNull(session.closedAt),
    damage: session.damage ?? null,
    label: session.family.label ?? null,
    parent: session.family.parent ?? null,
    notify: session.family.notify,
  }
}

/** With what the agent offers, which may be long: for one session, not for lists. */
export function sessionDetail(status: SessionStatus): SessionDetail {
  const { session } = status
  const content = contentTakenBy(session) ?? null
  const spoken = spokenVersion(session.agentCapabilities) ?? null
  const info = agentInfo(session.agentCapabilities)
  return {
    ...sessionView(status),
    controls: controlsView(session),
    prompt_content: content,
    protocol_version: spoken,
    agent_info: info === undefined ? null : { name: info.name, version: info.version ?? null },
  }
}

function deadlineView({ at, kind }: { at: number; kind: string }): { at: string; kind: string } {
  return { at: timeText(at), kind }
}

export function turnView(turn: TurnRecord, sessionId: SessionId): TurnView {
  return {
    id: turn.id,
    session_id: sessionId,
    n: turn.n,
    state: turn.state,
    origin: turn.origin,
    prompt: JSON.parse(turn.prompt) as JsonObject[],
    idempotency_key: turn.idempotencyKey ?? null,
    retry_of: turn.retryOf ?? null,
    on_interrupt: turn.onInterrupt ?? null,
    lane: turn.lane,
    deadline_ms: turn.deadlineMs ?? null,
    unattended: turn.unattended ?? null,
    delivery: turn.delivery,
    accepted_at: timeText(turn.acceptedAt),
    expires_at: timeOrNull(turn.expiresAt),
    dispatched_at: timeOrNull(turn.dispatchedAt),
    running_at: timeOrNull(turn.runningAt),
    outcome: turn.outcome === undefined ? null : outcomeView(turn.outcome),
  }
}

function outcomeView(outcome: TurnOutcome): TurnOutcomeView {
  return {
    state: outcome.state,
    delivery: outcome.delivery,
    stop_reason: outcome.stopReason ?? null,
    forced: outcome.forced,
    error: outcome.error === undefined ? null : errorView(outcome.error),
    usage: outcome.usage ?? null,
    ended_at: timeText(outcome.endedAt),
  }
}

export function errorView({ code, message, details = {} }: StoredError): ErrorView {
  // A newer version may have stored a code that this one does not know.
  const retryable = Object.hasOwn(ERRORS, code) && ERRORS[code].retryable
  return { code, message, details: { ...details }, retryable }
}

export function acceptedView({ turn, position, replayed }: PromptAccepted, sessionId: SessionId): PromptAcceptedView {
  return { turn: turnView(shown(turn), sessionId), position, replayed }
}

/** As it stands in lists: large attached data is left out. */
export function shown(turn: TurnRecord): TurnRecord {
  return { ...turn, prompt: shownPrompt(turn.prompt) }
}

export function queueView(turns: readonly TurnRecord[], sessionId: SessionId): QueueView {
  return { queued: turns.map((turn, position) => ({ position, turn: turnView(shown(turn), sessionId) })) }
}

/** `since`: epoch ms of the request. */
export function cancelView({ turns, outcome }: Cancelled, now: readonly TurnRecord[], since: number): CancelEvidence {
  const ended = now.flatMap(({ id, outcome: end }) =>
    end === undefined
      ? []
      : [{ turn_id: id, state: end.state, forced: end.forced, ms: Math.max(0, end.endedAt - since) }],
  )
  return { turns: [...turns], outcome, ended }
}

export function permissionView(permission: PermissionRecord, sessionId: SessionId): PermissionView {
  return {
    id: permission.id,
    session_id: sessionId,
    turn_id: permission.turnId ?? null,
    generation: permission.generation,
    tool_call: JSON.parse(permission.toolCall) as JsonObject,
    options: JSON.parse(permission.options) as JsonObject[],
    state: permission.state,
    option_id: permission.optionId ?? null,
    answered_by: permission.answeredBy ?? null,
    requested_at: timeText(permission.requestedAt),
    due_at: timeText(permission.dueAt),
    closed_at: timeOrNull(permission.closedAt),
  }
}

/** `status` is the session after the close. */
export function closedView(
  { stopped, turns, conversationDeleted = false }: CloseEvidence,
  status: SessionStatus,
): SessionClosed {
  return {
    session: sessionView(status),
    stopped: stopped === undefined ? null : { ...stopped, survivors: [...stopped.survivors] },
    turns: [...turns],
    conversation_deleted: conversationDeleted,
  }
}

export function agentView(agent: AgentSummary, presence: AgentPresence | undefined): AgentView {
  const { name, title, argv, remote, source, isBundled = false, protocol = 1 } = agent
  return {
    name,
    title,
    command: argv?.[0] ?? null,
    host: remote === undefined ? null : new URL(remote.url).host,
    source,
    chosen: isBundled || source === 'config' || source === 'installed',
    installed: presence?.installed ?? 'unknown',
    version: presence?.version ?? null,
    login: presence?.login ?? 'unknown',
    login_help: presence?.loginHelp ?? null,
    homepage: presence?.homepage ?? null,
    protocol: String(protocol) as AgentView['protocol'],
  }
}

/** What the API itself adds to the status of the gateway. */
export interface ApiStatus {
  readonly phase: GatewayPhase
  readonly url: string | undefined
  readonly socket: string | undefined
  readonly streams: number
}

/** Without what health-view.ts adds. */
export function statusView(
  status: GatewayStatus,
  api: ApiStatus,
): Omit<StatusView, 'safe_mode' | 'lives' | 'last_crash' | 'logins_needed'> {
  return {
    version: status.version,
    node_version: status.nodeVersion,
    pid: status.pid,
    state: api.phase,
    started_at: timeText(status.startedAt),
    node: status.node,
    epoch: status.epoch,
    url: api.url ?? null,
    socket: api.socket ?? null,
    state_dir: status.stateDir,
    hosting: status.hosting,
    keepers: status.keepers.map(({ no, pid, version, live, isRetiring }) => ({
      no,
      pid,
      version,
      agents: live,
      retiring: isRetiring,
    })),
    tagging: status.tagging,
    agents_live: status.agentsLive,
    agents_remote: status.agentsRemote,
    agents_idle: status.agentsIdle,
    agents_spare: status.agentsSpare,
    agents_stuck: status.agentsStuck,
    warden_pid: status.wardenPid ?? null,
    sessions: { ...status.sessionsByState },
    turns: { queued: status.turnsQueued, active: status.turnsActive },
    permissions_open: status.permissionsOpen,
    elicitations_open: status.elicitationsOpen,
    sessions_quarantined: status.sessionsDamaged,
    disk_full: status.isDiskFull,
    streams_open: api.streams,
  }
}

/** Epoch ms as RFC 3339, UTC, with milliseconds. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString()
}

export function timeOrNull(ms: number | undefined): string | null {
  return ms === undefined ? null : timeText(ms)
}
