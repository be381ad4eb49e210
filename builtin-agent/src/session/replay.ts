// A stored conversation as the updates that its client saw: the same names, calls in their last state, compactions as one thing.

import type { AssistantMessage, ToolResultMessage, UserMessage } from '@earendil-works/pi-ai'

import type { JsonObject } from '../../../src/base/json.ts'
import type { Client } from '../client/client.ts'
import { compactionUpdate } from '../compaction/compaction-view.ts'
import { announcement, type CallView, viewOf } from '../tools/call-view.ts'
import { plannedBy } from '../tools/plan.ts'
import { textContent, type ToolKind } from '../tools/tool.ts'
import type { Entry } from '../transcript/port.ts'
import { toolCallIdOf } from './conversation.ts'
import { asideOf, saidOf } from './entries.ts'
import { textOf } from './turn-updates.ts'

/** Results of calls by the model's id come after their message; so the calls of one message wait until the next one begins. */
export async function* replay(history: AsyncIterable<Entry>, client: Client): AsyncGenerator<JsonObject> {
  let open = new Map<string, OpenCall>()
  for await (const entry of history) {
    const aside = asideOf(entry)
    if (aside !== undefined) yield chunk(`${aside.role}_message_chunk`, aside.text, aside.messageId)
    const said = saidOf(entry)
    if (said === undefined) continue
    const { message, messageId } = said
    if (message.role === 'toolResult') {
      const call = open.get(message.toolCallId)
      open.delete(message.toolCallId)
      if (call !== undefined) yield finished(call, message)
      continue
    }
    yield* unfinished(open)
    open = new Map()
    if (message.role === 'user') yield* userChunks(message, messageId)
    else if (message.role === 'assistant') {
      yield* agentChunks(message, messageId)
      open = callsOf(message, messageId)
    } else {
      const step = { step: 'completed', summary: message.summary, tokens: 0 } as const
      if (client.abilities.compaction) yield compactionUpdate(client, messageId, step)
    }
  }
  yield* unfinished(open)
}

interface OpenCall {
  readonly toolCallId: string
  readonly name: string
  readonly args: JsonObject
}

function* userChunks({ content }: UserMessage, messageId: string): Generator<JsonObject> {
  const blocks = typeof content === 'string' ? [{ type: 'text' as const, text: content }] : content
  for (const block of blocks) {
    const shown = block.type === 'text' ? { type: 'text', text: block.text } : { ...block }
    yield { sessionUpdate: 'user_message_chunk', content: shown, messageId }
  }
}

function* agentChunks({ content }: AssistantMessage, messageId: string): Generator<JsonObject> {
  for (const block of content) {
    if (block.type === 'text' && block.text !== '') yield chunk('agent_message_chunk', block.text, messageId)
    if (block.type === 'thinking' && block.thinking !== '')
      yield chunk('agent_thought_chunk', block.thinking, `${messageId}.t`)
  }
}

function callsOf({ content }: AssistantMessage, messageId: string): Map<string, OpenCall> {
  const calls = new Map<string, OpenCall>()
  for (const [n, block] of content.entries()) {
    if (block.type !== 'toolCall') continue
    const args = block.arguments as JsonObject
    calls.set(block.id, { toolCallId: toolCallIdOf(messageId, n), name: block.name, args })
  }
  return calls
}

function finished({ toolCallId, name, args }: OpenCall, result: ToolResultMessage): JsonObject {
  const plan = plannedBy(name, args)
  if (plan !== undefined) return plan
  const view = viewOf(result.details) ?? refusedView(name, result)
  const { title, kind, status, content, locations, rawOutput } = view
  const known = { name, kind: kind as ToolKind, title }
  return {
    ...announcement(toolCallId, known, args),
    status,
    content: [...content],
    locations: [...locations],
    ...(rawOutput === undefined ? {} : { rawOutput }),
  }
}

/** The loop refused the call itself, before a tool saw it. */
function refusedView(title: string, result: ToolResultMessage): CallView {
  const status = result.isError ? 'failed' : 'completed'
  return { title, kind: 'other', status, content: [textContent(textOf(result))], locations: [] }
}

/** The agent ended while these ran. */
function* unfinished(open: ReadonlyMap<string, OpenCall>): Generator<JsonObject> {
  for (const { toolCallId, name, args } of open.values())
    yield { ...announcement(toolCallId, { name, kind: 'other', title: name }, args), status: 'failed' }
}

function chunk(sessionUpdate: string, text: string, messageId: string): JsonObject {
  return { sessionUpdate, content: { type: 'text', text }, messageId }
}
