// The answer to `session/list`: pages of stored conversations, newest first.

import { isAbsolute } from 'node:path'

import type { JsonObject } from '../../../src/base/json.ts'
import type { TranscriptStore, TranscriptSummary } from '../transcript/port.ts'
import { badParams } from './refusal.ts'

/** -32602 for a relative directory and for a cursor that is none of ours. */
export async function listSessions(store: TranscriptStore, { cwd, cursor }: JsonObject): Promise<JsonObject> {
  if (!isAbsent(cwd) && (typeof cwd !== 'string' || !isAbsolute(cwd))) throw badParams('cwd must be an absolute path')
  if (!isAbsent(cursor) && typeof cursor !== 'string') throw badParams('cursor must be a text')
  const { items, nextCursor } = await store.list({
    ...(typeof cwd === 'string' ? { cwd } : {}),
    ...(typeof cursor === 'string' ? { cursor } : {}),
  })
  return { sessions: items.map(viewOf), ...(nextCursor === undefined ? {} : { nextCursor }) }
}

function viewOf({ id, cwd, title, updatedAt }: TranscriptSummary): JsonObject {
  return { sessionId: id, cwd, ...(title === undefined ? {} : { title }), updatedAt: new Date(updatedAt).toISOString() }
}

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null
}
