// The parent hears of a task: an event in its log and, if the task wants it, a prompt. The row of the task says so in the same
// transaction, which is what makes it once. The actor has looked at the row before (known-requests.ts).

import type { TaskId } from '../../base/ids.ts'
import type { Draft } from '../draft.ts'
import { insertTurn } from '../turns/insert-turn.ts'
import { pump } from '../turns/queue.ts'
import type { ReplyTo } from '../state.ts'
import type { TurnDraft } from '../input.ts'

export interface Notice {
  readonly taskId: TaskId
  readonly what: 'started' | 'ended'
  /** JSON text of the event. */
  readonly data: string
  /** For a parent that is to act on it. */
  readonly prompt: TurnDraft | undefined
}

/** Refuses with GATEWAY_DRAINING, SESSION_CLOSED or QUEUE_FULL: then nothing was told. */
export function takeNotice(draft: Draft, { reply, notice }: { reply: ReplyTo; notice: Notice }): void {
  const { state, limits } = draft
  const { taskId, what, data, prompt } = notice
  if (state.phase.kind === 'draining') return draft.refuse(reply, 'GATEWAY_DRAINING')
  if (state.phase.kind !== 'open') return draft.refuse(reply, 'SESSION_CLOSED')
  // A one-shot session that had its prompt can be told, but cannot act.
  const isSpent = state.mode === 'oneshot' && state.lastTurnN > 0
  const asked = isSpent ? undefined : prompt
  if (asked !== undefined && state.queue.length >= limits.queueDepthMax)
    return draft.refuse(reply, 'QUEUE_FULL', { scope: 'session', depthMax: limits.queueDepthMax })
  draft.eventText(`task.${what}`, undefined, data)
  draft.write({ kind: 'task.told', taskId, what, at: draft.now })
  if (asked !== undefined) {
    insertTurn(draft, asked, { origin: 'task' })
    pump(draft)
  }
  draft.reply(reply, { kind: 'noticed' })
}
