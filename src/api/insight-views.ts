// Explanations and statistics to wire, as views.ts does for records.

import type { SessionExplanation } from '../session/service.ts'
import type { SessionStatisticsSnapshot } from '../session/insight/statistics.ts'
import { neededLoginView } from './session-terms-view.ts'
import type { ExplanationView, StatisticsView } from '../wire/insight.ts'

export function explanationView({ session, explanation }: SessionExplanation): ExplanationView {
  const { activity, turn, queued, waits, deadline, frees } = explanation
  return {
    session_id: session.id,
    key: session.key ?? null,
    activity,
    active_turn: turn ?? null,
    queued,
    waits: waits.map(({ kind, since, subject }) => ({
      kind,
      since: since === undefined ? null : timeText(since),
      subject: subject ?? null,
    })),
    deadline: deadline === undefined ? null : { at: timeText(deadline.at), kind: deadline.kind },
    frees: [...frees],
    login: neededLoginView(session),
  }
}

export function statisticsView(snapshot: SessionStatisticsSnapshot): StatisticsView {
  const { since, turnsAccepted, turnsEnded, queueWait, run, errors, agents, permissions } = snapshot
  return {
    since: timeText(since),
    turns_accepted: turnsAccepted,
    turns_ended: { ...turnsEnded },
    queue_wait: distributionView(queueWait),
    run: distributionView(run),
    errors: [...errors],
    agents: {
      started: agents.started,
      failed_to_start: agents.failedToStart,
      ended: agents.ended,
      taken_over: agents.takenOver,
      evicted: agents.evicted,
      last_evicted_at: agents.lastEvictedAt === undefined ? null : timeText(agents.lastEvictedAt),
    },
    permissions: { asked: permissions.asked, closed: { ...permissions.closed } },
  }
}

function distributionView(values: SessionStatisticsSnapshot['run']): StatisticsView['run'] {
  const { count, meanMs, maxMs, p50Ms, p95Ms, p99Ms } = values
  return { count, mean_ms: meanMs, max_ms: maxMs, p50_ms: p50Ms, p95_ms: p95Ms, p99_ms: p99Ms }
}

function timeText(at: number): string {
  return new Date(at).toISOString()
}
