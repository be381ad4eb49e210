// OpenAI chat completions: /v1/chat/completions, streamed or not.

import type { Json, JsonObject } from '../../../src/base/json.ts'
import {
  ConversationDraft,
  objectIn,
  objectsIn,
  stringIn,
  textOf,
  type Conversation,
  type OfferedTool,
} from './conversation.ts'
import { sendJson, type ModelApi, type Reply } from './model-api.ts'
import type { ToolCall } from './script.ts'
import { plainText, SseStream, streamText } from './sse.ts'

const ANSWER_TOKENS = 5

function usageOf(promptTokens: number): JsonObject {
  return { prompt_tokens: promptTokens, completion_tokens: ANSWER_TOKENS, total_tokens: promptTokens + ANSWER_TOKENS }
}

export const openaiChat: ModelApi = {
  name: 'openai-chat',
  path: /\/chat\/completions$/,
  read,
  reply: (reply) => (reply.conversation.stream ? stream(reply) : whole(reply)),
}

function read(body: JsonObject): Conversation {
  const draft = new ConversationDraft()
  const system: string[] = []
  for (const message of objectsIn(body['messages'])) {
    const text = textOf(message['content'])
    if (message['role'] === 'user') draft.user(text)
    else if (message['role'] === 'tool') draft.toolResult(text)
    else if (message['role'] !== 'assistant') system.push(text)
  }
  const tools = objectsIn(body['tools']).flatMap((tool): OfferedTool[] => {
    const fn = objectIn(tool, 'function') ?? objectIn(tool, 'custom')
    return fn ? [{ name: stringIn(fn, 'name'), schema: objectIn(fn, 'parameters') }] : []
  })
  return draft.finish({
    model: stringIn(body, 'model'),
    stream: body['stream'] === true,
    system: system.join('\n'),
    tools,
  })
}

async function stream({ response, conversation, answer, promptTokens }: Reply): Promise<void> {
  const sse = new SseStream(response)
  const chunk = (delta: Json, finish: string | null = null, usage: Json = null): void =>
    sse.send({
      id: 'chatcmpl-fake',
      object: 'chat.completion.chunk',
      created: 1,
      model: conversation.model,
      choices: [{ index: 0, delta, finish_reason: finish }],
      usage,
    })
  chunk({ role: 'assistant', content: '' })
  await streamText(sse, answer, (content) => chunk({ content }))
  if (answer.kind === 'tool') chunk({ tool_calls: [{ index: 0, ...toolCall(answer.call) }] })
  chunk({}, answer.kind === 'tool' ? 'tool_calls' : 'stop', usageOf(promptTokens))
  sse.end('[DONE]')
}

async function whole({ response, conversation, answer, promptTokens }: Reply): Promise<void> {
  const isTool = answer.kind === 'tool'
  const message = isTool
    ? { role: 'assistant', content: null, tool_calls: [toolCall(answer.call)] }
    : { role: 'assistant', content: plainText(answer) }
  sendJson(response, {
    id: 'chatcmpl-fake',
    object: 'chat.completion',
    created: 1,
    model: conversation.model,
    choices: [{ index: 0, message, finish_reason: isTool ? 'tool_calls' : 'stop' }],
    usage: usageOf(promptTokens),
  })
}

function toolCall(call: ToolCall): JsonObject {
  const args = typeof call.input === 'string' ? { input: call.input } : call.input
  return { id: call.id, type: 'function', function: { name: call.name, arguments: JSON.stringify(args) } }
}
