// Anthropic messages: /v1/messages, streamed or not, and /v1/messages/count_tokens (served by the server itself).

import type { JsonObject } from '../../../src/base/json.ts'
import { ConversationDraft, objectIn, objectsIn, stringIn, textOf, type Conversation } from './conversation.ts'
import { sendJson, type ModelApi, type Reply } from './model-api.ts'
import { plainText, SseStream, streamText } from './sse.ts'
import type { ToolCall } from './script.ts'

const USAGE = { input_tokens: 10, output_tokens: 5 }

export const anthropic: ModelApi = {
  name: 'anthropic',
  path: /\/messages$/,
  read,
  reply: (reply) => (reply.conversation.stream ? stream(reply) : whole(reply)),
}

function read(body: JsonObject): Conversation {
  const draft = new ConversationDraft()
  for (const message of objectsIn(body['messages'])) {
    if (message['role'] !== 'user') continue
    const parts = objectsIn(message['content'])
    const results = parts.filter((part) => part['type'] === 'tool_result')
    if (results.length === 0) draft.user(parts.length === 0 ? textOf(message['content']) : typedText(parts))
    for (const result of results) draft.toolResult(textOf(result['content']))
    // A prompt after a refused call stands beside its result; what else stands there was not typed.
    const beside = results.length === 0 ? '' : typedText(parts.filter((part) => part['type'] !== 'tool_result'))
    if (/^@\w/m.test(beside)) draft.user(beside)
  }
  const tools = objectsIn(body['tools']).map((tool) => ({
    name: stringIn(tool, 'name'),
    schema: objectIn(tool, 'input_schema'),
  }))
  return draft.finish({
    model: stringIn(body, 'model'),
    stream: body['stream'] === true,
    system: textOf(body['system']),
    tools,
  })
}

/** What Claude Code tells the model besides is in parts of its own. */
function typedText(parts: readonly JsonObject[]): string {
  return parts
    .map(textOf)
    .filter((text) => text !== '' && !text.startsWith('<system-reminder>'))
    .join('\n')
}

/** Claude Code takes messages with one id for one message. */
function messageId({ userTexts, toolResults }: Conversation): string {
  return `msg_fake_${userTexts.length}_${toolResults.length}`
}

async function stream({ response, conversation, answer }: Reply): Promise<void> {
  const sse = new SseStream(response)
  const send = (type: string, fields: JsonObject): void => sse.send({ type, ...fields }, type)
  const delta = (value: JsonObject): void => send('content_block_delta', { index: 0, delta: value })
  send('message_start', { message: envelope(conversation, [], null) })
  if (answer.kind === 'tool') {
    send('content_block_start', { index: 0, content_block: { ...toolBlock(answer.call), input: {} } })
    delta({ type: 'input_json_delta', partial_json: JSON.stringify(argumentsOf(answer.call)) })
  } else {
    send('content_block_start', { index: 0, content_block: { type: 'text', text: '' } })
    await streamText(sse, answer, (text) => delta({ type: 'text_delta', text }))
  }
  send('content_block_stop', { index: 0 })
  send('message_delta', { delta: { stop_reason: stopReason(answer.kind), stop_sequence: null }, usage: USAGE })
  send('message_stop', {})
  sse.end()
}

async function whole({ response, conversation, answer }: Reply): Promise<void> {
  const block = answer.kind === 'tool' ? toolBlock(answer.call) : { type: 'text', text: plainText(answer) }
  sendJson(response, envelope(conversation, [block], stopReason(answer.kind)))
}

function envelope(conversation: Conversation, content: JsonObject[], stop: string | null): JsonObject {
  return {
    id: messageId(conversation),
    type: 'message',
    role: 'assistant',
    model: conversation.model,
    content,
    stop_reason: stop,
    stop_sequence: null,
    usage: USAGE,
  }
}

function toolBlock(call: ToolCall): JsonObject {
  return { type: 'tool_use', id: call.id, name: call.name, input: argumentsOf(call) }
}

function argumentsOf({ input }: ToolCall): JsonObject {
  return typeof input === 'string' ? { input } : input
}

function stopReason(kind: string): string {
  return kind === 'tool' ? 'tool_use' : 'end_turn'
}
