// The tool calls of the turn that is out, as the agent has told of them, for requests that only name theirs. Bounded; when in doubt a
// request stays as it came.

import { givenFields, patchToolCall } from '../../acp/tool-call.ts'
import type { Json, JsonObject } from '../../base/json.ts'

/** So many are known at least; older ones are forgotten when there are twice as many. */
const CALLS_MIN = 256
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

  /** Any update of a session; only tool calls are looked at. `charsMax`: no field of it is longer as JSON text, where that is known. */
  take(sessionId: string, update: JsonObject, charsMax = Number.POSITIVE_INFINITY): void {
    const { sessionUpdate: variant, toolCallId: id } = update
    if ((variant !== 'tool_call' && variant !== 'tool_call_update') || typeof id !== 'string') return
    const key = keyOf(sessionId, id)
    const known = variant === 'tool_call' ? {} : (this.#calls.get(key) ?? {})
    const told: JsonObject = { ...known }
    for (const name of FIELDS) {
      const value = update[name] ?? null
      if (value !== null) told[name] = charsMax <= FIELD_CHARS_MAX ? value : kept(value)
    }
    this.#calls.delete(key)
    this.#calls.set(key, told)
    if (this.#calls.size >= 2 * CALLS_MIN) this.#forgetOlder()
  }

  /** In one go: a map whose first entry is deleted again and again walks over all that were, to find the next. */
  #forgetOlder(): void {
    let left = this.#calls.size - CALLS_MIN
    for (const key of this.#calls.keys()) {
      if (left-- === 0) return
      this.#calls.delete(key)
    }
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
