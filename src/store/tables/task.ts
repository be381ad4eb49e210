// Task rows: a turn of a session with a parent, as the parent sees it. Written by the session that does it, told by the parent.

import { AssertionFailure, assert } from '../../base/assert.ts'
import type { StoredError } from '../../base/errors.ts'
import type { SessionId, TaskId, TurnId } from '../../base/ids.ts'
import type { SessionNo, StoredTask, TaskEnd, TaskEndStatus, TaskRecord } from '../records.ts'
import type { PageRequest, SessionWrite, TaskFilter, TaskPatch } from '../store.ts'
import { statementsOf } from '../statement.ts'
import type { NewTaskRow, TaskQueries, TaskRow } from './task-queries.ts'
import type { Executor, StatementsOf, TextsOf } from '../statement.ts'

const FIRST_PAGE = Number.MAX_SAFE_INTEGER

export class TaskRows {
  readonly #statements: StatementsOf<TaskQueries>

  constructor(texts: TextsOf<TaskQueries>) {
    this.#statements = statementsOf('task', texts)
  }

  async insert(tx: Executor, no: SessionNo, task: TaskRecord): Promise<void> {
    assert(task.sessionNo === no, `task ${task.id} belongs to another session than the fence`)
    await tx.run(this.#statements.insert, toRow(task))
  }

  async patch(tx: Executor, turnId: TurnId, { status, startedAt, progress, isDue }: TaskPatch): Promise<void> {
    const due = isDue === undefined ? null : 1
    const args = { turnId, status: status ?? null, startedAt: startedAt ?? null, progress: progress ?? null, due }
    await tx.run(this.#statements.patch, args)
  }

  /** The first end stays; `lost` gives way to another one. */
  async end(tx: Executor, turnId: TurnId, end: TaskEnd, progress?: string): Promise<void> {
    await tx.run(this.#statements.end, { turnId, ...toEndColumns(end), progress: progress ?? null })
  }

  /** A second telling of the end is refused by the schema. */
  async told(tx: Executor, { taskId: id, what, at }: Extract<SessionWrite, { kind: 'task.told' }>): Promise<void> {
    if (what === 'started') return void (await tx.run(this.#statements.toldStart, { id, at }))
    const changed = await tx.run(this.#statements.toldEnd, { id, at, delivery: 'delivered' })
    if (changed !== 1) throw new AssertionFailure(`the end of task ${id} is told before it is there`)
  }

  async forgo(tx: Executor, id: TaskId, at: number): Promise<void> {
    await tx.run(this.#statements.forgo, { id, at })
  }

  async deleteEnded(tx: Executor, before: number, limit: number): Promise<number> {
    return tx.run(this.#statements.deleteEnded, { before, limit })
  }

  async find(db: Executor, id: TaskId): Promise<StoredTask | undefined> {
    const [row] = await db.all(this.#statements.find, { id })
    return row && toTask(row)
  }

  async listOpen(db: Executor, no: SessionNo): Promise<StoredTask[]> {
    return (await db.all(this.#statements.listOpen, { no })).map(toTask)
  }

  async list(db: Executor, { parent }: TaskFilter, page: PageRequest): Promise<StoredTask[]> {
    const args = { before: page.before ?? FIRST_PAGE, limit: page.limit }
    const { list, listParent } = this.#statements
    const rows = await (parent === undefined ? db.all(list, args) : db.all(listParent, { ...args, parent }))
    return rows.map(toTask)
  }

  async listDue(db: Executor, after: number, limit: number): Promise<StoredTask[]> {
    return (await db.all(this.#statements.listDue, { after, limit })).map(toTask)
  }

  async listStray(db: Executor, limit: number): Promise<StoredTask[]> {
    return (await db.all(this.#statements.listStray, { limit })).map(toTask)
  }

  statements(): StatementsOf<TaskQueries> {
    return this.#statements
  }
}

function toTask(row: TaskRow): StoredTask {
  return {
    no: row.no,
    id: row.id as TaskId,
    parent: row.parent as SessionId,
    sessionNo: row.session_no,
    sessionId: row.session_id as SessionId,
    turnId: row.turn_id as TurnId,
    label: row.label ?? undefined,
    status: row.status,
    progress: row.progress,
    notify: row.notify,
    isDue: row.due === 1,
    delivery: row.delivery,
    acceptedAt: row.accepted_at,
    startedAt: row.started_at ?? undefined,
    end: toEnd(row),
    announcedAt: row.announced_at ?? undefined,
    toldAt: row.told_at ?? undefined,
  }
}

function toEnd(row: TaskRow): TaskEnd | undefined {
  if (row.ended_at === null) return undefined
  return {
    status: row.status as TaskEndStatus,
    outcome: row.outcome ?? undefined,
    reason: row.reason ?? undefined,
    summary: row.summary ?? undefined,
    error: row.error === null ? undefined : (JSON.parse(row.error) as StoredError),
    endedAt: row.ended_at,
  }
}

function toRow(task: TaskRecord): NewTaskRow {
  const end = task.end && toEndColumns(task.end)
  return {
    id: task.id,
    parent: task.parent,
    session_no: task.sessionNo,
    turn_id: task.turnId,
    label: task.label ?? null,
    status: task.status,
    outcome: end?.outcome ?? null,
    reason: end?.reason ?? null,
    progress: task.progress,
    summary: end?.summary ?? null,
    error: end?.error ?? null,
    notify: task.notify,
    due: task.isDue ? 1 : 0,
    delivery: task.delivery,
    accepted_at: task.acceptedAt,
    started_at: task.startedAt ?? null,
    ended_at: end?.endedAt ?? null,
    announced_at: task.announcedAt ?? null,
    told_at: task.toldAt ?? null,
  }
}

function toEndColumns({ status, outcome, reason, summary, error, endedAt }: TaskEnd) {
  return {
    status,
    outcome: outcome ?? null,
    reason: reason ?? null,
    summary: summary ?? null,
    error: error === undefined ? null : JSON.stringify(error),
    endedAt,
  }
}
