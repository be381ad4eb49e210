// What the agent writes into a transcript, and how it is read again: the messages of the model, and the names the client knows them by.

import type { AssistantMessage, ToolResultMessage, UserMessage } from '@earendil-works/pi-ai'

import { isJsonObject } from '../../../src/base/json.ts'
import type { Entry, NewEntry, Note } from '../transcript/port.ts'

/** Stands for what a compaction replaced. */
export interface SummaryMessage {
  readonly role: 'compactionSummary'
  readonly summary: string
  readonly tokensBefore: number
  readonly timestamp: number
}

export type Message = UserMessage | AssistantMessage | ToolResultMessage | SummaryMessage

/** A message as it was stored. */
export interface Said {
  readonly seq: number
  readonly message: Message
  /** The client's name of it; the same in every replay. */
  readonly messageId: string
}

/** What an answer of the model has cost so far, with all before it, in US dollars. */
export interface Spent {
  readonly spentUsd: number
}

/** A setting of the session; what is absent is as it was. */
export interface StoredSettings {
  readonly model?: string
  readonly mode?: string
  readonly thinking?: string
}

/** Said beside the conversation: commands and their answers. The model never sees it. */
export interface Aside {
  readonly role: 'user' | 'agent'
  readonly text: string
  readonly messageId: string
}

export function messageEntry(
  messageId: string,
  message: UserMessage | AssistantMessage | ToolResultMessage,
  more: Partial<Spent> = {},
): NewEntry {
  return { type: TYPES[message.role], body: { messageId, message, ...more } }
}

/** As the last answer says; entries before a compaction need not be there. */
export function spentUsd(entries: readonly Entry[]): number {
  const last = entries.findLast(({ body }) => typeof body['spentUsd'] === 'number')
  return Number(last?.body['spentUsd'] ?? 0)
}

export function settingNote(settings: StoredSettings): Note {
  return { type: 'setting', body: { ...settings } }
}

export function asideNote(aside: Aside): Note {
  return { type: 'note', body: aside }
}

export function titleNote(title: string): Note {
  return { type: 'title', body: { title } }
}

/** Undefined for an entry that is no message. */
export function saidOf({ type, seq, body }: Entry): Said | undefined {
  if (type === 'compaction') return summaryOf(seq, body)
  const { messageId, message } = body
  if (!isJsonObject(message) || typeof messageId !== 'string') return undefined
  const isOurs = type === TYPES.user || type === TYPES.assistant || type === TYPES.toolResult
  return isOurs ? { seq, messageId, message: message as unknown as Message } : undefined
}

export function settingsOf(entries: readonly Entry[]): StoredSettings {
  const found = entries.filter(({ type }) => type === 'setting').map(({ body }) => body as StoredSettings)
  return Object.assign({}, ...found) as StoredSettings
}

export function asideOf({ type, body }: Entry): Aside | undefined {
  const { role, text, messageId } = body
  if (type !== 'note' || typeof text !== 'string' || typeof messageId !== 'string') return undefined
  return { role: role === 'user' ? 'user' : 'agent', text, messageId }
}

const TYPES = { user: 'user', assistant: 'assistant', toolResult: 'tool_result' } as const

function summaryOf(seq: number, body: Entry['body']): Said | undefined {
  const { summary } = body
  if (!isJsonObject(summary)) return undefined
  const { text, compactionId, tokensBefore, at } = summary
  if (typeof text !== 'string' || typeof compactionId !== 'string') return undefined
  const numbers = { tokensBefore: Number(tokensBefore ?? 0), timestamp: Number(at ?? 0) }
  return { seq, messageId: compactionId, message: { role: 'compactionSummary', summary: text, ...numbers } }
}
