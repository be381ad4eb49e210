// Who keeps the tasks: bounded, patient with a store that fails, and true about rows that outlived their turn.

import { expect, test } from 'vitest'

import { manualClock } from '../../test/_support/manual-clock.ts'
import type { SessionId, TaskId, TurnId } from '../base/ids.ts'
import { HoldfastError } from '../base/errors.ts'
import type { StoredTask, TaskEnd, TurnRecord } from '../store/records.ts'
import { TaskKeeper } from './task-keeper.ts'
import type { TaskKeeperPorts } from './task-keeper.ts'

const DONE: TaskEnd = {
  status: 'succeeded',
  outcome: 'succeeded',
  reason: undefined,
  summary: undefined,
  error: undefined,
  endedAt: 1,
}

function dueTask(no: number, more: Partial<StoredTask> = {}): StoredTask {
  return {
    no,
    id: `task_${no}` as TaskId,
    parent: 'ses_parent' as SessionId,
    sessionNo: 2,
    sessionId: 'ses_child' as SessionId,
    turnId: `turn_${no}` as TurnId,
    label: undefined,
    status: 'succeeded',
    progress: '',
    notify: 'done_only',
    isDue: true,
    delivery: 'pending',
    acceptedAt: 0,
    startedAt: 0,
    end: DONE,
    announcedAt: undefined,
    toldAt: undefined,
    ...more,
  }
}

/** A keeper on rows in memory; what it does is in `did`. */
function keep({
  tasks = [],
  strays = [],
  turns = [],
}: {
  tasks?: StoredTask[]
  strays?: StoredTask[]
  turns?: TurnRecord[]
}) {
  const did: string[] = []
  const clock = manualClock()
  const failures: (Error | undefined)[] = []
  const refusals = new Map<SessionId, HoldfastError>()
  const say = (level: string) => (_: object, message: string) => void did.push(`${level}: ${message}`)
  const ports: TaskKeeperPorts = {
    clock,
    limits: { retentionMs: 1_000 },
    logger: { debug: () => {}, info: say('info'), warn: say('warn'), error: say('error') },
    sessions: {
      tell: async (parent, { taskId }) => {
        const refusal = refusals.get(parent)
        if (refusal !== undefined) throw refusal
        did.push(`told ${taskId}`)
        tasks = tasks.filter(({ id }) => id !== taskId)
      },
    },
    store: {
      listDueTasks: async (after, limit) => {
        const failure = failures.shift()
        if (failure !== undefined) throw failure
        return tasks.filter(({ no }) => no > after).slice(0, limit)
      },
      forgoTask: async (id) => {
        did.push(`forgone ${id}`)
        tasks = tasks.filter((task) => task.id !== id)
      },
      listStrayTasks: async () => strays,
      findTurn: async (id) => turns.find((turn) => turn.id === id),
      repairTask: async (turnId, { status }) => {
        did.push(`${turnId} ${status}`)
        strays = strays.filter((task) => task.turnId !== turnId)
      },
      deleteTasks: async (before) => {
        did.push(`deleted before ${before - clock.now()}`)
        return 0
      },
    },
  }
  return { did, clock, failures, refusals, keeper: new TaskKeeper(ports) }
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 50; i++) await Promise.resolve()
}

test('sweeps and tells everything at the first look, again after a minute, and nothing when it is stopped', async () => {
  const { did, clock, keeper } = keep({ tasks: Array.from({ length: 120 }, (_, i) => dueTask(i + 1)) })
  keeper.look()
  await settle()
  expect(did.filter((what) => what.startsWith('told')).length).toBe(120)
  expect(did[0]).toBe('deleted before -1000')
  did.length = 0
  keeper.look()
  await settle()
  expect(did).toEqual([])
  clock.advance(60_000)
  await settle()
  expect(did).toEqual(['deleted before -1000'])
  await keeper[Symbol.asyncDispose]()
  keeper.look()
  clock.advance(600_000)
  await settle()
  expect(did).toEqual(['deleted before -1000'])
})

test('a store that fails is said and tried again, until what is due is told', async () => {
  const { did, clock, failures, keeper } = keep({ tasks: [dueTask(1)] })
  failures.push(
    new HoldfastError('STORE_FAILED', { reason: 'disk' }),
    new HoldfastError('STORE_FAILED', { reason: 'disk' }),
  )
  keeper.look()
  await settle()
  expect(did.at(-1)).toBe('error: tasks cannot be kept')
  clock.advance(1_000)
  await settle()
  expect(did.filter((what) => what.startsWith('error')).length).toBe(2)
  clock.advance(2_000)
  await settle()
  expect(did.at(-1)).toBe('told task_1')
  await keeper[Symbol.asyncDispose]()
})

test('a parent that cannot be told now keeps no other from it; one that is gone is given up', async () => {
  const [full, gone] = ['ses_full' as SessionId, 'ses_gone' as SessionId]
  const tasks = [dueTask(1, { parent: full }), dueTask(2, { parent: gone }), dueTask(3)]
  const { did, clock, refusals, keeper } = keep({ tasks })
  refusals.set(full, new HoldfastError('QUEUE_FULL', { session: full, depthMax: 1 }))
  refusals.set(gone, new HoldfastError('SESSION_CLOSED', { session: gone }))
  keeper.look()
  await settle()
  expect(did.slice(1).toSorted()).toEqual(['forgone task_2', 'told task_3', 'warn: parent not told of its task yet'])
  refusals.clear()
  clock.advance(1_000)
  await settle()
  expect(did.at(-1)).toBe('told task_1')
  await keeper[Symbol.asyncDispose]()
})

test('of a start a closed parent is not told, and the task is not given up: its end is still to come', async () => {
  const started = dueTask(1, { end: undefined, status: 'running' })
  const { did, refusals, keeper } = keep({ tasks: [started] })
  refusals.set(started.parent, new HoldfastError('SESSION_CLOSED', { session: started.parent }))
  keeper.look()
  await settle()
  expect(did).toEqual(['deleted before -1000'])
  await keeper[Symbol.asyncDispose]()
})

test('a row that outlived its turn ends as the turn did, or lost when there is none', async () => {
  const outcome = {
    state: 'failed',
    delivery: 'yes',
    stopReason: undefined,
    forced: false,
    error: undefined,
    usage: undefined,
    endedAt: 5,
  } as const
  const strays = [1, 2].map((no) => dueTask(no, { status: 'running', end: undefined, isDue: false }))
  const { did, keeper } = keep({ strays, turns: [{ id: 'turn_1', outcome } as TurnRecord] })
  keeper.look()
  await settle()
  expect(did).toEqual([
    'warn: task outlived its turn',
    'turn_1 failed',
    'warn: task outlived its turn',
    'turn_2 lost',
    'deleted before -1000',
    'info: tasks swept',
  ])
  await keeper[Symbol.asyncDispose]()
})
