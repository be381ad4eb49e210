// What an agent says in the turn that is out, as far as the turn's task keeps it. Text for people: bounded, without thoughts.

import type { TurnId } from '../../base/ids.ts'
import { isJsonObject } from '../../base/json.ts'
import type { Json } from '../../base/json.ts'

export interface TaskReport {
  readonly turnId: TurnId
  /** The end of what was said so far. */
  readonly progress: string
  /** What was said since the last tool call, from its beginning. */
  readonly words: string
  /** Epoch ms of the last time that `progress` was written to the row. */
  readonly writtenAt: number
  /** The first request that was refused, in the words of its tool call. */
  readonly refused: string | undefined
  /** Some request was allowed. */
  readonly isAllowed: boolean
}

export const PROGRESS_CHARS_MAX = 240
export const SUMMARY_CHARS_MAX = 2_000
const MORE = '…'

export function newReport(turnId: TurnId): TaskReport {
  return { turnId, progress: '', words: '', writtenAt: 0, refused: undefined, isAllowed: false }
}

/** A report that goes on where a row of an earlier life ends: what came in between is not known, and that is shown. */
export function goOnWith(report: TaskReport, progress: string): TaskReport {
  return progress === '' ? report : { ...report, progress: tailOf(progress + MORE), words: MORE }
}

/** `update` is a session update as JSON text. Chunks are joined as they come: no space is invented between them. */
export function hear(report: TaskReport, update: string): TaskReport {
  const parsed = JSON.parse(update) as Json
  if (!isJsonObject(parsed)) return report
  const { sessionUpdate, content } = parsed
  if (sessionUpdate === 'tool_call') return { ...report, words: '' }
  if (sessionUpdate !== 'agent_message_chunk' || !isJsonObject(content)) return report
  const { type, text } = content
  if (type !== 'text' || typeof text !== 'string' || text === '') return report
  return { ...report, progress: tailOf(report.progress + text), words: headOf(report.words + text) }
}

function tailOf(text: string): string {
  if (text.length <= PROGRESS_CHARS_MAX) return text
  const tail = text.slice(1 - PROGRESS_CHARS_MAX)
  // Half of a surrogate pair is no character.
  return MORE + (/^[\uDC00-\uDFFF]/.test(tail) ? tail.slice(1) : tail)
}

/** Cut for good once it is too long: what comes later does not follow on. */
function headOf(text: string): string {
  if (text.length <= SUMMARY_CHARS_MAX) return text
  const head = text.slice(0, SUMMARY_CHARS_MAX - 1)
  return (/[\uD800-\uDBFF]$/.test(head) ? head.slice(0, -1) : head) + MORE
}
