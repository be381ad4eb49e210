// Tells parents what their tasks have to tell. The rows are the outbox: who is told says so in the transaction of the telling, so
// a crash in between repeats nothing and forgets nothing.

import { isHoldfastError } from '../base/errors.ts'
import type { ErrorCode } from '../base/errors.ts'
import type { Logger } from '../observe/logger.ts'
import type { Sessions } from '../session/open-sessions.ts'
import type { StoredTask } from '../store/records.ts'
import type { Store } from '../store/store.ts'
import { noticeData, noticePrompt } from './notice-text.ts'

export interface TellPorts {
  readonly store: Pick<Store, 'listDueTasks' | 'forgoTask'>
  readonly sessions: Pick<Sessions, 'tell'>
  readonly logger: Logger
  now(): number
}

export interface Told {
  readonly told: number
  /** Could not be told now; they stay due. */
  readonly waiting: number
}

const PAGE = 50
/** Of one pass; what is left comes with the next one. */
const TASKS_MAX = 1_000

/** The parent is not there any more: nobody is left to tell. */
const NOBODY: ReadonlySet<ErrorCode> = new Set(['SESSION_CLOSED', 'SESSION_NOT_FOUND'])

/** One pass over what is due, oldest first. A parent that cannot be told now keeps no other from it. Rejects when the store fails. */
export async function tellDueTasks(ports: TellPorts): Promise<Told> {
  let told = 0
  let seen = 0
  for (let after = 0; seen < TASKS_MAX;) {
    const tasks = await ports.store.listDueTasks(after, PAGE)
    const results = await Promise.all(tasks.map((task) => tellOne(ports, task)))
    told += results.filter(Boolean).length
    seen += tasks.length
    const last = tasks.at(-1)
    if (last === undefined || tasks.length < PAGE) break
    after = last.no
  }
  return { told, waiting: seen - told }
}

/** True when the parent knows, or there is none. */
async function tellOne({ store, sessions, logger, now }: TellPorts, task: StoredTask): Promise<boolean> {
  const { id: taskId, parent, end, notify } = task
  try {
    const prompt = end !== undefined && notify === 'prompt' ? noticePrompt(task, end) : undefined
    await sessions.tell(parent, {
      taskId,
      what: end === undefined ? 'started' : 'ended',
      data: noticeData(task),
      prompt,
    })
    return true
  } catch (err) {
    if (!isHoldfastError(err) || !NOBODY.has(err.code)) {
      const isLeaving = isHoldfastError(err) && err.code === 'GATEWAY_DRAINING'
      logger[isLeaving ? 'debug' : 'warn']({ taskId, sessionId: parent, err }, 'parent not told of its task yet')
      return false
    }
  }
  // Of a start nobody needs to know any more, but the end is still to come.
  if (end !== undefined) await store.forgoTask(taskId, now())
  return true
}
