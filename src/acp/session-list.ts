// The answer to `session/list`, narrowed: what an agent offers to go on with. What lacks its essentials is left out and counted.

import { isJsonObject } from '../base/json.ts'
import type { Json } from '../base/json.ts'

export interface ListedSession {
  readonly sessionId: string
  readonly cwd: string
  /** Further directories that it was about. */
  readonly directories: readonly string[]
  readonly title: string | undefined
  /** As the agent sent it. */
  readonly updatedAt: string | undefined
}

export interface SessionListPage {
  readonly sessions: readonly ListedSession[]
  /** Items without an id or a directory. */
  readonly malformed: number
  readonly nextCursor: string | undefined
}

/** Undefined when the answer has no list. A missing or null cursor is the end. */
export function narrowSessionList(result: Json): SessionListPage | undefined {
  if (!isJsonObject(result)) return undefined
  const { sessions: items, nextCursor } = result
  if (!Array.isArray(items)) return undefined
  const sessions = items.map(narrowItem).filter((item) => item !== undefined)
  return {
    sessions,
    malformed: items.length - sessions.length,
    nextCursor: typeof nextCursor === 'string' && nextCursor !== '' ? nextCursor : undefined,
  }
}

function narrowItem(item: Json): ListedSession | undefined {
  if (!isJsonObject(item)) return undefined
  const { sessionId, cwd, additionalDirectories, title, updatedAt } = item
  if (typeof sessionId !== 'string' || sessionId === '' || typeof cwd !== 'string') return undefined
  const text = (value: Json | undefined): string | undefined => (typeof value === 'string' ? value : undefined)
  const directories = Array.isArray(additionalDirectories) ? additionalDirectories : []
  return {
    sessionId,
    cwd,
    directories: directories.filter((path) => typeof path === 'string'),
    title: text(title),
    updatedAt: text(updatedAt),
  }
}
