// Questions of agents, to wire.

import type { SessionId } from '../base/ids.ts'
import type { JsonObject } from '../base/json.ts'
import type { ElicitationControl } from '../session/elicitations/elicitation-control.ts'
import type { ElicitationView } from '../wire/elicitation.ts'
import { timeOrNull, timeText } from './views.ts'

type Shown = Awaited<ReturnType<ElicitationControl['get']>>

export function elicitationView(elicitation: Shown, sessionId: SessionId): ElicitationView {
  const { requestedSchema, fields } = elicitation
  return {
    id: elicitation.id,
    session_id: sessionId,
    turn_id: elicitation.turnId ?? null,
    generation: elicitation.generation,
    mode: elicitation.mode,
    message: elicitation.message,
    tool_call_id: elicitation.toolCallId ?? null,
    requested_schema: requestedSchema === undefined ? null : (JSON.parse(requestedSchema) as JsonObject),
    url: elicitation.url ?? null,
    state: elicitation.state,
    action: elicitation.action ?? null,
    fields: fields === undefined ? null : [...fields],
    answered_by: elicitation.answeredBy ?? null,
    requested_at: timeText(elicitation.requestedAt),
    due_at: timeText(elicitation.dueAt),
    closed_at: timeOrNull(elicitation.closedAt),
    completed_at: timeOrNull(elicitation.completedAt),
  }
}
