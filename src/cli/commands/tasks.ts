// `holdfast tasks ls|show|cancel`: the turns of a session's children, as the session sees them.

import type { TaskView } from '../../wire/task.ts'
import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { openGateway } from '../gateway.ts'
import { taskFacts, taskTable } from '../output/task-text.ts'
import { CANCEL_SAID } from './cancel.ts'

export interface TasksLsOptions {
  readonly parent?: string
  readonly limit: number
}

const PAGE_MAX = 200

export async function tasksLs(context: CommandContext, { parent, limit }: TasksLsOptions): Promise<number> {
  const { screen } = context
  using gateway = await openGateway(context)
  const tasks: TaskView[] = []
  let cursor: string | null = null
  do {
    const page = await gateway.client.listTasks({
      ...(parent !== undefined && { parent }),
      limit: Math.min(PAGE_MAX, limit - tasks.length),
      ...(cursor !== null && { cursor }),
    })
    tasks.push(...page.tasks)
    cursor = page.next_cursor
  } while (cursor !== null && tasks.length < limit)
  if (screen.json) for (const task of tasks) screen.record(task)
  else if (tasks.length === 0) screen.note('there are no tasks')
  else screen.print(taskTable(tasks, screen.style, Date.now()))
  return EXIT.done
}

export async function tasksShow(context: CommandContext, _: object, taskId: string): Promise<number> {
  const { screen } = context
  using gateway = await openGateway(context)
  const task = await gateway.client.getTask(taskId)
  if (screen.json) screen.record(task)
  else screen.print(taskFacts(task, screen.style))
  return EXIT.done
}

export async function tasksCancel(context: CommandContext, _: object, taskId: string): Promise<number> {
  const { screen } = context
  using gateway = await openGateway(context)
  const evidence = await gateway.client.cancelTask(taskId)
  if (screen.json) screen.record(evidence)
  else screen.print(`${[CANCEL_SAID[evidence.outcome], ...evidence.turns].join(' ')}\n`)
  return EXIT.done
}
