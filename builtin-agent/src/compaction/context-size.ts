// How full the model's context is: what the provider said last, and an estimate of what came since. Never looks at all messages when
// the provider has spoken after the last compaction.

import type { AgentLibrary } from '../models/library.ts'
import type { Said } from '../session/entries.ts'

/** Instructions and tools, when nobody has counted them. */
const OVERHEAD_TOKENS = 3_000

/** Tokens of everything that would be sent now. */
export function contextTokens({ estimateTokens }: AgentLibrary, said: readonly Said[]): number {
  const compactedAt = said.findLast(({ message }) => message.role === 'compactionSummary')?.seq ?? 0
  let tokens = 0
  for (const { seq, message } of said.toReversed()) {
    // What a provider said before a compaction was about more than there is now.
    const counted = message.role === 'assistant' && seq > compactedAt ? message.usage.totalTokens : 0
    if (counted > 0) return tokens + counted
    tokens += estimateTokens(message)
  }
  return tokens + OVERHEAD_TOKENS
}
