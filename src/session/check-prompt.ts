// What a prompt must be before it is accepted. What a particular agent takes is known only when it is connected (agent/prompt-content.ts).

import { HoldfastError } from '../base/errors.ts'
import type { JsonObject } from '../base/json.ts'

/** The prompt as JSON text. PROMPT_EMPTY, PROMPT_TOO_LARGE, or BAD_REQUEST for a block without its essentials. */
export function checkPrompt(blocks: readonly JsonObject[], bytesMax: number): string {
  for (const [index, block] of blocks.entries()) {
    const problem = problemOf(block)
    if (problem !== undefined) throw new HoldfastError('BAD_REQUEST', { reason: `prompt[${index}] ${problem}` })
  }
  const isEmpty = blocks.every(({ type, text }) => type === 'text' && typeof text === 'string' && text.trim() === '')
  if (isEmpty) throw new HoldfastError('PROMPT_EMPTY')
  const text = JSON.stringify(blocks)
  const bytes = Buffer.byteLength(text)
  if (bytes > bytesMax) throw new HoldfastError('PROMPT_TOO_LARGE', { bytes, bytesMax })
  return text
}

/** What every agent must be able to rely on; other kinds of content are judged by the agent that gets them. */
function problemOf({ type, text, uri }: JsonObject): string | undefined {
  if (typeof type !== 'string') return 'has no type'
  if (type === 'text' && typeof text !== 'string') return 'has no text'
  if (type === 'resource_link' && typeof uri !== 'string') return 'has no uri'
  return undefined
}
