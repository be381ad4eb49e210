// OpenAI responses: /v1/responses, streamed or not. Free-form (`custom`) tools are answered with a custom tool call.

import type { JsonObject } from '../../../src/base/json.ts'
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
import { plainText, SseStream, streamText } from './sse.ts'
import type { ToolCall } from './script.ts'

/** The name of a tool of its type has no other. */
const TOOL_SEARCH = 'tool_search'
const USAGE = {
  input_tokens: 10,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: 5,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 15,
}

export const openaiResponses: ModelApi = {
  name: 'openai-responses',
  path: /\/responses$/,
  read,
  reply: (reply) => (reply.conversation.stream ? stream(reply) : whole(reply)),
}

function read(body: JsonObject): Conversation {
  const draft = new ConversationDraft()
  const system = [stringIn(body, 'instructions')]
  const input =
    typeof body['input'] === 'string' ? [{ role: 'user', content: body['input'] }] : objectsIn(body['input'])
  for (const item of input) {
    if (stringIn(item, 'type').endsWith('_call_output')) draft.toolResult(textOf(item['output']))
    else if (item['role'] === 'user') draft.user(textOf(item['content']))
    else if (item['role'] === 'system' || item['role'] === 'developer') system.push(textOf(item['content']))
  }
  const found = objectsIn(body['input']).filter((item) => item['type'] === 'tool_search_output')
  const tools = found.flatMap(toolsFound)
  for (const tool of objectsIn(body['tools'])) tools.push(...toolsOffered(tool, found.length > 0))
  return draft.finish({
    model: stringIn(body, 'model'),
    stream: body['stream'] === true,
    system: system.join('\n'),
    tools,
  })
}

/** What was searched for is not searched for again. */
function toolsOffered(tool: JsonObject, hasSearched: boolean): OfferedTool[] {
  if (tool['type'] === 'namespace') return toolsWithin(tool)
  const isSearch = tool['type'] === TOOL_SEARCH
  const name = isSearch ? TOOL_SEARCH : stringIn(tool, 'name')
  if (name === '' || (isSearch && hasSearched)) return []
  return [{ name, schema: tool['type'] === 'custom' ? undefined : objectIn(tool, 'parameters') }]
}

function toolsFound(output: JsonObject): OfferedTool[] {
  return objectsIn(output['tools']).flatMap(toolsWithin)
}

function toolsWithin(space: JsonObject): OfferedTool[] {
  const namespace = stringIn(space, 'name')
  return objectsIn(space['tools']).map((tool) => ({
    name: stringIn(tool, 'name'),
    schema: objectIn(tool, 'parameters'),
    namespace,
  }))
}

async function stream({ response, conversation, answer }: Reply): Promise<void> {
  const sse = new SseStream(response)
  let sequence = 0
  const send = (type: string, fields: JsonObject): void => {
    sse.send({ type, sequence_number: sequence++, ...fields }, type)
  }
  send('response.created', { response: envelope(conversation.model, 'in_progress', []) })
  const item = answer.kind === 'tool' ? toolItem(answer.call) : messageItem('')
  send('response.output_item.added', { output_index: 0, item })
  const text = await streamText(sse, answer, (delta) =>
    send('response.output_text.delta', { item_id: 'msg_fake_1', output_index: 0, content_index: 0, delta }),
  )
  const done = answer.kind === 'tool' ? item : messageItem(text)
  send('response.output_item.done', { output_index: 0, item: done })
  send('response.completed', { response: envelope(conversation.model, 'completed', [done]) })
  sse.end()
}

async function whole({ response, conversation, answer }: Reply): Promise<void> {
  const item = answer.kind === 'tool' ? toolItem(answer.call) : messageItem(plainText(answer))
  sendJson(response, envelope(conversation.model, 'completed', [item]))
}

function envelope(model: string, status: string, output: JsonObject[]): JsonObject {
  return { id: 'resp_fake', object: 'response', created_at: 1, status, model, output, usage: USAGE, error: null }
}

function messageItem(text: string): JsonObject {
  const content = text === '' ? [] : [{ type: 'output_text', text, annotations: [] }]
  return { type: 'message', id: 'msg_fake_1', role: 'assistant', status: 'completed', content }
}

function toolItem({ id, name, namespace, input }: ToolCall): JsonObject {
  const base = { id: `item_${id}`, call_id: id, status: 'completed' }
  if (name === TOOL_SEARCH) return { type: 'tool_search_call', ...base, execution: 'client', arguments: input }
  if (typeof input === 'string') return { type: 'custom_tool_call', ...base, name, input }
  const call = { type: 'function_call', ...base, name, arguments: JSON.stringify(input) }
  return namespace === undefined ? call : { ...call, namespace }
}
