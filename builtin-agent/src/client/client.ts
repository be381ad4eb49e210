// The other side of the connection as sessions see it: what it can do, what it is told, what it is asked.

import type { DeadlineOptions } from '../../../src/base/deadline.ts'
import { isJsonObject, type Json, type JsonObject } from '../../../src/base/json.ts'

/** What the client said that it can do; absent means no. Nothing else of it is ever used. */
export interface ClientAbilities {
  readonly terminal: boolean
  readonly readTextFile: boolean
  readonly writeTextFile: boolean
  readonly compaction: boolean
  readonly notices: boolean
}

export interface Client {
  readonly abilities: ClientAbilities
  update(sessionId: string, update: JsonObject): void
  /** Rejects with RpcError, DEADLINE, CANCELLED, or with the reason of the end of the connection. */
  call(method: string, params: JsonObject, options: DeadlineOptions): Promise<Json>
}

/** A person may think about a question for long, but not for ever. */
export const PERSON_MS = 24 * 60 * 60_000

export function narrowAbilities(capabilities: Json | undefined): ClientAbilities {
  const all = objectOf(capabilities)
  const fs = objectOf(all['fs'])
  const session = objectOf(all['session'])
  return {
    terminal: all['terminal'] === true,
    readTextFile: fs['readTextFile'] === true,
    writeTextFile: fs['writeTextFile'] === true,
    compaction: isJsonObject(session['compaction']),
    notices: isJsonObject(session['notices']),
  }
}

function objectOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {}
}
