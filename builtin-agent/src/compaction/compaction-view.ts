// How a compaction is shown: as ACP's own update to a client that has offered to show them, else as a thought.

import type { JsonObject } from '../../../src/base/json.ts'
import type { Client } from '../client/client.ts'

export type CompactionStep =
  | { readonly step: 'started'; readonly tokens: number }
  | { readonly step: 'completed'; readonly summary: string; readonly tokens: number }
  | { readonly step: 'failed'; readonly why: string }
  | { readonly step: 'cancelled' }

/** The update that tells `step` of the compaction `compactionId`. */
export function compactionUpdate({ abilities }: Client, compactionId: string, step: CompactionStep): JsonObject {
  if (abilities.compaction) return { sessionUpdate: 'compaction_update', compactionId, ...fieldsOf(step) }
  const content = { type: 'text', text: `${sentenceOf(step)}\n` }
  return { sessionUpdate: 'agent_thought_chunk', content, messageId: compactionId }
}

function fieldsOf(step: CompactionStep): JsonObject {
  switch (step.step) {
    case 'started':
      return { status: 'in_progress' }
    case 'completed':
      return { status: 'completed', summary: [{ type: 'text', text: step.summary }] }
    case 'failed':
      return { status: 'failed', error: step.why }
    case 'cancelled':
      return { status: 'cancelled' }
    default:
      return step satisfies never
  }
}

function sentenceOf(step: CompactionStep): string {
  switch (step.step) {
    case 'started':
      return `Summarising the conversation so far (about ${step.tokens} tokens), to make room.`
    case 'completed':
      return `The conversation is about ${step.tokens} tokens now.`
    case 'failed':
      return `The conversation could not be summarised. ${step.why}`
    case 'cancelled':
      return 'Summarising was cancelled; the conversation is as it was.'
    default:
      return step satisfies never
  }
}
