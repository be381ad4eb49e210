// One update of an agent as an editor of ACP v1 may see it (F-09, F-51, F-53, F-56, F-58). Pure; what cannot be shown is left out,
// and is in the log all the same.

import { narrowSessionUpdate } from '../acp/session-update.ts'
import { isJsonObject } from '../base/json.ts'
import type { Json, JsonObject } from '../base/json.ts'
import type { EditorFacts } from './initialize.ts'

type Shows = EditorFacts['shows']

const TOOL_KINDS = new Set<unknown>('read edit delete move search execute think fetch switch_mode other'.split(' '))
const TOOL_STATUSES = new Set<unknown>(['pending', 'in_progress', 'completed', 'failed'])
/** Values of v2, as v1 says them. */
const STATUS_OF: Readonly<Record<string, string>> = { cancelled: 'failed', paused: 'in_progress' }

/** Undefined when the editor cannot show it. */
export function editorUpdate(update: JsonObject, shows: Shows): JsonObject | undefined {
  const variant = update['sessionUpdate']
  if (variant === 'notice' && !shows.notices) return undefined
  if (typeof variant === 'string' && variant.startsWith('compaction_') && !shows.compaction) return undefined
  const isTool = variant === 'tool_call' || variant === 'tool_call_update'
  const shown = isTool ? { ...editorToolCall(update), sessionUpdate: variant } : editorPlan(update)
  return isPublished(shown) ? shown : undefined
}

/** A plan without entries that v1 has no word for, such as those that v2 cancels; what else it is is not changed. */
function editorPlan(update: JsonObject): JsonObject {
  const { sessionUpdate, entries } = update
  if (sessionUpdate !== 'plan' || !Array.isArray(entries) || isPublished(update)) return update
  return { ...update, entries: entries.filter((entry) => isPublished({ sessionUpdate, entries: [entry] })) }
}

/** A tool call in either shape: values that v1 has, and no terminal, which would be one of the editor's own. */
export function editorToolCall(call: JsonObject): JsonObject {
  const { kind, status, content, locations } = call
  return {
    ...call,
    ...(typeof kind === 'string' && !TOOL_KINDS.has(kind) && { kind: 'other' }),
    ...(typeof status === 'string' && !TOOL_STATUSES.has(status) && { status: STATUS_OF[status] ?? 'in_progress' }),
    ...(Array.isArray(content) && { content: content.flatMap(shownContent) }),
    ...(Array.isArray(locations) && { locations: locations.filter(isShownLocation) }),
  }
}

/** Whether it is exactly what the published schema allows. */
export function isPublished(update: JsonObject): boolean {
  const narrowed = narrowSessionUpdate({ sessionId: '', update })
  return narrowed.kind === 'known' && narrowed.warning === undefined
}

const TERMINAL_TEXT = 'The agent ran this in a terminal of the gateway.'

function shownContent(item: Json): Json[] {
  if (!isJsonObject(item)) return []
  if (item['type'] === 'terminal') return [{ type: 'content', content: { type: 'text', text: TERMINAL_TEXT } }]
  const update = { sessionUpdate: 'tool_call_update', toolCallId: '', content: [item] }
  const isRelative = item['type'] === 'diff' && !isAbsolutePath(item['path'])
  return isRelative || !isPublished(update) ? [] : [item]
}

function isShownLocation(item: Json): boolean {
  if (!isJsonObject(item) || !isAbsolutePath(item['path'])) return false
  const { line } = item
  return line === undefined || line === null || (typeof line === 'number' && line >= 1)
}

/** Of any system: the agent may run on another one than the editor. */
function isAbsolutePath(path: Json | undefined): boolean {
  return typeof path === 'string' && (path.startsWith('/') || /^[A-Za-z]:[\\/]/.test(path) || path.startsWith('\\\\'))
}
