// The fixed parts of the demo agent's protocol: what it can do, what it offers, how prompts and outcomes are read.

import { isJsonObject, type Json, type JsonObject } from '../base/json.ts'
import type { Verdict } from './turn.ts'

export const INITIALIZE_RESULT: JsonObject = {
  protocolVersion: 1,
  agentCapabilities: {
    loadSession: true,
    promptCapabilities: { image: false, audio: false, embeddedContext: true },
    mcpCapabilities: { http: false, sse: false },
    sessionCapabilities: { close: {}, resume: {} },
  },
  agentInfo: { name: 'holdfast-demo', title: 'Holdfast demo agent', version: '1.0.0' },
  authMethods: [],
}

export const PERMISSION_OPTIONS: Json[] = [
  { optionId: 'allow', name: 'Allow once', kind: 'allow_once' },
  { optionId: 'allow-always', name: 'Always allow in this session', kind: 'allow_always' },
  { optionId: 'reject', name: 'Reject', kind: 'reject_once' },
]

/** All text of a prompt, links and embedded resources by their name; undefined when it is no list of blocks. */
export function promptText(prompt: Json | undefined): string | undefined {
  if (!Array.isArray(prompt)) return undefined
  return prompt.map(blockText).filter(Boolean).join('\n')
}

function blockText(block: Json): string {
  if (!isJsonObject(block)) return ''
  if (typeof block['text'] === 'string') return block['text']
  const resource = isJsonObject(block['resource']) ? block['resource'] : block
  return typeof resource['uri'] === 'string' ? resource['uri'] : ''
}

/** Anything but a clear permission is none. */
export function verdictOf(answer: Json): Verdict {
  const outcome = isJsonObject(answer) && isJsonObject(answer['outcome']) ? answer['outcome'] : {}
  if (outcome['outcome'] === 'cancelled') return 'cancelled'
  if (outcome['outcome'] !== 'selected') return 'rejected'
  if (outcome['optionId'] === 'allow') return 'allowed'
  return outcome['optionId'] === 'allow-always' ? 'allowed_always' : 'rejected'
}
