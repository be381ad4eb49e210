// Watches one turn from its event stream to its one end: shows it, answers its permission requests and questions, reports the result.
// Ends with `turn.ended`, never by itself; whoever has a bound aborts the signal.

import { HoldfastError } from '../base/errors.ts'
import type { JsonObject } from '../base/json.ts'
import { isJsonObject } from '../base/json.ts'
import type { EventView } from '../wire/event.ts'
import { failureHelp } from './output/failure-help.ts'
import { outcomeText } from './output/outcome.ts'
import type { Screen } from './output/screen.ts'
import type { TurnText } from './output/turn-text.ts'
import { terminalLine } from './output/terminal-text.ts'
import type { PermissionDesk } from './permission-desk.ts'
import type { QuestionDesk } from './questions/question-desk.ts'
import type { TurnEndState } from '../wire/turn.ts'

export interface WatchPorts {
  readonly events: AsyncIterable<EventView>
  readonly desk: PermissionDesk
  readonly questions: QuestionDesk
  readonly text: TurnText
  readonly screen: Screen
  /** Another turn of the session was interrupted and holds the queue, or ours waits for a decision or a login. */
  blocked(): void
}

/** How a turn that was watched has ended. */
export interface WatchedEnd {
  readonly state: TurnEndState
  /** Of the error that it ended with, if it did. */
  readonly errorCode: string | undefined
}

/** Resolves with the end of `turnId`. CANCELLED when the stream ends before it. */
export async function watchTurn(
  turnId: string,
  { events, desk, questions, text, screen, blocked }: WatchPorts,
): Promise<WatchedEnd> {
  for await (const event of events) {
    const data = isJsonObject(event.data) ? event.data : {}
    const ours = event.turn_id === turnId
    if (event.type === 'session.blocked' && (!ours || data['reason'] !== 'interrupted')) blocked()
    if (!ours && !(event.turn_id === null && event.type.startsWith('agent.'))) continue
    if (screen.json) screen.record(event)
    if (event.type === 'permission.requested') desk.requested(data)
    if (event.type === 'permission.closed') desk.closed(data)
    if (event.type === 'elicitation.requested') questions.requested(data)
    if (event.type === 'elicitation.closed') questions.closed(data)
    if (!screen.json) showEvent(event.type, data, text)
    await screen.drained()
    if (ours && event.type === 'turn.ended') return endOf(data, { text, screen })
  }
  throw new HoldfastError('CANCELLED', { stage: 'watching the turn' })
}

function endOf(data: JsonObject, { text, screen }: Pick<WatchPorts, 'text' | 'screen'>): WatchedEnd {
  const state = data['state'] as TurnEndState
  text.breakLine()
  const outcome = outcomeText(state, data)
  if (outcome !== undefined) screen.note(outcome)
  const { error } = data
  failureHelp(screen, error)
  const code = isJsonObject(error) ? error['code'] : undefined
  return { state, errorCode: typeof code === 'string' ? code : undefined }
}

function showEvent(type: EventView['type'], data: JsonObject, text: TurnText): void {
  switch (type) {
    case 'update':
      return text.update(isJsonObject(data['update']) ? data['update'] : data)
    case 'conversation.replaced':
      return text.line(`the agent goes on in another conversation (${textOf(data['reason'])})`)
    case 'option.refused':
      return text.line(`the agent did not take the option ${textOf(data['option'])} (${textOf(data['reason'])})`)
    case 'agent.retired':
      return data['reason'] === 'equipment_changed'
        ? text.line('the agent is started again after this turn, with what was chosen for the session')
        : undefined
    case 'turn.requeued':
      return text.line(`the prompt is back in the queue: ${textOf(data['reason'])}`)
    case 'turn.cancelling':
      if (data['reason'] !== 'user') text.line(`cancelling the turn: ${cancelText(data['reason'])}`)
      return text.cancelTools()
    case 'elicitation.completed':
      return text.line('done, says the agent: what it asked to open a page for')
    case 'agent.starting':
      return text.line(`starting ${textOf(data['agent'])}`)
    case 'agent.warning':
      return text.line(`warning: ${terminalLine(warningText(data), 300)}`)
    default:
      return undefined
  }
}

const CANCELLED_BECAUSE: Readonly<Record<string, string>> = {
  interrupt: 'another prompt interrupts it',
  close: 'the session is being closed',
  silence: 'the agent has said nothing for too long',
  turn: 'it has reached its deadline',
  drain: 'the gateway stops',
  output: 'it has said too much',
  permission: 'a permission is needed and nobody is there',
  elicitation: 'a question needs an answer and nobody is there',
}

function cancelText(reason: unknown): string {
  return (typeof reason === 'string' ? CANCELLED_BECAUSE[reason] : undefined) ?? textOf(reason)
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? terminalLine(value, 60) : '?'
}

function warningText(data: JsonObject): string {
  const { error, message, warning, excerpt } = data
  if (isJsonObject(error) && typeof error['message'] === 'string') return error['message']
  if (typeof message === 'string') return message
  if (typeof warning !== 'string') return JSON.stringify(data)
  return `${warning.replaceAll('_', ' ')}${typeof excerpt === 'string' ? `: ${terminalLine(excerpt, 100)}` : ''}`
}
