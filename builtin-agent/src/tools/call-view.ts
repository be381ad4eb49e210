// How a tool call looks to people: what the client is told while it lives, and what the transcript keeps for a replay.

import { isJsonObject, type Json, type JsonObject } from '../../../src/base/json.ts'
import { cutText } from './cut-text.ts'
import { type PreparedCall, textContent, type Tool, type ToolOutcome } from './tool.ts'

/** The last state of a call, as it is replayed; kept in the details of its result. */
export interface CallView {
  readonly title: string
  readonly kind: string
  readonly status: 'completed' | 'failed'
  readonly content: readonly JsonObject[]
  readonly locations: readonly JsonObject[]
  readonly rawOutput?: Json
}

/** Characters of a text or of each side of a diff that are kept and shown. */
const SHOWN_CHARS_MAX = 200_000

/** The first that the client hears of a call. */
export function announcement(
  toolCallId: string,
  tool: Pick<Tool, 'name' | 'kind'> & { title: string },
  args: Json,
): JsonObject {
  const { name, kind, title } = tool
  return { sessionUpdate: 'tool_call', toolCallId, title, name, kind, status: 'pending', rawInput: args }
}

export function preparedFields({ title, locations, content }: PreparedCall): JsonObject {
  return {
    ...(title === undefined ? {} : { title }),
    ...(locations === undefined ? {} : { locations: locations.map((location) => ({ ...location })) }),
    ...(content === undefined ? {} : { content: content.map(shortened) }),
  }
}

/** What the call came to. Content of a terminal is left out: it would point to nothing later. */
export function finishedView(
  tool: Pick<Tool, 'kind'>,
  prepared: PreparedCall & { title: string },
  outcome: ToolOutcome,
): CallView {
  return {
    title: prepared.title,
    kind: tool.kind,
    status: outcome.isFailure === true ? 'failed' : 'completed',
    content: (outcome.content ?? [...(prepared.content ?? []), textContent(outcome.text)]).map(shortened),
    locations: (prepared.locations ?? []).map((location) => ({ ...location })),
    ...(outcome.rawOutput === undefined ? {} : { rawOutput: outcome.rawOutput }),
  }
}

export function failedView(
  tool: Pick<Tool, 'kind'>,
  prepared: PreparedCall & { title: string },
  why: string,
): CallView {
  return { ...finishedView(tool, prepared, { text: why, isFailure: true }) }
}

/** The view that an earlier life has kept; undefined when there is none. */
export function viewOf(details: unknown): CallView | undefined {
  if (!isJsonObject(details) || !isJsonObject(details['view'])) return undefined
  const { title, kind, status, content, locations, rawOutput } = details['view']
  if (typeof title !== 'string' || typeof kind !== 'string') return undefined
  return {
    title,
    kind,
    status: status === 'completed' ? 'completed' : 'failed',
    content: objectsIn(content),
    locations: objectsIn(locations),
    ...(rawOutput === undefined ? {} : { rawOutput }),
  }
}

function objectsIn(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : []
}

function shortened(content: JsonObject): JsonObject {
  if (content['type'] !== 'diff') return content
  const { oldText, newText } = content
  const cut = (text: Json | undefined): Json =>
    typeof text === 'string' ? cutText(text, { charsMax: SHOWN_CHARS_MAX }) : null
  return { ...content, oldText: cut(oldText), newText: cut(newText) }
}
