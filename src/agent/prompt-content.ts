// Which content an agent takes: text and resource links always, the rest only when it said so (C-34).

import type { AgentCapabilities } from '../acp/initialize.ts'
import { HoldfastError } from '../base/errors.ts'
import type { JsonObject } from '../base/json.ts'

/** The refusal of a prompt whose content the agent did not advertise; undefined when it can be sent. */
export function refusePrompt(
  agent: string,
  blocks: readonly JsonObject[],
  capabilities: AgentCapabilities,
): HoldfastError | undefined {
  const taken = new Set(['text', 'resource_link'])
  if (capabilities.prompt.image) taken.add('image')
  if (capabilities.prompt.audio) taken.add('audio')
  if (capabilities.prompt.embeddedContext) taken.add('resource')
  const refused = blocks.find((block) => typeof block['type'] !== 'string' || !taken.has(block['type']))
  if (refused === undefined) return undefined
  return new HoldfastError('PROMPT_UNSUPPORTED_CONTENT', { agent, contentType: refused['type'] ?? 'untyped' })
}
