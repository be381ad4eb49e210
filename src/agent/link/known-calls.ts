// The tool calls of the turn that is out, as the agent has told of them, for requests that only name theirs. Bounded; when in doubt a
// request stays as it came.

import { givenFields, patchToolCall } from '../../acp/tool-call.ts'
import type { Json, JsonObject } from '../../base/json.ts'

/** Older ones are forgotten. */
const CALLS_MAX = 256
/** Of one field, as JSON text: a longer one is not kept, and what a shorter one before it said is not either. */
const FIELD_CHARS_MAX = 64 * 1024
/** What a request tells of its call. */
const FIELDS = ['title', 'kind', 'content', 'locations', 'rawInput']

export class KnownCalls {
  readonly #calls = new Map<string, JsonObject>()

  /** Ids may be used again in the next turn. */
  startTurn(): void {
    this.#calls.clear()
  }

  /** Any update of a session; only tool calls are looked at. */
  take(sessionId: string, update: JsonObject): void {
    const { sessionUpdate: variant, toolCallId: id } = update
    if ((variant !== 'tool_call' && variant !== 'tool_call_update') || typeof id !== 'string') return
    const key = keyOf(sessionId, id)
    const known = variant === 'tool_call' ? {} : (this.#calls.get(key) ?? {})
    const told = FIELDS.filter((name) => (update[name] ?? null) !== null).map((name) => [name, kept(update[name]!)])
    this.#calls.delete(key)
    this.#calls.set(key, { ...known, ...(Object.fromEntries(told) as JsonObject) })
    const [oldest] = this.#calls.keys()
    if (this.#calls.size > CALLS_MAX && oldest !== undefined) this.#calls.delete(oldest)
  }

  /** The tool call of a request with what was told of it before; the same object when that adds nothing (C-57). */
  complete(sessionId: string, toolCall: JsonObject): JsonObject {
    const { toolCallId: id } = toolCall
    const known = typeof id === 'string' ? this.#calls.get(keyOf(sessionId, id)) : undefined
    if (known === undefined) return toolCall
    const missing = Object.keys(givenFields(known)).some((name) => (toolCall[name] ?? null) === null)
    return missing ? { ...toolCall, ...patchToolCall(givenFields(known), toolCall) } : toolCall
  }
}

function kept(value: Json): Json {
  return JSON.stringify(value).length > FIELD_CHARS_MAX ? null : value
}

function keyOf(sessionId: string, id: string): string {
  return `${sessionId} ${id}`
}
