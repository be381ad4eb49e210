// From a replay and the log to what is new in the replay.

import type { ImportedHistory } from '../../agent/link/history.ts'
import type { SessionNo } from '../../store/records.ts'
import { readConversation } from './known-conversation.ts'
import type { LogReader } from './known-conversation.ts'
import { learnReplay } from './learn-replay.ts'
import type { LearnedReplay } from './learn-replay.ts'

/** Undefined when nothing was replayed, nothing is new, or the log cannot be read: who goes on to write to that finds out. */
export async function learnFrom(
  store: LogReader,
  no: SessionNo,
  replay: ImportedHistory | undefined,
): Promise<LearnedReplay | undefined> {
  if (replay === undefined || replay.updates.length === 0) return undefined
  try {
    return learnReplay(await readConversation(store, no), replay)
  } catch {
    return undefined
  }
}
