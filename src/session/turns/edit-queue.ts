// Changes to prompts that wait: their text, when they expire, their place. Accept number and idempotency key stay as they were.

import type { Draft } from '../draft.ts'
import { pump } from './queue.ts'
import { reorder } from './queue-order.ts'
import type { QueueTarget } from './queue-order.ts'
import { shownPrompt } from './shown-prompt.ts'
import type { QueuedTurn } from '../state.ts'
import type { CallerInput } from '../input.ts'

type Edit = Extract<CallerInput, { kind: 'edit' }>

/** All of the edit or nothing: TURN_NOT_QUEUED for a turn that is out or has ended, or that it is to be put in front of. */
export function editQueued(draft: Draft, edit: Edit): void {
  const { reply, turnId, to } = edit
  const turn = findQueued(draft, turnId)
  if (turn === undefined) return draft.refuse(reply, 'TURN_NOT_QUEUED', { turn: turnId, state: 'not in the queue' })
  if (to?.kind === 'before' && findQueued(draft, to.turnId) === undefined)
    return draft.refuse(reply, 'TURN_NOT_QUEUED', { turn: to.turnId, state: 'not in the queue' })
  const edited = amend(draft, turn, edit)
  if (to !== undefined) move(draft, edited, to)
  pump(draft) // another turn may be the first now, in another lane
  draft.reply(reply, { kind: 'edit', turnId })
}

function findQueued({ state }: Draft, turnId: QueuedTurn['turnId']): QueuedTurn | undefined {
  return state.queue.find((turn) => turn.turnId === turnId)
}

function amend(draft: Draft, turn: QueuedTurn, { prompt, expiresAt }: Edit): QueuedTurn {
  if (prompt === undefined && expiresAt === undefined) return turn
  const { turnId } = turn
  const amendment = { ...(prompt !== undefined && { prompt }), ...(expiresAt !== undefined && { expiresAt }) }
  const edited = {
    ...turn,
    prompt: prompt ?? turn.prompt,
    expiresAt: expiresAt === undefined ? turn.expiresAt : (expiresAt ?? undefined),
  }
  draft.state.queue = draft.state.queue.map((other) => (other === turn ? edited : other))
  draft.write({ kind: 'turn.amend', turnId, amendment })
  const head = `{"turn_id":"${turnId}","expires_at":${edited.expiresAt ?? 'null'}`
  draft.eventText('turn.edited', turnId, `${head},"prompt":${shownPrompt(edited.prompt)}}`)
  return edited
}

function move(draft: Draft, turn: QueuedTurn, to: QueueTarget): void {
  const { state } = draft
  const before = state.queue
  const others = before.filter((other) => other !== turn)
  const wanted = to.kind === 'position' ? to.position : others.findIndex((other) => other.turnId === to.turnId)
  const index = wanted < 0 ? before.indexOf(turn) : Math.min(wanted, others.length)
  if (before.indexOf(turn) === index) return
  const after = reorder(before, turn, index, state.lastTurnN + 1)
  const places = new Map(before.map(({ turnId, place }) => [turnId, place]))
  state.queue = after
  for (const { turnId, place } of after)
    if (places.get(turnId) !== place) draft.write({ kind: 'turn.amend', turnId, amendment: { place } })
  draft.event('turn.moved', turn.turnId, { turn_id: turn.turnId, position: index })
}
