// What `initialize` says that a client of ours can do. Only what the gateway can serve by itself, with no editor attached (C-07).

import type { ProtocolVersion } from '../../acp/initialize.ts'
import type { JsonObject } from '../../base/json.ts'
import type { AgentDefinition } from '../definition.ts'
import { fileAccessOf } from '../files/file-ground.ts'

/** A question is stored, and answered by whoever comes. */
const ELICITATION = { form: {}, url: {} } as const

/** `clientCapabilities` of v1, `capabilities` of v2. */
export function clientOffer(definition: AgentDefinition, protocol: ProtocolVersion = 1): JsonObject {
  // v2 has no files and no terminals of clients, and asks nobody whether they know its options.
  if (protocol === 2) return { elicitation: ELICITATION }
  const { terminals = false } = definition
  const access = fileAccessOf(definition)
  return {
    fs: { readTextFile: access !== 'none', writeTextFile: access === 'write' },
    terminal: terminals,
    // `holdfast agents login` runs the agent's own program in a terminal: one that is elsewhere has none of ours (C-15, ADR 40).
    ...(definition.remote === undefined && { auth: { terminal: true } }),
    session: { configOptions: { boolean: {} }, compaction: {}, notices: {} },
    elicitation: ELICITATION,
  }
}
