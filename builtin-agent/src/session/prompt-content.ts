// The blocks of a prompt as the model gets them. What was not advertised is refused before anything starts.

import type { ImageContent, TextContent, UserMessage } from '@earendil-works/pi-ai'

import { isJsonObject, type Json, type JsonObject } from '../../../src/base/json.ts'
import { imageTypeOfBase64 } from '../tools/image-type.ts'

export interface PromptContent {
  readonly content: readonly (TextContent | ImageContent)[]
  /** All text, for commands and titles. */
  readonly text: string
}

/** The prompt, or a sentence that says why it is none. */
export function readPrompt(prompt: Json | undefined, takesImages: boolean): PromptContent | string {
  if (!Array.isArray(prompt) || prompt.length === 0) return 'prompt must be a list of content blocks that is not empty'
  const content: (TextContent | ImageContent)[] = []
  for (const block of prompt) {
    const read = isJsonObject(block) ? readBlock(block, takesImages) : 'a content block must be an object'
    if (typeof read === 'string') return read
    content.push(read)
  }
  const text = content.map((block) => (block.type === 'text' ? block.text : '')).join('\n')
  return { content, text }
}

export function userMessage({ content }: PromptContent): UserMessage {
  return { role: 'user', content: [...content], timestamp: Date.now() }
}

function readBlock(block: JsonObject, takesImages: boolean): TextContent | ImageContent | string {
  switch (block['type']) {
    case 'text':
      return textIn(block, 'text') ?? 'a text block needs a text'
    case 'resource_link':
      return linked(block)
    case 'resource':
      return embedded(block)
    case 'image':
      return takesImages ? image(block) : 'the model of this session does not take images'
    default:
      return 'content of this type is not supported'
  }
}

function textIn(block: JsonObject, field: string): TextContent | undefined {
  const text = block[field]
  return typeof text === 'string' ? { type: 'text', text } : undefined
}

function linked({ uri, name }: JsonObject): TextContent | string {
  if (typeof uri !== 'string') return 'a resource link needs a uri'
  return { type: 'text', text: typeof name === 'string' && name !== uri ? `[${name}](${uri})` : `<${uri}>` }
}

function embedded({ resource }: JsonObject): TextContent | string {
  if (!isJsonObject(resource) || typeof resource['uri'] !== 'string') return 'a resource needs a uri'
  const { uri, text } = resource
  // A blob has no text: it is named, and a tool can look at it.
  return { type: 'text', text: typeof text === 'string' ? `<context ref="${uri}">\n${text}\n</context>` : `<${uri}>` }
}

function image({ data, mimeType }: JsonObject): ImageContent | string {
  if (typeof data !== 'string' || typeof mimeType !== 'string') return 'an image needs data and mimeType'
  // What it is, not what it is called: a provider refuses every later prompt, too, when they differ.
  const found = imageTypeOfBase64(data)
  return found === undefined
    ? 'an image must be PNG, JPEG, GIF or WebP, in base64'
    : { type: 'image', data, mimeType: found }
}
