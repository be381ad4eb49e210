// Where a conversation is cut for a compaction: what is summarised, and what of the newest is kept as it is. Pure.

import type { Message, Said } from '../session/entries.ts'

export interface Cut {
  /** Without an earlier summary. Not empty. */
  readonly older: readonly Said[]
  readonly earlierSummary: string | undefined
  /** First that is kept; one after the last when nothing is. */
  readonly keepFromSeq: number
}

/**
 * Keeps about `keepTokens` of the newest, never half of a call and its result, and always a prompt that has no answer yet. Undefined
 * when nothing would be summarised.
 */
export function findCut(
  said: readonly Said[],
  keepTokens: number,
  estimate: (message: Message) => number,
): Cut | undefined {
  const last = said.at(-1)
  if (last === undefined) return undefined
  let at = last.message.role === 'user' ? said.length - 1 : said.length
  let kept = 0
  for (let n = said.length - 1; n >= 0; n--) {
    kept += estimate(said[n]!.message)
    if (kept > keepTokens) break
    if (isBeginning(said[n]!)) at = Math.min(at, n)
  }
  const head = said[0]!.message
  const earlierSummary = head.role === 'compactionSummary' ? head.summary : undefined
  const older = said.slice(earlierSummary === undefined ? 0 : 1, at)
  if (older.length === 0) return undefined
  return { older, earlierSummary, keepFromSeq: said[at]?.seq ?? last.seq + 1 }
}

/** Parts of at most about `tokensMax`; one message is never divided. */
export function inParts(
  said: readonly Said[],
  tokensMax: number,
  estimate: (message: Message) => number,
): readonly (readonly Said[])[] {
  const parts: Said[][] = []
  let room = 0
  for (const one of said) {
    const tokens = estimate(one.message)
    if (parts.length === 0 || tokens > room) {
      parts.push([])
      room = tokensMax
    }
    parts.at(-1)!.push(one)
    room -= tokens
  }
  return parts
}

function isBeginning({ message }: Said): boolean {
  return message.role === 'user' || message.role === 'assistant'
}
