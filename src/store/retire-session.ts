// The close of a session in quarantine: its rows settle, its log is left as it is.

import type { SessionNo } from './records.ts'
import type { Executor } from './statement.ts'
import type { Tables } from './tables.ts'

const PERMISSIONS_MAX = 1_000

/** False when the session is in no quarantine, or closed. A turn that was out ends interrupted, one that waited is cancelled. */
export async function retireSession(tx: Executor, tables: Tables, no: SessionNo, now: number): Promise<boolean> {
  if (!(await tables.sessions.retire(tx, no, now))) return false
  for (const turn of await tables.turns.listUnsettled(tx, no)) {
    await tables.turns.end(tx, no, turn.id, {
      state: turn.state === 'queued' ? 'cancelled' : 'interrupted',
      delivery: turn.delivery,
      stopReason: undefined,
      forced: false,
      error: { code: 'SESSION_DAMAGED', message: 'The log of the session is damaged; it was closed.' },
      usage: undefined,
      endedAt: now,
    })
  }
  for (const { id } of await tables.permissions.list(tx, { sessionNo: no, state: 'open' }, PERMISSIONS_MAX)) {
    await tables.permissions.close(tx, no, { kind: 'permission.close', permissionId: id, state: 'void', closedAt: now })
  }
  for (const { id, state } of await tables.elicitations.listUnsettled(tx, no)) {
    const closing = { elicitationId: id, state: 'void', action: 'cancel', closedAt: now } as const
    const write = state === 'open' ? ({ kind: 'elicitation.close', ...closing } as const) : undefined
    await tables.elicitations.apply(tx, no, write ?? { kind: 'elicitation.forget', elicitationId: id })
  }
  return true
}
