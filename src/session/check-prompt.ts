// What a prompt must be before it is accepted. What a particular agent takes is known only when it is connected (agent/prompt-content.ts).

import { HoldfastError } from '../base/errors.ts'
import type { JsonObject } from '../base/json.ts'

/** The prompt as JSON text. PROMPT_EMPTY, PROMPT_TOO_LARGE, or BAD_REQUEST for a block without a type. */
export function checkPrompt(blocks: readonly JsonObject[], bytesMax: number): string {
  const untyped = blocks.findIndex((block) => typeof block['type'] !== 'string')
  if (untyped >= 0) throw new HoldfastError('BAD_REQUEST', { reason: `prompt[${untyped}] has no type` })
  const isEmpty = blocks.every((block) => block['type'] === 'text' && String(block['text'] ?? '').trim() === '')
  if (isEmpty) throw new HoldfastError('PROMPT_EMPTY')
  const text = JSON.stringify(blocks)
  const bytes = Buffer.byteLength(text)
  if (bytes > bytesMax) throw new HoldfastError('PROMPT_TOO_LARGE', { bytes, bytesMax })
  return text
}
