// Which tool calls an editor was told of. A `tool_call` comes before everything else that is said of its id (F-52), also when the
// editor came in the middle; what was heard before it came is kept for that.

import { givenFields, patchToolCall } from '../acp/tool-call.ts'
import type { JsonObject } from '../base/json.ts'

const KEPT_MAX = 2_000
const ENDED = new Set<unknown>(['completed', 'failed'])

interface Known {
  /** Everything that was heard of it so far; undefined once the editor was told of it. */
  heard: JsonObject | undefined
  isOpen: boolean
}

export class ToolCalls {
  readonly #known = new Map<string, Known>()
  /** Ids that are not known here are known to the editor: it goes on after an event that it had. */
  readonly #editorKnowsOthers: boolean

  constructor(editorKnowsOthers: boolean) {
    this.#editorKnowsOthers = editorKnowsOthers
  }

  /** Takes note without telling the editor: it was said before the editor came. */
  hear(update: JsonObject): void {
    const { toolCallId, sessionUpdate: _, ...fields } = update
    if (typeof toolCallId !== 'string') return
    const heard = patchToolCall(this.#known.get(toolCallId)?.heard ?? {}, fields)
    this.#note(toolCallId, { heard, isOpen: !ENDED.has(heard['status']) })
  }

  /** What is to be told in place of an update of a tool call: a call that the editor does not know is begun first. */
  tell(update: JsonObject): JsonObject[] {
    const { toolCallId, status } = update
    if (typeof toolCallId !== 'string') return []
    const known = this.#known.get(toolCallId)
    const isCreation = update['sessionUpdate'] === 'tool_call'
    const isTold = this.#isTold(toolCallId)
    const isOpen = status === undefined || status === null ? (known?.isOpen ?? true) : !ENDED.has(status)
    this.#note(toolCallId, { heard: undefined, isOpen })
    if (isCreation || isTold) return [update]
    const { sessionUpdate: _, ...fields } = update
    return [creation(toolCallId, patchToolCall(known?.heard ?? {}, fields))]
  }

  /** The beginning of a call that a permission request is about; nothing when the editor knows it. */
  introduce(call: JsonObject): JsonObject[] {
    const { toolCallId } = call
    if (typeof toolCallId !== 'string') return []
    const known = this.#known.get(toolCallId)
    if (this.#isTold(toolCallId)) return []
    this.#note(toolCallId, { heard: undefined, isOpen: true })
    return [creation(toolCallId, patchToolCall(known?.heard ?? {}, call))]
  }

  /** What a past request said of a call: it changes a call that the editor knows, and is kept for the beginning of any other (C-57). */
  joinPast(call: JsonObject): JsonObject[] {
    const { toolCallId } = call
    if (typeof toolCallId !== 'string') return []
    if (this.#isTold(toolCallId)) return [{ ...call, sessionUpdate: 'tool_call_update' }]
    this.hear(call)
    return []
  }

  /** Ends what a turn left open, for nobody will (F-16), or what is under way when it is cancelled. v1 has no other word for it than failed. */
  endOpen(): JsonObject[] {
    const open = [...this.#known].filter(([, { isOpen, heard }]) => isOpen && heard === undefined)
    for (const [, known] of open) known.isOpen = false
    return open.map(([toolCallId]) => ({ sessionUpdate: 'tool_call_update', toolCallId, status: 'failed' }))
  }

  #isTold(id: string): boolean {
    const known = this.#known.get(id)
    return known === undefined ? this.#editorKnowsOthers : known.heard === undefined
  }

  #note(id: string, known: Known): void {
    this.#known.delete(id)
    this.#known.set(id, known)
    if (this.#known.size <= KEPT_MAX) return
    const [oldest] = this.#known.keys()
    if (oldest !== undefined) this.#known.delete(oldest)
  }
}

/** A call needs a title. */
function creation(toolCallId: string, fields: JsonObject): JsonObject {
  const said = givenFields(fields)
  const title = typeof said['title'] === 'string' ? said['title'] : toolCallId
  return { ...said, sessionUpdate: 'tool_call', toolCallId, title }
}
