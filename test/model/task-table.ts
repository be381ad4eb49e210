// The simulator's table of tasks: applies what a commit says about tasks, refuses what the schema would refuse, and checks after
// each commit that tasks and turns of children are one thing.

import type { TaskId } from '../../src/base/ids.ts'
import type { TaskDelivery, TaskRecord } from '../../src/store/records.ts'
import type { SessionWrite } from '../../src/store/store.ts'
import { must } from './invariant.ts'
import type { ModelStore } from './model-store.ts'

type End = Extract<SessionWrite, { kind: 'task.end' }>
type Patch = Extract<SessionWrite, { kind: 'task.patch' }>
type Told = Extract<SessionWrite, { kind: 'task.told' }>

export class TaskTable {
  readonly rows = new Map<TaskId, TaskRecord>()

  due(): TaskRecord[] {
    return [...this.rows.values()].filter(({ isDue }) => isDue)
  }

  commit(writes: readonly SessionWrite[]): void {
    for (const write of writes) {
      if (write.kind === 'task.insert') this.#insert(write.task)
      else if (write.kind === 'task.patch') this.#patch(write)
      else if (write.kind === 'task.end') this.#end(write)
      else if (write.kind === 'task.told') this.#told(write)
    }
  }

  /** The parent is closed: nobody is left to tell. */
  forgo(id: TaskId, at: number): void {
    const row = this.rows.get(id)
    if (row?.toldAt === undefined) this.#settle(id, 'parent_closed', at)
  }

  /** Every turn of a child is a task and the other way round, and they end together. */
  check({ session, turns }: ModelStore): void {
    if (session.family.parent === undefined) return
    const own = new Map([...this.rows.values()].filter((row) => row.sessionNo === session.no).map((r) => [r.turnId, r]))
    for (const { id, outcome } of turns.values()) {
      const task = own.get(id)
      must(task !== undefined, 'S27', `turn ${id} of a child is no task`)
      const [turnEnded, taskEnded] = [outcome !== undefined, task.end !== undefined]
      must(
        turnEnded === taskEnded,
        'S18',
        `turn ${id} ${turnEnded ? 'has ended' : 'is open'}, its task is ${task.status}`,
      )
    }
    must(own.size === turns.size, 'S27', 'a task has no turn')
  }

  #insert(task: TaskRecord): void {
    must(!this.rows.has(task.id), 'S27', `task ${task.id} inserted twice`)
    this.rows.set(task.id, task)
  }

  #patch({ turnId, patch }: Patch): void {
    const row = this.#of(turnId)
    if (row !== undefined && row.end === undefined) this.rows.set(row.id, { ...row, ...patch })
  }

  #end({ turnId, end }: End): void {
    const row = this.#of(turnId)
    if (row === undefined || (row.end !== undefined && row.status !== 'lost')) return
    this.rows.set(row.id, { ...row, status: end.status, end, isDue: row.delivery === 'pending' })
  }

  #told({ taskId, what, at }: Told): void {
    const row = this.rows.get(taskId)
    must(row !== undefined, 'S19', `a parent is told of ${taskId}, which is not there`)
    if (what === 'started')
      return void this.rows.set(taskId, { ...row, announcedAt: at, isDue: row.end !== undefined && row.isDue })
    must(row.end !== undefined, 'S19', `the end of ${taskId} is told before it is there`)
    must(row.toldAt === undefined, 'S19', `the end of ${taskId} is told twice`)
    this.#settle(taskId, 'delivered', at)
  }

  #settle(id: TaskId, delivery: TaskDelivery, toldAt: number): void {
    const row = this.rows.get(id)
    if (row !== undefined) this.rows.set(id, { ...row, isDue: false, delivery, toldAt })
  }

  #of(turnId: string): TaskRecord | undefined {
    return [...this.rows.values()].find((row) => row.turnId === turnId)
  }
}
