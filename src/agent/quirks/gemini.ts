// Gemini CLI (seen with 0.61.0) keeps each conversation in a file that is named by the minute of its clock. A `session/load` in
// the minute in which the conversation began writes an empty one over it, answers with an internal error, and nothing is left to
// be loaded ever again.

import type { Quirk } from './quirk.ts'

const MINUTE_MS = 60_000

export const gemini: Quirk = {
  agent: 'gemini-cli',
  loadAfter: (begunAt) => (Math.floor(begunAt / MINUTE_MS) + 1) * MINUTE_MS,
}
