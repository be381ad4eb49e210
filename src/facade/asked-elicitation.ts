// A question of an agent as an editor is asked it: from its event, or from its row.

import type { ElicitationId } from '../base/ids.ts'
import type { JsonObject } from '../base/json.ts'
import type { ElicitationControl } from '../session/elicitations/elicitation-control.ts'
import type { AskedElicitation } from './elicitation-asks.ts'

type Row = Awaited<ReturnType<ElicitationControl['list']>>[number]

/** The data of `elicitation.requested`, which is ours. */
export function askedIn(data: JsonObject): AskedElicitation {
  const { elicitation_id: id, message, mode, url, requested_schema: schema, tool_call_id: toolCallId } = data
  const about = {
    id: id as ElicitationId,
    message: message as string,
    toolCallId: (toolCallId as string | null) ?? undefined,
  }
  if (mode === 'url') return { ...about, mode, url: url as string }
  return { ...about, mode: 'form', requestedSchema: schema as JsonObject }
}

export function askedOf({ id, message, toolCallId, url, requestedSchema = '{}' }: Row): AskedElicitation {
  const about = { id, message, toolCallId }
  if (url !== undefined) return { ...about, mode: 'url', url }
  return { ...about, mode: 'form', requestedSchema: JSON.parse(requestedSchema) as JsonObject }
}
