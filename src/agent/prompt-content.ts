// Which content an agent takes: text and resource links always, the rest only when it said so (C-34).

import type { AgentCapabilities } from '../acp/initialize.ts'
import { HoldfastError } from '../base/errors.ts'
import type { JsonObject } from '../base/json.ts'

const ALWAYS: ReadonlySet<unknown> = new Set(['text', 'resource_link'])

/** The types of content that the agent takes. */
export function contentTypes({ prompt }: Pick<AgentCapabilities, 'prompt'>): string[] {
  const taken = ['text', 'resource_link']
  if (prompt.image) taken.push('image')
  if (prompt.audio) taken.push('audio')
  if (prompt.embeddedContext) taken.push('resource')
  return taken
}

/** The refusal of a prompt whose content the agent did not advertise; undefined when it can be sent. */
export function refusePrompt(
  agent: string,
  blocks: readonly JsonObject[],
  capabilities: AgentCapabilities,
): HoldfastError | undefined {
  const taken = new Set<unknown>(contentTypes(capabilities))
  const refused = blocks.find((block) => !taken.has(block['type']))
  if (refused === undefined) return undefined
  return new HoldfastError('PROMPT_UNSUPPORTED_CONTENT', { agent, contentType: refused['type'] ?? 'untyped' })
}

/** As `refusePrompt`, with the capabilities as they are stored; what is not known is not refused. */
export function refuseKnown(
  agent: string,
  blocks: readonly JsonObject[],
  stored: string | undefined,
): HoldfastError | undefined {
  if (stored === undefined || blocks.every(({ type }) => ALWAYS.has(type))) return undefined
  const capabilities = JSON.parse(stored) as Partial<AgentCapabilities>
  const { prompt } = capabilities
  return prompt === undefined
    ? undefined
    : refusePrompt(agent, blocks, { ...(capabilities as AgentCapabilities), prompt })
}

/** The types of content that an agent takes, from its capabilities as they are stored; undefined when that is not known. */
export function knownContentTypes(stored: string | undefined): string[] | undefined {
  if (stored === undefined) return undefined
  const { prompt } = JSON.parse(stored) as Partial<AgentCapabilities>
  return prompt === undefined ? undefined : contentTypes({ prompt })
}
