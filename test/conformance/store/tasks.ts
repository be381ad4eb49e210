// Tasks of a parent, and what people and parents see of a session.

import { describe, expect, test } from 'vitest'

import { taskIdOf } from '../../../src/base/ids.ts'
import type { SessionId, TurnId } from '../../../src/base/ids.ts'
import type { TaskEnd, TaskRecord, TurnOutcome } from '../../../src/store/records.ts'
import type { Fence, SessionWrite, Store } from '../../../src/store/store.ts'
import type { OpenStore } from '../store-conformance.ts'
import { NOW, newTurn, ownSession } from './records.ts'

const PARENT = 'ses_parent' as SessionId

const END: TaskEnd = {
  status: 'succeeded',
  outcome: 'blocked',
  reason: 'the agent refused',
  summary: 'No.',
  error: undefined,
  endedAt: NOW + 5,
}
const LOST: TaskEnd = { ...END, status: 'lost', outcome: undefined, reason: undefined }

const OUTCOME: TurnOutcome = {
  state: 'completed',
  delivery: 'yes',
  stopReason: 'refusal',
  forced: false,
  error: undefined,
  usage: undefined,
  endedAt: NOW + 5,
}

function newTask({ sessionNo }: Fence, turnId: TurnId, more: Partial<TaskRecord> = {}): TaskRecord {
  return {
    id: taskIdOf(turnId),
    parent: PARENT,
    sessionNo,
    turnId,
    label: 'the child',
    status: 'queued',
    progress: '',
    notify: 'done_only',
    isDue: false,
    delivery: 'pending',
    acceptedAt: NOW,
    startedAt: undefined,
    end: undefined,
    announcedAt: undefined,
    toldAt: undefined,
    ...more,
  }
}

/** A turn of a child with its task, in one commit. */
async function addTask(store: Store, fence: Fence, more: Partial<TaskRecord> = {}, n = 1): Promise<TaskRecord> {
  const turn = newTurn(fence, n)
  const task = newTask(fence, turn.id, more)
  await store.commit(fence, 'promise', [
    { kind: 'turn.insert', turn },
    { kind: 'task.insert', task },
  ])
  return task
}

export function taskTests(openStore: OpenStore): void {
  describe('tasks', () => {
    test('a task is read back as it was made, by its id, of its session and of its parent', async () => {
      await using under = await openStore()
      const { session, fence } = await ownSession(under.store)
      const task = await addTask(under.store, fence)
      const store = await under.reopen()
      const found = await store.findTask(task.id)
      expect(found).toEqual({ ...task, no: found?.no, sessionId: session.id })
      expect(await store.listOpenTasks(fence.sessionNo)).toEqual([found])
      expect(await store.listTasks({ parent: PARENT }, { limit: 5 })).toEqual([found])
      expect(await store.listTasks({ parent: session.id }, { limit: 5 })).toEqual([])
      expect(await store.findTask(taskIdOf('turn_none' as TurnId))).toBeUndefined()
    })

    test('a turn has one task', async () => {
      await using under = await openStore()
      const { store } = under
      const { fence } = await ownSession(store)
      const task = await addTask(store, fence)
      const twice: SessionWrite = { kind: 'task.insert', task }
      await expect(store.commit(fence, 'promise', [twice])).rejects.toThrow(/schema/)
    })

    test('progress, start and end are written under the id of the turn, and due when there is something to tell', async () => {
      await using under = await openStore()
      const { store } = under
      const { fence } = await ownSession(store)
      const { id, turnId } = await addTask(store, fence)
      const patch = { status: 'running', startedAt: NOW + 1, progress: 'so far', isDue: true } as const
      await store.commit(fence, 'batch', [{ kind: 'task.patch', turnId, patch }])
      expect(await store.findTask(id)).toMatchObject({
        status: 'running',
        startedAt: NOW + 1,
        progress: 'so far',
        isDue: true,
      })
      await store.commit(fence, 'promise', [{ kind: 'task.end', turnId, end: END, progress: 'all of it' }])
      expect(await store.findTask(id)).toMatchObject({
        status: 'succeeded',
        end: END,
        progress: 'all of it',
        isDue: true,
      })
      expect(await store.listOpenTasks(fence.sessionNo)).toEqual([])
    })

    test('the first end stays; lost gives way to what is known, and what is known not to lost', async () => {
      await using under = await openStore()
      const { store } = under
      const { fence } = await ownSession(store)
      const { id, turnId } = await addTask(store, fence)
      await store.repairTask(turnId, LOST)
      await store.repairTask(turnId, END)
      await store.repairTask(turnId, LOST)
      await store.commit(fence, 'promise', [
        { kind: 'task.end', turnId, end: { ...END, status: 'failed', outcome: undefined } },
        { kind: 'task.patch', turnId, patch: { status: 'running' } },
      ])
      expect((await store.findTask(id))?.end).toEqual(END)
    })

    test('the end is told once, by a commit of the parent; a second telling is refused with all that came with it', async () => {
      await using under = await openStore()
      const { store } = under
      const child = await ownSession(store)
      const { fence } = await ownSession(store)
      const { id, turnId } = await addTask(store, child.fence)
      const told: SessionWrite = { kind: 'task.told', taskId: id, what: 'ended', at: NOW + 9 }
      const event: SessionWrite = {
        kind: 'event',
        event: { type: 'task.ended', turnId: undefined, at: NOW, data: '{}' },
      }
      await expect(store.commit(fence, 'promise', [event, told])).rejects.toThrow(/before it is there/)
      await store.repairTask(turnId, END)
      expect((await store.listDueTasks(0, 5)).map((task) => task.id)).toEqual([id])
      await store.commit(fence, 'promise', [event, told])
      expect(await store.findTask(id)).toMatchObject({ isDue: false, delivery: 'delivered', toldAt: NOW + 9 })
      const lastSeq = await store.lastSeq(fence.sessionNo)
      await expect(store.commit(fence, 'promise', [event, { ...told, at: NOW + 10 }])).rejects.toThrow(/told/)
      expect(await store.lastSeq(fence.sessionNo)).toBe(lastSeq)
      expect(await store.listDueTasks(0, 5)).toEqual([])
    })

    test('a start is told apart from the end, and never hides an end that is due', async () => {
      await using under = await openStore()
      const { store } = under
      const child = await ownSession(store)
      const { fence } = await ownSession(store)
      const { id, turnId } = await addTask(store, child.fence)
      const started: SessionWrite = { kind: 'task.told', taskId: id, what: 'started', at: NOW + 2 }
      const running = { status: 'running', startedAt: NOW, isDue: true } as const
      await store.commit(child.fence, 'batch', [{ kind: 'task.patch', turnId, patch: running }])
      await store.commit(fence, 'promise', [started])
      expect(await store.findTask(id)).toMatchObject({ isDue: false, announcedAt: NOW + 2, toldAt: undefined })
      const second = await addTask(store, child.fence, {}, 2)
      await store.repairTask(second.turnId, END)
      await store.commit(fence, 'promise', [{ ...started, taskId: second.id }])
      expect(await store.findTask(second.id)).toMatchObject({ isDue: true, delivery: 'pending' })
    })

    test('who has nobody to tell is not due; a silent task never is', async () => {
      await using under = await openStore()
      const { store } = under
      const { fence } = await ownSession(store)
      const orphan = await addTask(store, fence)
      const silent = await addTask(store, fence, { notify: 'silent', delivery: 'not_applicable' }, 2)
      await store.repairTask(orphan.turnId, END)
      await store.repairTask(silent.turnId, END)
      await store.forgoTask(orphan.id, NOW + 7)
      expect(await store.findTask(orphan.id)).toMatchObject({
        isDue: false,
        delivery: 'parent_closed',
        toldAt: NOW + 7,
      })
      expect(await store.findTask(silent.id)).toMatchObject({
        isDue: false,
        delivery: 'not_applicable',
        toldAt: undefined,
      })
      expect(await store.listDueTasks(0, 5)).toEqual([])
    })

    test('strays are the open tasks whose turn has ended, or is not there', async () => {
      await using under = await openStore()
      const { store } = under
      const { fence } = await ownSession(store)
      await addTask(store, fence)
      const ended = await addTask(store, fence, {}, 2)
      await store.commit(fence, 'promise', [{ kind: 'turn.end', turnId: ended.turnId, outcome: OUTCOME }])
      const bare = newTask(fence, 'turn_gone' as TurnId)
      await store.commit(fence, 'promise', [{ kind: 'task.insert', task: bare }])
      expect((await store.listStrayTasks(5)).map((task) => task.id).toSorted()).toEqual([ended.id, bare.id].toSorted())
      expect((await store.listStrayTasks(1)).length).toBe(1)
    })

    test('only ended tasks without anything to tell are deleted, so many at once', async () => {
      await using under = await openStore()
      const { store } = under
      const { fence } = await ownSession(store)
      const tasks = [1, 2, 3, 4].map((n) => addTask(store, fence, { notify: 'silent', delivery: 'not_applicable' }, n))
      const [open, late] = await Promise.all(tasks)
      const due = await addTask(store, fence, {}, 5)
      for (const { turnId } of [...(await Promise.all(tasks)).slice(1), due]) {
        await store.repairTask(turnId, { ...END, endedAt: turnId === late?.turnId ? NOW + 100 : NOW })
      }
      expect(await store.deleteTasks(NOW + 50, 1)).toBe(1)
      expect(await store.deleteTasks(NOW + 50, 9)).toBe(1)
      const left = (await store.listTasks({}, { limit: 9 })).map(({ id }) => id)
      expect(left.toSorted()).toEqual([open!.id, late!.id, due.id].toSorted())
    })
  })

  describe('families', () => {
    test('label, parent and notify are kept, and children are counted until they are closed', async () => {
      await using under = await openStore()
      const { store } = under
      const family = { label: 'tests', parent: PARENT, notify: 'prompt' } as const
      const { session, fence } = await ownSession(store, { family })
      await ownSession(store, { family })
      expect((await store.findSessionByNo(session.no))?.family).toEqual(family)
      expect(await store.countChildren(PARENT)).toBe(2)
      await store.commit(fence, 'promise', [{ kind: 'session.patch', patch: { state: 'closed', closedAt: NOW } }])
      expect(await store.countChildren(PARENT)).toBe(1)
      const described = { label: undefined, parent: undefined, notify: 'silent' } as const
      await store.commit(fence, 'promise', [{ kind: 'session.describe', family: described }])
      expect((await store.findSessionByNo(session.no))?.family).toEqual(described)
    })

    test('a key names one open session in any case', async () => {
      await using under = await openStore()
      const { store } = under
      const { session } = await ownSession(store, { key: 'Main' })
      expect((await store.findSession('mAIN'))?.id).toBe(session.id)
      await expect(ownSession(store, { key: 'main' })).rejects.toMatchObject({ code: 'SESSION_CONFLICT' })
    })
  })
}
