// What the rows know of the task of a turn that goes on in another life of the gateway.

import type { TurnId } from '../../base/ids.ts'
import type { SessionRecord } from '../../store/records.ts'
import type { Store } from '../../store/store.ts'
import { reportOfRows } from './decision.ts'
import { goOnWith } from './report.ts'
import type { TaskReport } from './report.ts'

/** The requests of one turn are among the newest. */
const PERMISSIONS_MAX = 256

/** Undefined for a turn that is no task. */
export async function readReport(
  store: Pick<Store, 'listOpenTasks' | 'listPermissions'>,
  { no, family }: SessionRecord,
  turnId: TurnId | undefined,
): Promise<TaskReport | undefined> {
  if (family.parent === undefined || turnId === undefined) return undefined
  const tasks = await store.listOpenTasks(no)
  const task = tasks.find((one) => one.turnId === turnId)
  if (task === undefined) return undefined
  const permissions = await store.listPermissions({ sessionNo: no }, PERMISSIONS_MAX)
  return goOnWith(reportOfRows(turnId, permissions), task.progress)
}
