// What an earlier life left of the questions of a session: who asked is still there and waits, was not told, or is gone.

import type { ElicitationAnswer } from '../../agent/elicitations/elicitation.ts'
import type { JsonObject } from '../../base/json.ts'
import type { ElicitationRecord } from '../../store/elicitation-record.ts'
import type { Draft } from '../draft.ts'
import type { OpenedInput } from '../input.ts'
import { respondElicitation, toOpen, writeElicitationClosed } from './elicitations.ts'

/** What the rows say of the questions of an agent that outlived the earlier life. */
export interface HeldElicitations {
  /** Closed, but it was not told. */
  readonly untold: readonly ElicitationRecord[]
  /** URLs that a person agreed to open, of which it has not said that they are done. */
  readonly awaited: readonly ElicitationRecord[]
}

/** Values of an answer that the agent has, or that nobody can be told any more, are forgotten. */
export function recoverElicitations(draft: Draft, { elicitations, attached }: OpenedInput): void {
  const untold = attached?.elicitations?.untold ?? []
  for (const record of elicitations) {
    const isHere = record.generation === attached?.generation
    if (record.state !== 'open') {
      if (untold.some(({ id }) => id === record.id)) draft.state.keptAnswers = [...draft.state.keptAnswers, record.id]
      else draft.write({ kind: 'elicitation.forget', elicitationId: record.id })
    } else if (isHere) draft.state.elicitations = [...draft.state.elicitations, toOpen(record)]
    else writeElicitationClosed(draft, record, { state: 'void', action: 'cancel' })
  }
  draft.state.awaited = attached?.elicitations?.awaited ?? []
}

/** Tells the agent how a question of it ended when an earlier life ended before it could. */
export function tellAnswers(draft: Draft, { attached }: OpenedInput): void {
  for (const record of attached?.elicitations?.untold ?? [])
    respondElicitation(draft, record, { answer: answerOf(record), keeps: record.content !== undefined })
}

function answerOf({ mode, action = 'cancel', content }: ElicitationRecord): ElicitationAnswer {
  if (action !== 'accept') return { action }
  if (mode === 'url') return { action, content: undefined }
  // Without its values nothing was accepted.
  return content === undefined ? { action: 'cancel' } : { action, content: JSON.parse(content) as JsonObject }
}
