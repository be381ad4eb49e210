// A prompt as it is shown in the event log and in lists: attached data is left out where there is much of it. The turn itself has all.

import type { Json, JsonObject } from '../../base/json.ts'
import { isJsonObject } from '../../base/json.ts'

/** Below this a prompt is shown as it is. */
const WHOLE_CHARS_MAX = 64 * 1024

/** `prompt` and the result: ACP content blocks as JSON text. Data that is left out is an empty string, and `omitted` says of how many characters. */
export function shownPrompt(prompt: string): string {
  if (prompt.length <= WHOLE_CHARS_MAX) return prompt
  return JSON.stringify((JSON.parse(prompt) as JsonObject[]).map(shownBlock))
}

function shownBlock(block: JsonObject): JsonObject {
  const { resource } = block
  if (isJsonObject(resource)) return { ...block, resource: without(resource, 'blob') }
  return without(block, 'data')
}

function without(block: JsonObject, name: string): JsonObject {
  const data: Json | undefined = block[name]
  return typeof data === 'string' ? { ...block, [name]: '', omitted: data.length } : block
}
