// The conversation as the model is to see it: what counts of the transcript, with an answer to every call of a tool. Pure.

import type { AssistantMessage, ToolResultMessage } from '@earendil-works/pi-ai'

import type { Entry } from '../transcript/port.ts'
import { type Message, type Said, saidOf } from './entries.ts'

/** What is known of a call whose result was never stored: the agent ended while it ran. */
const UNKNOWN_OUTCOME =
  'The agent was stopped while this ran. It is not known whether it was done: look before you do it again.'

/** Oldest first. A call without a result gets one that says so; an answer that was cut off is left out, as its calls never ran. */
export function conversationOf(entries: readonly Entry[]): Said[] {
  const said = entries.map(saidOf).filter((one): one is Said => one !== undefined && !isCutOff(one.message))
  const answered = new Set(said.map(({ message }) => (message.role === 'toolResult' ? message.toolCallId : undefined)))
  return said.flatMap((one) => [one, ...missingResults(one, answered)])
}

export function messagesOf(said: readonly Said[]): Message[] {
  return said.map(({ message }) => message)
}

/** The client's name of the n-th call of a message; the same in every replay. */
export function toolCallIdOf(messageId: string, contentIndex: number): string {
  return `${messageId}.${contentIndex}`
}

function missingResults({ seq, messageId, message }: Said, answered: ReadonlySet<string | undefined>): Said[] {
  if (message.role !== 'assistant') return []
  const open = message.content.filter((block) => block.type === 'toolCall').filter(({ id }) => !answered.has(id))
  return open.map(({ id, name }) => ({ seq, messageId, message: unknownResult(id, name, message) }))
}

export function isCutOff(message: Message): boolean {
  return message.role === 'assistant' && (message.stopReason === 'aborted' || message.stopReason === 'error')
}

function unknownResult(toolCallId: string, toolName: string, { timestamp }: AssistantMessage): ToolResultMessage {
  const content = [{ type: 'text' as const, text: UNKNOWN_OUTCOME }]
  return { role: 'toolResult', toolCallId, toolName, content, isError: true, timestamp }
}
