// What a replay of a conversation of ours tells that our log does not have: what was said in it without us, in another client of the
// agent, between two of our processes.

import type { ImportedHistory } from '../../agent/link/history.ts'
import type { JsonObject } from '../../base/json.ts'
import { isJsonObject } from '../../base/json.ts'
import type { AgentSessionId, SessionId } from '../../base/ids.ts'
import { findEnd } from './align.ts'
import { saidBy, squeezed, Telling, toolOf } from './telling.ts'
import type { Place, Run, Voice } from './telling.ts'

/** A conversation as far as our log has it. */
export interface KnownConversation {
  /** In the order of the log; tells it to `telling`, leaving out the voices that are not wanted. */
  tell(telling: Telling, isWanted: (voice: Voice) => boolean): void
  /** The log was read back to where the conversation begins. */
  readonly isWhole: boolean
}

export type LearnedReplay =
  /** `known`: updates of the replay that the log has. */
  | { readonly kind: 'news'; readonly updates: readonly string[]; readonly known: number; readonly leftOut: number }
  /** It tells of something else than the log does; nothing of it is taken. */
  | { readonly kind: 'unmatched'; readonly replayed: number; readonly leftOut: number }
  /** Not a replay: what was said in the session that this one is a fork of. */
  | {
      readonly kind: 'forked'
      readonly from: SessionId
      readonly conversation: AgentSessionId
      readonly updates: readonly string[]
      readonly leftOut: number
    }

/** They say what is, not what was; the agent says them again. */
const STANDING: ReadonlySet<unknown> = new Set([
  'available_commands_update',
  'current_mode_update',
  'config_option_update',
  'session_info_update',
  'usage_update',
])

/** Undefined when there is nothing in the replay that the log does not have. */
export function learnReplay(
  known: KnownConversation,
  { updates, leftOut }: ImportedHistory,
): LearnedReplay | undefined {
  const replay = updates.map((text) => JSON.parse(text) as JsonObject)
  // Some agents keep no thoughts: then those of the log are no part of the comparison.
  for (const isWanted of [() => true, isSpoken]) {
    const ours = new Telling()
    known.tell(ours, isWanted)
    const theirs = tellingOf(replay, isWanted)
    if (theirs.runs.length === 0 && theirs.tools.size === 0) return undefined
    const end = findEnd(ours, theirs, { isKnownWhole: known.isWhole, isToldWhole: leftOut === 0 })
    if (end !== undefined) return newsAfter(replay, theirs, { end, known: ours.tools, leftOut })
  }
  return { kind: 'unmatched', replayed: updates.length, leftOut }
}

const isSpoken = (voice: Voice): boolean => voice !== 'thought'

function tellingOf(replay: readonly JsonObject[], isWanted: (voice: Voice) => boolean): Telling {
  const telling = new Telling()
  for (const [update, data] of replay.entries()) {
    const said = saidBy(data)
    const tool = toolOf(data)
    if (said !== undefined && isWanted(said.voice)) telling.say({ ...said, update })
    if (tool !== undefined) telling.callTool(tool.id, tool.isBeginning)
  }
  return telling
}

interface End {
  readonly end: Place
  /** Tool calls that the log has. */
  readonly known: ReadonlySet<string>
  readonly leftOut: number
}

function newsAfter(replay: readonly JsonObject[], { runs }: Telling, { end, known, leftOut }: End) {
  const { first, cutAt } = beginningAfter(runs, end)
  const [head, ...rest] = replay.slice(first)
  const told = head === undefined ? [] : [cut(head, cutAt), ...rest]
  // What comes right after the last message belongs to it.
  const from = told.findIndex((update) => saidBy(update) !== undefined || !isKnownTool(update, known))
  const news = from < 0 ? [] : told.slice(from).filter(({ sessionUpdate }) => !STANDING.has(sessionUpdate))
  if (!news.some((update) => saidBy(update) ?? toolOf(update))) return undefined
  const updates = news.map((update) => JSON.stringify(update))
  return { kind: 'news', updates, known: first + from, leftOut } as const
}

/** The first update after `end`, and how much of it is before that. */
function beginningAfter(runs: readonly Run[], { run, length }: Place): { first: number; cutAt: number } {
  let first = 0
  let begin = 0
  for (const [number, { parts }] of runs.slice(0, run + 1).entries()) {
    begin = 0
    for (const { update, end } of parts) {
      if (number === run && end > length)
        return length > begin ? { first: update, cutAt: length - begin } : { first, cutAt: 0 }
      first = update + 1
      begin = end
    }
  }
  return { first, cutAt: 0 }
}

function isKnownTool(update: JsonObject, known: ReadonlySet<string>): boolean {
  const tool = toolOf(update)
  return tool === undefined ? update['sessionUpdate'] === 'plan' : known.has(tool.id)
}

/** The chunk without its first `count` characters that are no blanks. */
function cut(update: JsonObject, count: number): JsonObject {
  const { content } = update
  if (count <= 0 || !isJsonObject(content) || typeof content['text'] !== 'string') return update
  const { text } = content
  let at = 0
  for (let seen = 0; at < text.length && seen < count; at++) seen += squeezed(text[at] ?? '').length
  return { ...update, content: { ...content, text: text.slice(at) } }
}
