// What a decided permission request says about the task that asked for it.

import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json.ts'
import type { PermissionRecord } from '../../store/records.ts'
import type { OpenPermission } from '../state.ts'
import { newReport } from './report.ts'
import type { TaskReport } from './report.ts'
import type { Decided } from './task-rows.ts'

const TITLE_CHARS_MAX = 120

/** What is kept of a request for its decision. `toolCall`: JSON text. */
export function decisionsOf(
  toolCall: string,
  options: readonly JsonObject[],
): Pick<OpenPermission, 'title' | 'allowIds'> {
  const call = JSON.parse(toolCall) as Json
  const title = isJsonObject(call) ? (call['title'] ?? call['kind']) : undefined
  const allowing = options.filter(({ kind }) => kind === 'allow_once' || kind === 'allow_always')
  const allowIds = allowing.map(({ optionId }) => optionId).filter((id) => typeof id === 'string')
  return { title: typeof title === 'string' ? title.slice(0, TITLE_CHARS_MAX) : 'a tool call', allowIds }
}

type Closing = Pick<PermissionRecord, 'state'> & Partial<Pick<PermissionRecord, 'optionId' | 'answeredBy'>>

/** Undefined when nobody decided: the turn ended, or the agent took its request back. */
export function decisionOf(
  { title, allowIds }: Pick<OpenPermission, 'title' | 'allowIds'>,
  { state, optionId, answeredBy }: Closing,
): Decided | undefined {
  const isRefusal = state === 'cancelled' && answeredBy !== undefined // there was no option to refuse with
  if (state !== 'answered' && state !== 'timed_out' && !isRefusal) return undefined
  return { isAllowed: state === 'answered' && optionId !== undefined && allowIds.includes(optionId), title }
}

/** What the rows of its permission requests say about a turn that an earlier life has begun. */
export function reportOfRows(turnId: TaskReport['turnId'], permissions: readonly PermissionRecord[]): TaskReport {
  let report = newReport(turnId)
  for (const permission of permissions) {
    if (permission.turnId !== turnId) continue
    const ways = decisionsOf(permission.toolCall, JSON.parse(permission.options) as JsonObject[])
    const decided = decisionOf(ways, permission)
    if (decided?.isAllowed === true) report = { ...report, isAllowed: true }
    else if (decided !== undefined) report = { ...report, refused: report.refused ?? decided.title }
  }
  return report
}
