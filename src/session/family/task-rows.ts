// The task of a turn, from the side of the session that does it: written in the transaction of the turn, so that neither is there
// without the other. A session without a parent pays a comparison. When there is something to tell, `task.due` wakes who tells it.

import { taskIdOf } from '../../base/ids.ts'
import type { TurnId } from '../../base/ids.ts'
import type { TurnRecord } from '../../store/records.ts'
import type { Draft } from '../draft.ts'
import type { TurnEnd } from '../turns/end-turn.ts'
import { hear, newReport } from './report.ts'
import { taskEndOf } from './task-end.ts'

/** How often the progress of a task is stored at most. */
const PROGRESS_EVERY_MS = 1_000

/** A turn was accepted. */
export function openTask(draft: Draft, { id: turnId, sessionNo, acceptedAt }: TurnRecord): void {
  const { parent, label, notify } = draft.state.family
  if (parent === undefined) return
  draft.write({
    kind: 'task.insert',
    task: {
      id: taskIdOf(turnId),
      parent,
      sessionNo,
      turnId,
      label,
      status: 'queued',
      progress: '',
      notify,
      isDue: false,
      delivery: notify === 'silent' ? 'not_applicable' : 'pending',
      acceptedAt,
      startedAt: undefined,
      end: undefined,
      announcedAt: undefined,
      toldAt: undefined,
    },
  })
}

/** The agent has the prompt. */
export function startTask(draft: Draft, turnId: TurnId): void {
  const { parent, notify } = draft.state.family
  if (parent === undefined) return
  // A request that came first is known already.
  if (draft.state.report?.turnId !== turnId) draft.state.report = newReport(turnId)
  const isTold = notify === 'state_changes'
  const patch = { status: 'running', startedAt: draft.now, ...(isTold ? { isDue: true as const } : {}) } as const
  draft.write({ kind: 'task.patch', turnId, patch })
  if (isTold) draft.effect({ kind: 'task.due' })
}

/** Session updates of the turn, each as JSON text. */
export function reportProgress(draft: Draft, turnId: TurnId, updates: readonly string[]): void {
  const { family, report } = draft.state
  if (family.parent === undefined || report?.turnId !== turnId) return
  let heard = report
  for (const update of updates) heard = hear(heard, update)
  const isNews = heard.progress !== report.progress
  if (isNews && draft.now - heard.writtenAt >= PROGRESS_EVERY_MS) {
    draft.write({ kind: 'task.patch', turnId, patch: { progress: heard.progress } })
    heard = { ...heard, writtenAt: draft.now }
  }
  draft.state.report = heard
}

/** A permission request of the turn was decided. `title`: what its tool call is called. */
export function reportDecision(draft: Draft, turnId: TurnId | undefined, decided: Decided): void {
  const { family, report: known } = draft.state
  if (family.parent === undefined || turnId === undefined) return
  const report = known?.turnId === turnId ? known : newReport(turnId)
  const { isAllowed, title } = decided
  draft.state.report = isAllowed ? { ...report, isAllowed } : { ...report, refused: report.refused ?? title }
}

export interface Decided {
  readonly isAllowed: boolean
  readonly title: string
}

/** A turn has ended. */
export function endTask(draft: Draft, turnId: TurnId, end: TurnEnd): void {
  const { family, report } = draft.state
  if (family.parent === undefined) return
  const own = report?.turnId === turnId ? report : undefined
  if (own !== undefined) draft.state.report = undefined
  const progress = own === undefined ? {} : { progress: own.progress }
  draft.write({ kind: 'task.end', turnId, end: taskEndOf(end, own, draft.now), ...progress })
  if (family.notify !== 'silent') draft.effect({ kind: 'task.due' })
}
