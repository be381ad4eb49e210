// What people and a parent see of a session: its label, its parent, what the parent is told.

import type { SessionId } from '../../base/ids.ts'
import type { Draft } from '../draft.ts'
import type { ReplyTo } from '../state.ts'

/** null clears; absent keeps. */
export interface FamilyChange {
  readonly label?: string | null
  readonly parent?: SessionId | null
  readonly notify?: 'silent' | 'done_only' | 'state_changes' | 'prompt'
}

/** Changes what is named. Another parent only while no turn is open: a turn is a task of the parent it was accepted for. */
export function changeFamily(
  draft: Draft,
  { reply, change }: { readonly reply: ReplyTo; readonly change: FamilyChange },
): void {
  const { state } = draft
  if (state.phase.kind === 'draining') return draft.refuse(reply, 'GATEWAY_DRAINING')
  if (state.phase.kind !== 'open') return draft.refuse(reply, 'SESSION_CLOSED')
  const { family } = state
  const label = change.label === undefined ? family.label : (change.label ?? undefined)
  const parent = change.parent === undefined ? family.parent : (change.parent ?? undefined)
  const notify = change.notify ?? family.notify
  const isBusy = state.active !== undefined || state.queue.length > 0
  if (parent !== family.parent && isBusy) return draft.refuse(reply, 'SESSION_BUSY')
  if (label !== family.label || parent !== family.parent || notify !== family.notify) {
    state.family = { label, parent, notify }
    draft.write({ kind: 'session.describe', family: state.family })
    draft.event('session.described', undefined, { label: label ?? null, parent: parent ?? null, notify })
  }
  draft.reply(reply, { kind: 'described' })
}
