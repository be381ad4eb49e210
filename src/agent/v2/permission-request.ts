// A permission request of ACP v2 in the shape of v1. What is asked about stays what the agent said: of a subject that is not
// known there is neither a kind nor an input, so that no rule for plain reads or commands can match it.

import type { RpcId } from '../../acp/peer.ts'
import { isJsonObject } from '../../base/json.ts'
import type { JsonObject } from '../../base/json.ts'
import type { ToolCalls } from './tool-calls.ts'

/** Where a subject that is not known is kept, as it came. */
const SUBJECT_META = 'holdfast/subject'

export interface AskedInV1 {
  readonly params: JsonObject
  /** What the request says of a tool call, to be told before it. */
  readonly updates: readonly JsonObject[]
}

export function askedInV1(id: RpcId, params: JsonObject, tools: ToolCalls): AskedInV1 {
  const { title, description, subject, ...rest } = params
  const { toolCall, updates } = subjectOf(id, isJsonObject(subject) ? subject : {}, tools)
  const titled = { ...toolCall, ...(typeof title === 'string' && { title }) }
  const explained = typeof description === 'string' ? { ...titled, content: withText(titled, description) } : titled
  return { params: { ...rest, toolCall: explained }, updates }
}

function subjectOf(id: RpcId, subject: JsonObject, tools: ToolCalls): { toolCall: JsonObject; updates: JsonObject[] } {
  const { type, toolCall, toolCallId, command, cwd } = subject
  if (type === 'tool_call' && isJsonObject(toolCall) && typeof toolCall['toolCallId'] === 'string') {
    const updates = tools.upsert(toolCall)
    return { toolCall: tools.view(toolCall['toolCallId']), updates }
  }
  const own = typeof toolCallId === 'string' ? toolCallId : `permission-${id}`
  if (type !== 'command' || typeof command !== 'string') {
    const kept = type === undefined ? {} : { _meta: { [SUBJECT_META]: subject } }
    return { toolCall: { toolCallId: own, ...kept }, updates: [] }
  }
  const rawInput: JsonObject = { command, ...(cwd !== undefined && { cwd }) }
  return { toolCall: { toolCallId: own, kind: 'execute', rawInput }, updates: [] }
}

function withText({ content }: JsonObject, text: string): JsonObject[] {
  const before = Array.isArray(content) ? content.filter(isJsonObject) : []
  return [{ type: 'content', content: { type: 'text', text } }, ...before]
}
