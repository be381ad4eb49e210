// Decides the answer from the last user text alone, so that a test says in its prompt what the model does.
// Directives: `@tool write <path> <content>`, `@call <tool> <json>` (a line for each call, in order),
// `@use <tool> <json>` (the tool is offered under a longer name that ends so, as those of MCP servers are), `@slow [tokens everyMs]`, `@recall`,
// `@error <status>`, `@hang`; anything else gets a plain answer. A request for a summary gets one, or `@hang-summary` hangs it.

import type { JsonObject } from '../../../src/base/json.ts'
import type { Conversation } from './conversation.ts'
import { type WriteCall, writeCall } from './write-tool.ts'

export interface ToolCall extends WriteCall {
  /** One per user text, so that it is unique in a conversation and the same in every run. */
  readonly id: string
  readonly namespace?: string | undefined
}

/** Finds tools that are not offered at first. */
export const TOOL_SEARCH = /^tool_?search$/i

export type Answer =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'tool'; readonly call: ToolCall }
  | { readonly kind: 'slow'; readonly tokensMax: number; readonly everyMs: number }
  | { readonly kind: 'error'; readonly status: number }
  /** Nothing, until the client goes away. */
  | { readonly kind: 'hang' }

export interface Pace {
  readonly tokensMax: number
  readonly everyMs: number
}

/** A token every 200 ms for at most 60 s. */
export const SLOW_PACE: Pace = { tokensMax: 300, everyMs: 200 }

/** Directives are looked for anywhere in the last user text: agents wrap what the user typed. */
export function answerTo(conversation: Conversation, pace: Pace = SLOW_PACE): Answer {
  if (isTitleRequest(conversation)) return { kind: 'text', text: 'A test session' }
  const text = conversation.userTexts.findLast((each) => !REMINDER.test(each)) ?? ''
  if (text.startsWith('<conversation>')) return summaryOf(text)
  if (/@hang\b(?!-)/.test(text)) return { kind: 'hang' }
  const calls = [...text.matchAll(/^@call (\w+) (\{.*\})$/gm)]
  if (calls.length > 0) return nextCall(conversation, calls)
  const error = /@error (\d{3})/.exec(text)
  if (error) return { kind: 'error', status: Number(error[1]) }
  const slow = /@slow\b(?: (\d+) (\d+))?/.exec(text)
  if (slow)
    return { kind: 'slow', tokensMax: Number(slow[1] ?? pace.tokensMax), everyMs: Number(slow[2] ?? pace.everyMs) }
  if (/@recall\b/.test(text))
    return { kind: 'text', text: `first user text: ${excerpt(firstTyped(conversation.userTexts))}` }
  const write = /@tool write (\S+) ([^\n]+)/.exec(text)
  if (write) return afterWrite(conversation, write[1] ?? '', write[2] ?? '')
  const use = /@use (\w+) (\{[^\n]*\})/.exec(text)
  if (use) return afterUse(conversation, use[1] ?? '', JSON.parse(use[2] ?? '{}') as JsonObject)
  return { kind: 'text', text: `fake answer to: ${excerpt(text)}` }
}

/** One call for each result that came back, then a text. */
function nextCall({ userTexts, toolResults }: Conversation, calls: readonly RegExpMatchArray[]): Answer {
  const [, name = '', input = '{}'] = calls[toolResults.length] ?? []
  if (name === '') return { kind: 'text', text: `after ${calls.length} calls: ${excerpt(toolResults.at(-1))}` }
  const id = `call_fake_${userTexts.length}_${toolResults.length}`
  return { kind: 'tool', call: { id, name, input: JSON.parse(input) as JsonObject } }
}

function summaryOf(text: string): Answer {
  if (/@hang-summary\b/.test(text)) return { kind: 'hang' }
  return { kind: 'text', text: `summary of ${text.length} characters, beginning with: ${excerpt(text.slice(0, 400))}` }
}

function afterWrite(conversation: Conversation, path: string, content: string): Answer {
  return once(conversation, writeCall(conversation.tools, path, content), 'no tool to write with')
}

/**
 * A tool that is not offered is searched for, where the agent has a search; what it finds is offered from then on, or only named in
 * its result. The result after the search is that of the tool.
 */
function afterUse(conversation: Conversation, name: string, input: JsonObject): Answer {
  const { tools, toolResults, userTexts } = conversation
  const tool = tools.find((each) => each.name === name || each.name.endsWith(`_${name}`))
  const search = tools.find((each) => TOOL_SEARCH.test(each.name))
  const id = `call_fake_${userTexts.length}_${toolResults.length}`
  const call = (called: Omit<ToolCall, 'id'>): Answer => ({ kind: 'tool', call: { id, ...called } })
  if (toolResults.length <= (search === undefined ? 0 : 1)) {
    const found = new RegExp(`\\w+_${name}\\b`).exec(toolResults[0] ?? '')?.[0]
    if (tool !== undefined) return call({ name: tool.name, namespace: tool.namespace, input })
    if (found !== undefined) return call({ name: found, input })
    if (search !== undefined && toolResults.length === 0) return call({ name: search.name, input: { query: name } })
  }
  return once(conversation, undefined, `no tool ${name}`)
}

/** The call, then its result as text. */
function once(
  { tools, toolResults, userTexts }: Conversation,
  call: Omit<ToolCall, 'id'> | undefined,
  missing: string,
): Answer {
  const result = toolResults.at(-1)
  if (result !== undefined) return { kind: 'text', text: `tool result seen: ${excerpt(result)}` }
  if (call) return { kind: 'tool', call: { id: `call_fake_${userTexts.length}`, ...call } }
  return { kind: 'text', text: `${missing} was offered: ${tools.map((tool) => tool.name).join(', ')}` }
}

/** Some agents put one behind what the user typed. */
const REMINDER = /^<system-reminder>.*<\/system-reminder>\s*$/s

/** Agents ask for a title of the session beside the turn; the user's text is quoted in that request. */
function isTitleRequest({ system, tools, userTexts }: Conversation): boolean {
  return tools.length === 0 && /title generator|generate .{0,80}\btitle\b/is.test(`${system}\n${userTexts.at(-1)}`)
}

/** What the user typed first; agents put context of their own, in tags, before it, as texts of their own or in front of his. */
function firstTyped(userTexts: readonly string[]): string | undefined {
  return userTexts.map(withoutContext).find((text) => text !== '' && !text.startsWith('<'))
}

function withoutContext(text: string): string {
  return text.replaceAll(/<([\w-]+)>.*?<\/\1>/gs, '').trim()
}

function excerpt(text = ''): string {
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, 200)
}
