// What a prompt must be before it is accepted. What a particular agent takes is known only when it has been connected once.

import { knownContentTypes, refuseKnown } from '../../agent/prompt-content.ts'
import { HoldfastError } from '../../base/errors.ts'
import type { JsonObject } from '../../base/json.ts'
import { attachedChars, CONTENT_TYPES, problemOf } from './check-content.ts'

export interface PromptRules {
  /** Bytes of the prompt as JSON, without attached data. */
  readonly promptBytesMax: number
  /** Characters of attached data, as base64, of the whole prompt. */
  readonly attachmentBytesMax: number
}

/** Who will get it, and what is known of it. */
export interface PromptTaker {
  readonly agent: string
  /** As the agent said when it was connected last; undefined before that. */
  readonly agentCapabilities: string | undefined
}

/** The prompt as JSON text. PROMPT_EMPTY, PROMPT_TOO_LARGE, PROMPT_UNSUPPORTED_CONTENT, or BAD_REQUEST for a block that is not whole. */
export function checkPrompt(blocks: readonly JsonObject[], rules: PromptRules, taker: PromptTaker): string {
  for (const [index, block] of blocks.entries()) {
    const problem = problemOf(block)
    if (problem !== undefined) throw new HoldfastError('BAD_REQUEST', { reason: `prompt[${index}] ${problem}` })
  }
  const isEmpty = blocks.every(({ type, text }) => type === 'text' && typeof text === 'string' && text.trim() === '')
  if (isEmpty) throw new HoldfastError('PROMPT_EMPTY')
  refuseUnknown(blocks, taker)
  const text = JSON.stringify(blocks)
  const attached = blocks.reduce((sum, block) => sum + attachedChars(block), 0)
  refuseLarge(Buffer.byteLength(text) - attached, rules.promptBytesMax)
  refuseLarge(attached, rules.attachmentBytesMax)
  return text
}

/** The types of content that an agent takes; undefined before it was connected once. */
export function contentTakenBy({ agentCapabilities }: Pick<PromptTaker, 'agentCapabilities'>): string[] | undefined {
  return knownContentTypes(agentCapabilities)
}

function refuseUnknown(blocks: readonly JsonObject[], { agent, agentCapabilities }: PromptTaker): void {
  const odd = blocks.find(({ type }) => !CONTENT_TYPES.has(type))
  if (odd !== undefined) throw new HoldfastError('PROMPT_UNSUPPORTED_CONTENT', { agent, contentType: odd['type'] })
  const refusal = refuseKnown(agent, blocks, agentCapabilities)
  if (refusal !== undefined) throw refusal
}

function refuseLarge(bytes: number, bytesMax: number): void {
  if (bytes > bytesMax) throw new HoldfastError('PROMPT_TOO_LARGE', { bytes, bytesMax })
}
