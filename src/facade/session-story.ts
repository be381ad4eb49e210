// Events of a session as session updates, in the order of the log: what the agent said, what was asked of it, what a turn left open.
// Knows what its editor was told already. Sends nothing itself; whatever is not an update is the business of attached-session.ts.

import { isJsonObject } from '../base/json.ts'
import type { Json, JsonObject } from '../base/json.ts'
import type { EventStream } from '../events/event-log.ts'
import { Compactions } from './compactions.ts'
import { editorUpdate } from './editor-update.ts'
import type { EditorFacts } from './initialize.ts'
import { ToolCalls } from './tool-calls.ts'

export type EventBatch = EventStream extends AsyncIterable<infer Batch> ? Batch : never
export type SessionEvent = EventBatch[number]

/** Told apart from the story: the newest one counts (F-15). */
const STANDING = new Set<unknown>(['available_commands_update', 'usage_update'])
/** What is set in the session; told from its row. */
const SETTINGS = new Set<unknown>(['current_mode_update', 'config_option_update'])

export class SessionStory {
  readonly toolCalls: ToolCalls
  readonly #shows: EditorFacts['shows']
  readonly #compactions = new Compactions()
  readonly #standing = new Map<string, JsonObject>()
  /** Past permission requests that are not decided yet, and the ids of their tool calls. */
  readonly #asked = new Map<Json | undefined, Json | undefined>()

  /** `editorKnowsMore`: the editor has had what came before, from an earlier connection. */
  constructor(shows: EditorFacts['shows'], editorKnowsMore: boolean) {
    this.#shows = shows
    this.toolCalls = new ToolCalls(editorKnowsMore)
  }

  /** Newest commands and usage of what was heard or told; for an editor that has just come. */
  standing(): JsonObject[] {
    return [...this.#standing.values()]
  }

  /** Takes note of an update without telling it. */
  hear(update: JsonObject): void {
    const shown = editorUpdate(update, this.#shows)
    if (shown === undefined) return
    if (isToolUpdate(shown)) this.toolCalls.hear(shown)
    this.#keepStanding(shown)
  }

  /** A permission request that is past: what it said of its tool call is part of the call. Told in a replay, else only taken note of. */
  hearRequest({ permission_id: id, tool_call: call }: JsonObject, isReplay: boolean): JsonObject[] {
    const piece = isJsonObject(call) ? { ...call, sessionUpdate: 'tool_call_update' } : {}
    const shown = editorUpdate(piece, this.#shows)
    if (shown === undefined) return []
    if (!isReplay) this.toolCalls.hear(shown)
    else this.#asked.set(id, shown['toolCallId'])
    return isReplay ? this.toolCalls.joinPast(shown) : []
  }

  /** It is decided: a call that nothing else has named is told now. One that is not decided yet is told with the request itself. */
  endRequest({ permission_id: id }: JsonObject): JsonObject[] {
    const toolCallId = this.#asked.get(id)
    this.#asked.delete(id)
    return toolCallId === undefined ? [] : this.toolCalls.introduce({ toolCallId })
  }

  /** An update of the agent, live or from the past (`isReplay`). */
  tell(update: JsonObject, isReplay: boolean): JsonObject[] {
    // Not history (F-17); or told as it is now, after the answer.
    if (isReplay && (update['sessionUpdate'] === 'notice' || update['sessionUpdate'] === 'session_info_update'))
      return []
    const shown = editorUpdate(update, this.#shows)
    if (shown === undefined) return []
    const isStanding = this.#keepStanding(shown)
    if (isReplay && isStanding) return []
    if (isReplay && isCompaction(shown)) return this.#compactions.replay(shown)
    return isToolUpdate(shown) ? this.toolCalls.tell(shown) : [shown]
  }

  /** The replay is over: what is told of it besides. */
  endReplay(): JsonObject[] {
    return this.#compactions.finish()
  }

  #keepStanding(update: JsonObject): boolean {
    const variant = update['sessionUpdate']
    if (typeof variant !== 'string' || !STANDING.has(variant)) return false
    this.#standing.set(variant, update)
    return true
  }
}

/** The update that an event of this type is. */
export function updateOf(event: SessionEvent): JsonObject {
  const data: unknown = JSON.parse(event.data)
  return isJsonObject(data) ? data : {}
}

/** Says what is set in the session, which its row says better. */
export function isSetting(update: JsonObject): boolean {
  return SETTINGS.has(update['sessionUpdate'])
}

/** A prompt as the editors see it that did not send it (F-35): one chunk for each block, one message. */
export function promptUpdates(
  turn: { readonly id: string; readonly prompt: string },
  shows: EditorFacts['shows'],
): JsonObject[] {
  const blocks = JSON.parse(turn.prompt) as JsonObject[]
  return blocks.flatMap((content) => {
    const update = { sessionUpdate: 'user_message_chunk', content, messageId: turn.id }
    const shown = editorUpdate(update, shows)
    return shown === undefined ? [] : [shown]
  })
}

function isCompaction({ sessionUpdate }: JsonObject): boolean {
  return sessionUpdate === 'compaction_update' || sessionUpdate === 'compaction_summary_chunk'
}

function isToolUpdate({ sessionUpdate }: JsonObject): boolean {
  return sessionUpdate === 'tool_call' || sessionUpdate === 'tool_call_update'
}
