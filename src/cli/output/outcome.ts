// The end of a turn in words: only what the answer itself does not say.

import type { JsonObject } from '../../base/json.ts'
import { isJsonObject } from '../../base/json.ts'
import type { TurnEndState } from '../../wire/turn.ts'
import { terminalLine } from './terminal-text.ts'

const ENDED: Readonly<Record<TurnEndState, string>> = {
  completed: 'the turn ended',
  cancelled: 'the turn was cancelled',
  failed: 'the turn failed',
  timed_out: 'the turn timed out',
  interrupted: 'the turn was interrupted',
  expired: 'the prompt expired in the queue',
}

/** Says how a turn ended from the data of its `turn.ended` event; undefined for a plain end. */
export function outcomeText(state: TurnEndState, data: JsonObject): string | undefined {
  const stopReason = data['stop_reason']
  if (state === 'completed') {
    const plain = stopReason === 'end_turn' || typeof stopReason !== 'string'
    return plain ? undefined : `${ENDED.completed} early: ${terminalLine(stopReason, 100)}`
  }
  const forced = data['forced'] === true ? ' (the agent had to be ended)' : ''
  return `${ENDED[state]}${errorText(data['error'])}${deliveryText(state, data['delivery'])}${forced}`
}

function errorText(error: unknown): string {
  if (!isJsonObject(error)) return ''
  const { code, message } = error
  return `: ${terminalLine(typeof message === 'string' ? message : '')} (${terminalLine(typeof code === 'string' ? code : '?', 60)})`
}

// Whether the agent got the prompt is what decides about sending it again.
function deliveryText(state: TurnEndState, delivery: unknown): string {
  if (state === 'cancelled' || state === 'expired') return ''
  if (delivery === 'no') return '; the agent never got the prompt'
  return delivery === 'unknown' ? '; it is not known whether the agent got the prompt' : ''
}
