// Permission requests: stored objects that wait for one answer; the first answer wins in the database.

import { assert } from '../../base/assert.ts'
import { HoldfastError } from '../../base/errors.ts'
import type { PermissionId, TurnId } from '../../base/ids.ts'
import type { PermissionRecord, PermissionState, SessionNo } from '../records.ts'
import type { SessionWrite } from '../store.ts'
import { statementsOf } from '../statement.ts'
import type { NewPermissionRow, PermissionQueries } from './permission-queries.ts'
import type { Executor, StatementsOf, TextsOf } from '../statement.ts'

type Closing = Extract<SessionWrite, { kind: 'permission.close' }>

export interface PermissionFilter {
  readonly sessionNo?: SessionNo
  readonly state?: PermissionState
}

export class PermissionRows {
  readonly #statements: StatementsOf<PermissionQueries>

  constructor(texts: TextsOf<PermissionQueries>) {
    this.#statements = statementsOf('permission', texts)
  }

  async insert(tx: Executor, no: SessionNo, permission: PermissionRecord): Promise<void> {
    assert(permission.sessionNo === no, `permission ${permission.id} belongs to another session than the fence`)
    await tx.run(this.#statements.insert, toRow(permission))
  }

  /** Closes an open request. PERMISSION_NOT_FOUND, PERMISSION_CLOSED. */
  async close(tx: Executor, no: SessionNo, closing: Closing): Promise<void> {
    const { permissionId: id, state, optionId, answeredBy, closedAt } = closing
    const args = { no, id, state, optionId: optionId ?? null, answeredBy: answeredBy ?? null, closedAt }
    if ((await tx.run(this.#statements.close, args)) === 1) return
    const found = await this.find(tx, id)
    if (found === undefined || found.sessionNo !== no)
      throw new HoldfastError('PERMISSION_NOT_FOUND', { permission: id })
    throw new HoldfastError('PERMISSION_CLOSED', { permission: id, state: found.state })
  }

  async find(db: Executor, id: PermissionId): Promise<PermissionRecord | undefined> {
    const [row] = await db.all(this.#statements.find, { id })
    return row && toPermission(row)
  }

  /** Newest first. */
  async list(db: Executor, filter: PermissionFilter, limit: number): Promise<PermissionRecord[]> {
    return (await this.#list(db, filter, limit)).map(toPermission)
  }

  #list(db: Executor, { sessionNo: no, state }: PermissionFilter, limit: number) {
    const { list, listState, listSession, listOpen, listBoth } = this.#statements
    if (no === undefined) return state === undefined ? db.all(list, { limit }) : db.all(listState, { state, limit })
    if (state === undefined) return db.all(listSession, { no, limit })
    return state === 'open' ? db.all(listOpen, { no, limit }) : db.all(listBoth, { no, state, limit })
  }

  async countOpen(db: Executor): Promise<number> {
    const [row] = await db.all(this.#statements.countOpen, {})
    return row!.count
  }

  statements(): StatementsOf<PermissionQueries> {
    return this.#statements
  }
}

function toPermission(row: NewPermissionRow): PermissionRecord {
  return {
    id: row.id as PermissionId,
    sessionNo: row.session_no,
    turnId: (row.turn_id as TurnId | null) ?? undefined,
    generation: row.generation,
    requestId: JSON.parse(row.request_id) as PermissionRecord['requestId'],
    line: row.line,
    toolCall: row.tool_call,
    options: row.options,
    state: row.state,
    optionId: row.option_id ?? undefined,
    answeredBy: row.answered_by ?? undefined,
    requestedAt: row.requested_at,
    dueAt: row.due_at,
    closedAt: row.closed_at ?? undefined,
  }
}

function toRow(permission: PermissionRecord): NewPermissionRow {
  return {
    id: permission.id,
    session_no: permission.sessionNo,
    turn_id: permission.turnId ?? null,
    generation: permission.generation,
    request_id: JSON.stringify(permission.requestId),
    line: permission.line,
    tool_call: permission.toolCall,
    options: permission.options,
    state: permission.state,
    option_id: permission.optionId ?? null,
    answered_by: permission.answeredBy ?? null,
    requested_at: permission.requestedAt,
    due_at: permission.dueAt,
    closed_at: permission.closedAt ?? null,
  }
}
