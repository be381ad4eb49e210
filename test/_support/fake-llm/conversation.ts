// One shape for the requests of all model APIs: what the script needs to decide on an answer.

import type { Json, JsonObject } from '../../../src/base/json.ts'
import { isJsonObject } from '../../../src/base/json.ts'

export interface OfferedTool {
  readonly name: string
  /** JSON Schema of the arguments; undefined for a free-form tool, which takes one text. */
  readonly schema: JsonObject | undefined
  /** Of a tool that the model has searched for; named beside it in a call. */
  readonly namespace?: string
}

export interface Conversation {
  readonly model: string
  readonly stream: boolean
  readonly system: string
  /** Texts of the user's messages, oldest first. Tool results are not user texts. */
  readonly userTexts: readonly string[]
  /** Results of tools called since the last user text. */
  readonly toolResults: readonly string[]
  readonly tools: readonly OfferedTool[]
}

/** Collects a conversation message by message; a user text resets the tool results that count as new. */
export class ConversationDraft {
  readonly #userTexts: string[] = []
  #toolResults: string[] = []

  user(text: string): void {
    if (text.trim() === '') return
    this.#userTexts.push(text)
    this.#toolResults = []
  }

  toolResult(text: string): void {
    this.#toolResults.push(text)
  }

  finish(rest: Omit<Conversation, 'userTexts' | 'toolResults'>): Conversation {
    return { ...rest, userTexts: this.#userTexts, toolResults: this.#toolResults }
  }
}

/** The text of a content field: a string, or parts of which those with a `text` (or nested `content`) count. */
export function textOf(content: Json | undefined): string {
  if (typeof content === 'string') return content
  if (Array.isArray(content)) return content.map(textOf).filter(Boolean).join('\n')
  if (!isJsonObject(content)) return ''
  return typeof content['text'] === 'string' ? content['text'] : textOf(content['content'] ?? content['parts'])
}

export function objectsIn(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : []
}

export function stringIn(object: JsonObject, key: string, fallback = ''): string {
  const value = object[key]
  return typeof value === 'string' ? value : fallback
}

export function objectIn(object: JsonObject, key: string): JsonObject | undefined {
  const value = object[key]
  return isJsonObject(value) ? value : undefined
}
