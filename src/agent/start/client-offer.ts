// What `initialize` says that a client of ours can do. Only what the gateway can serve by itself, with no editor attached (C-07).

import type { JsonObject } from '../../base/json.ts'
import type { AgentDefinition } from '../definition.ts'

/** `clientCapabilities` of v1. */
export function clientOffer({ terminals = false }: AgentDefinition): JsonObject {
  return {
    // Files are the agent's own business.
    fs: { readTextFile: false, writeTextFile: false },
    terminal: terminals,
    session: { configOptions: { boolean: {} }, compaction: {} },
  }
}
