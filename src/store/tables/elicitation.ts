// What agents ask of people: stored, waiting for one answer; the first one wins in the database. Values of answers do not stay.

import { assert } from '../../base/assert.ts'
import { HoldfastError } from '../../base/errors.ts'
import type { ElicitationId, TurnId } from '../../base/ids.ts'
import type { ElicitationFilter, ElicitationRecord, ElicitationWrite } from '../elicitation-record.ts'
import type { SessionNo } from '../records.ts'
import { statementsOf } from '../statement.ts'
import type { Executor, StatementsOf, TextsOf } from '../statement.ts'
import type { ElicitationQueries, NewElicitationRow } from './elicitation-queries.ts'

type Closing = Extract<ElicitationWrite, { kind: 'elicitation.close' }>

export class ElicitationRows {
  readonly #statements: StatementsOf<ElicitationQueries>

  constructor(texts: TextsOf<ElicitationQueries>) {
    this.#statements = statementsOf('elicitation', texts)
  }

  async apply(tx: Executor, no: SessionNo, write: ElicitationWrite): Promise<void> {
    switch (write.kind) {
      case 'elicitation.insert':
        assert(write.elicitation.sessionNo === no, `${write.elicitation.id} belongs to another session than the fence`)
        await tx.run(this.#statements.insert, toRow(write.elicitation))
        return
      case 'elicitation.close':
        return this.#close(tx, no, write)
      case 'elicitation.forget':
        await tx.run(this.#statements.forget, { no, id: write.elicitationId })
        return
      case 'elicitation.complete':
        await tx.run(this.#statements.complete, { no, id: write.elicitationId, at: write.at })
        return
      default:
        return write satisfies never
    }
  }

  async find(db: Executor, id: ElicitationId): Promise<ElicitationRecord | undefined> {
    const [row] = await db.all(this.#statements.find, { id })
    return row && toElicitation(row)
  }

  /** Newest first. */
  async list(db: Executor, filter: ElicitationFilter, limit: number): Promise<ElicitationRecord[]> {
    return (await this.#list(db, filter, limit)).map(toElicitation)
  }

  /** Open, or with values that are still kept; oldest first. */
  async listUnsettled(db: Executor, no: SessionNo): Promise<ElicitationRecord[]> {
    const { listOpen, listKept } = this.#statements
    const rows = [...(await db.all(listOpen, { no })), ...(await db.all(listKept, { no }))]
    return rows.toSorted((a, b) => a.no - b.no).map(toElicitation)
  }

  async countOpen(db: Executor): Promise<number> {
    const [row] = await db.all(this.#statements.countOpen, {})
    return row!.count
  }

  statements(): StatementsOf<ElicitationQueries> {
    return this.#statements
  }

  #list(db: Executor, { sessionNo: no, state }: ElicitationFilter, limit: number) {
    const { list, listState, listSession, listBoth } = this.#statements
    if (no === undefined) return state === undefined ? db.all(list, { limit }) : db.all(listState, { state, limit })
    return state === undefined ? db.all(listSession, { no, limit }) : db.all(listBoth, { no, state, limit })
  }

  /** ELICITATION_NOT_FOUND, ELICITATION_CLOSED. */
  async #close(tx: Executor, no: SessionNo, closing: Closing): Promise<void> {
    const { elicitationId: id, state, action, fields, content, answeredBy, closedAt } = closing
    const values = { fields: fields === undefined ? null : JSON.stringify(fields), content: content ?? null }
    const args = { no, id, state, action, ...values, answeredBy: answeredBy ?? null, closedAt }
    if ((await tx.run(this.#statements.close, args)) === 1) return
    const found = await this.find(tx, id)
    if (found === undefined || found.sessionNo !== no)
      throw new HoldfastError('ELICITATION_NOT_FOUND', { elicitation: id })
    throw new HoldfastError('ELICITATION_CLOSED', { elicitation: id, state: found.state })
  }
}

function toElicitation(row: NewElicitationRow): ElicitationRecord {
  return {
    id: row.id as ElicitationId,
    sessionNo: row.session_no,
    turnId: (row.turn_id as TurnId | null) ?? undefined,
    generation: row.generation,
    requestId: JSON.parse(row.request_id) as ElicitationRecord['requestId'],
    line: row.line,
    mode: row.mode,
    message: row.message,
    requestedSchema: row.requested_schema ?? undefined,
    url: row.url ?? undefined,
    agentElicitationId: row.agent_elicitation_id ?? undefined,
    toolCallId: row.tool_call_id ?? undefined,
    state: row.state,
    action: row.action ?? undefined,
    fields: row.fields === null ? undefined : (JSON.parse(row.fields) as string[]),
    content: row.content ?? undefined,
    answeredBy: row.answered_by ?? undefined,
    requestedAt: row.requested_at,
    dueAt: row.due_at,
    closedAt: row.closed_at ?? undefined,
    completedAt: row.completed_at ?? undefined,
  }
}

function toRow(elicitation: ElicitationRecord): NewElicitationRow {
  return {
    id: elicitation.id,
    session_no: elicitation.sessionNo,
    turn_id: elicitation.turnId ?? null,
    generation: elicitation.generation,
    request_id: JSON.stringify(elicitation.requestId),
    line: elicitation.line,
    mode: elicitation.mode,
    message: elicitation.message,
    requested_schema: elicitation.requestedSchema ?? null,
    url: elicitation.url ?? null,
    agent_elicitation_id: elicitation.agentElicitationId ?? null,
    tool_call_id: elicitation.toolCallId ?? null,
    state: elicitation.state,
    action: elicitation.action ?? null,
    fields: elicitation.fields === undefined ? null : JSON.stringify(elicitation.fields),
    content: elicitation.content ?? null,
    answered_by: elicitation.answeredBy ?? null,
    requested_at: elicitation.requestedAt,
    due_at: elicitation.dueAt,
    closed_at: elicitation.closedAt ?? null,
    completed_at: elicitation.completedAt ?? null,
  }
}
