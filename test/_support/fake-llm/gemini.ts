// Gemini: models/<model>:generateContent and :streamGenerateContent.

import type { JsonObject } from '../../../src/base/json.ts'
import { ConversationDraft, objectIn, objectsIn, stringIn, textOf, type Conversation } from './conversation.ts'
import { sendJson, type ModelApi, type Reply } from './model-api.ts'
import { plainText, SseStream, streamText } from './sse.ts'
import type { ToolCall } from './script.ts'

export const gemini: ModelApi = {
  name: 'gemini',
  path: /\/models\/[^/]+:(?:streamG|g)enerateContent$/,
  read,
  reply: (reply) => (reply.conversation.stream ? stream(reply) : whole(reply)),
}

function read(body: JsonObject, path: string): Conversation {
  const draft = new ConversationDraft()
  for (const content of objectsIn(body['contents'])) {
    const parts = objectsIn(content['parts'])
    const results = parts.map((part) => objectIn(part, 'functionResponse')).filter((result) => result !== undefined)
    for (const result of results) draft.toolResult(JSON.stringify(result['response'] ?? null))
    if (content['role'] !== 'model' && results.length === 0) draft.user(textOf(parts))
  }
  const tools = objectsIn(body['tools']).flatMap((group) =>
    objectsIn(group['functionDeclarations']).map((tool) => ({
      name: stringIn(tool, 'name'),
      schema: objectIn(tool, 'parametersJsonSchema') ?? objectIn(tool, 'parameters'),
    })),
  )
  const model = /\/models\/([^/:]+):/.exec(path)?.[1] ?? ''
  return draft.finish({ model, stream: path.includes(':stream'), system: textOf(body['systemInstruction']), tools })
}

async function stream({ response, conversation, answer }: Reply): Promise<void> {
  const sse = new SseStream(response)
  await streamText(sse, answer, (text) => sse.send(candidate(conversation.model, [{ text }])))
  const last = answer.kind === 'tool' ? [callPart(answer.call)] : [{ text: '' }]
  sse.send(candidate(conversation.model, last, 'STOP'))
  sse.end()
}

async function whole({ response, conversation, answer }: Reply): Promise<void> {
  const part = answer.kind === 'tool' ? callPart(answer.call) : { text: plainText(answer) }
  sendJson(response, candidate(conversation.model, [part], 'STOP'))
}

function candidate(model: string, parts: JsonObject[], finishReason?: string): JsonObject {
  const finish = finishReason ? { finishReason } : {}
  return {
    candidates: [{ index: 0, content: { role: 'model', parts }, ...finish }],
    usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 },
    modelVersion: model,
  }
}

function callPart({ name, input }: ToolCall): JsonObject {
  return { functionCall: { name, args: typeof input === 'string' ? { input } : input } }
}
