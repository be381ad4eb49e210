// Gemini CLI (seen with 0.61.0) names the file of a conversation by the minute of its clock (UTC) and the beginning of its id, and
// every start of a process begins such a file, before a `session/load` looks for the earlier one. In the minute in which the
// conversation began that is the same file: the load answers with an internal error, and nothing is left to be loaded ever again.

import type { Quirk } from './quirk.ts'

const MINUTE_MS = 60_000

export const gemini: Quirk = {
  agent: 'gemini-cli',
  loadAfter: (begunAt) => (Math.floor(begunAt / MINUTE_MS) + 1) * MINUTE_MS,
}
