// Sessions and turns as people read them.

import { isJsonObject } from '../../base/json.ts'
import type { SessionDetail, SessionView } from '../../wire/session.ts'
import type { QueueView, TurnView } from '../../wire/turn.ts'
import type { Style } from './style.ts'
import { facts, table } from './table.ts'
import { age } from './time.ts'

export function sessionTable(sessions: readonly SessionView[], style: Style, nowMs: number): string {
  const rows = sessions.map((session) => [
    session.id,
    session.key ?? '-',
    session.agent,
    activityOf(session),
    String(session.queued.length),
    age(session.updated_at, nowMs),
    session.cwd,
  ])
  return table(['SESSION', 'KEY', 'AGENT', 'ACTIVITY', 'QUEUED', 'AGE', 'DIRECTORY'], rows, style)
}

/** The prompts that wait, the next one first. */
export function queueTable(queued: QueueView['queued'], style: Style, nowMs: number): string {
  const rows = queued.map(({ position, turn }) => [
    String(position),
    turn.id,
    turn.lane,
    age(turn.accepted_at, nowMs),
    turn.expires_at ?? '-',
    promptStart(turn),
  ])
  return table(['AT', 'TURN', 'LANE', 'AGE', 'EXPIRES', 'PROMPT'], rows, style)
}

/** What is known of one session alone is not in lists. */
type ShownSession = SessionView & Partial<Pick<SessionDetail, 'protocol_version' | 'agent_info'>>

export function sessionFacts(session: ShownSession, style: Style): string {
  const { next_deadline: next } = session
  return facts(
    [
      ['session', session.id],
      ['key', session.key],
      ['label', session.label],
      ['parent', session.parent],
      ['agent', session.agent],
      ['directory', session.cwd],
      ['also in', joined(session.additional_directories)],
      ['mcp servers', joined(session.mcp_servers)],
      ['from editor', joined(session.editor_mcp_servers)],
      ['mode', session.mode],
      ['permissions', session.permission_mode],
      ['state', session.state],
      ['activity', activityOf(session)],
      ['damage', session.damage],
      ['active turn', session.active_turn],
      ['queued', session.queued.length === 0 ? undefined : session.queued.join(' ')],
      ['blocked by', session.blocked_by],
      ['needs a login', session.blocked?.login?.command],
      ['waits for', session.blocked?.actions.join(' | ')],
      ['waits for', waitsText(session.waiting_for)],
      ['next', next === null ? undefined : `${next.kind} at ${next.at}`],
      ['agent pid', session.agent_pid],
      ['agent link', session.agent_link === 'connection' ? 'connected to another machine' : undefined],
      ['agent session', session.agent_session_id],
      ['program', programText(session.agent_info)],
      ['protocol', session.protocol_version === 2 ? 'ACP version 2' : undefined],
      ['title', session.title],
      ['continuity', session.continuity],
      ['options', optionsText(session.options)],
      ['last event', session.last_seq],
      ['created', session.created_at],
      ['closed', session.closed_at],
    ],
    style,
  )
}

function joined(items: readonly string[]): string | undefined {
  return items.length === 0 ? undefined : items.join(' ')
}

/** What answers under the agent's name, as it says itself. */
function programText(info: ShownSession['agent_info']): string | undefined {
  return info === undefined || info === null ? undefined : [info.name, info.version].filter(Boolean).join(' ')
}

function waitsText(waitingFor: SessionView['waiting_for']): string | undefined {
  if (waitingFor === null) return undefined
  return waitingFor === 'safe_mode' ? 'the end of safe mode' : `a ${waitingFor}`
}

/** What was chosen, as `sessions set` takes it. */
function optionsText({ config, ...named }: SessionView['options']): string | undefined {
  const chosen = Object.entries(named).filter(([, value]) => value !== null)
  const entries = Object.entries(config).map(([id, value]) => [`config.${id}`, value] as const)
  const pairs = [...chosen, ...entries].map(([name, value]) => `${name}=${String(value)}`)
  return pairs.length === 0 ? undefined : pairs.join(' ')
}

export function turnTable(turns: readonly TurnView[], style: Style, nowMs: number): string {
  const rows = turns.map((turn) => [
    turn.id,
    String(turn.n),
    turn.state,
    turn.delivery,
    age(turn.accepted_at, nowMs),
    turn.outcome?.error?.code ?? turn.outcome?.stop_reason ?? '-',
    promptStart(turn),
  ])
  return table(['TURN', 'N', 'STATE', 'DELIVERED', 'AGE', 'END', 'PROMPT'], rows, style)
}

function activityOf(session: SessionView): string {
  if (session.blocked_by !== null && session.damage === null) return 'blocked'
  const { activity, activity_detail: detail } = session
  return detail === null ? activity : `${activity} (${detail})`
}

function promptStart({ prompt }: TurnView): string {
  const first = prompt.find((block) => isJsonObject(block) && block['type'] === 'text')
  return textOf(first?.['text']).slice(0, 60)
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
