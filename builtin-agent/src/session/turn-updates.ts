// What the agent loop does, as updates for the client and entries for the transcript. Owns the names of messages and calls of a turn.

import type { AgentEvent } from '@earendil-works/pi-agent-core'
import type { AssistantMessage, AssistantMessageEvent, ToolResultMessage } from '@earendil-works/pi-ai'

import { newId } from '../../../src/base/ids.ts'
import type { JsonObject } from '../../../src/base/json.ts'
import type { NewEntry } from '../transcript/port.ts'
import { announcement, viewOf } from '../tools/call-view.ts'
import { textContent } from '../tools/tool.ts'
import type { ToolBox } from '../tools/tool-box.ts'
import { isCutOff, toolCallIdOf } from './conversation.ts'
import { messageEntry } from './entries.ts'

export interface TurnUpdatesParts {
  readonly toolBox: ToolBox
  readonly update: (update: JsonObject) => void
  readonly append: (entry: NewEntry) => Promise<void>
  /** In tokens. */
  readonly contextWindow: number
  /** Before this turn. */
  readonly spentUsd: number
}

type CallEvent = Extract<AssistantMessageEvent, { type: 'toolcall_delta' | 'toolcall_end' }>

export class TurnUpdates {
  readonly #parts: TurnUpdatesParts
  #messageId = newId('msg')
  /** The model's id of a call -> ours, of the message that was answered last. */
  #calls = new Map<string, string>()
  /** Index of a call in the message -> its arguments as they were told. */
  #announced = new Map<number, string>()
  #spentUsd: number
  #last: AssistantMessage | undefined

  constructor(parts: TurnUpdatesParts) {
    this.#parts = parts
    this.#spentUsd = parts.spentUsd
  }

  /** The answer of the model that ended last. */
  get last(): AssistantMessage | undefined {
    return this.#last
  }

  toolCallId(modelsId: string): string {
    return this.#calls.get(modelsId) ?? toolCallIdOf(this.#messageId, 0)
  }

  /** In the order of the loop; the entry of a message is stored before the next event. */
  async on(event: AgentEvent): Promise<void> {
    switch (event.type) {
      case 'message_start':
        return event.message.role === 'assistant' ? this.#begin() : undefined
      case 'message_update':
        return this.#stream(event.assistantMessageEvent)
      case 'message_end':
        if (event.message.role === 'assistant') return this.#end(event.message)
        return event.message.role === 'toolResult' ? this.#result(event.message) : undefined
      default:
        return undefined
    }
  }

  #begin(): void {
    this.#messageId = newId('msg')
    this.#calls = new Map()
    this.#announced = new Map()
  }

  #stream(event: AssistantMessageEvent): void {
    if (event.type === 'text_delta') this.#chunk('agent_message_chunk', event.delta, this.#messageId)
    if (event.type === 'thinking_delta') this.#chunk('agent_thought_chunk', event.delta, `${this.#messageId}.t`)
    if (event.type === 'toolcall_delta' || event.type === 'toolcall_end') this.#streamCall(event)
  }

  /** As soon as its first argument is whole, which is what its title is made of: the rest may be a long text. */
  #streamCall({ type, contentIndex, partial }: CallEvent): void {
    const block = partial.content[contentIndex]
    if (block?.type !== 'toolCall' || this.#announced.has(contentIndex)) return
    const isTitled = type === 'toolcall_end' || Object.keys(block.arguments).length > 1
    if (isTitled) this.#announce(contentIndex, block.name, block.arguments as JsonObject)
  }

  #chunk(sessionUpdate: string, text: string, messageId: string): void {
    if (text !== '') this.#parts.update({ sessionUpdate, content: { type: 'text', text }, messageId })
  }

  async #end(message: AssistantMessage): Promise<void> {
    this.#last = message
    for (const [n, block] of message.content.entries()) {
      if (block.type !== 'toolCall') continue
      this.#calls.set(block.id, toolCallIdOf(this.#messageId, n))
      this.#complete(n, block.name, block.arguments as JsonObject)
      if (isCutOff(message) && this.#announced.has(n))
        this.#fail(toolCallIdOf(this.#messageId, n), 'The answer was cut off before it ran.')
    }
    const { usage } = message
    this.#spentUsd += usage.cost.total
    await this.#parts.append(messageEntry(this.#messageId, message, { spentUsd: this.#spentUsd }))
    if (usage.totalTokens > 0) this.#parts.update(this.#usage(usage.totalTokens))
  }

  #usage(used: number): JsonObject {
    const cost = this.#spentUsd > 0 ? { cost: { amount: this.#spentUsd, currency: 'USD' } } : {}
    return { sessionUpdate: 'usage_update', used, size: this.#parts.contextWindow, ...cost }
  }

  #announce(contentIndex: number, name: string, args: JsonObject): void {
    const tool = this.#parts.toolBox.find(name)
    if (tool?.isSilent === true) return
    this.#announced.set(contentIndex, JSON.stringify(args))
    const known = { name, kind: tool?.kind ?? 'other', title: tool?.title(args) ?? name }
    this.#parts.update(announcement(toolCallIdOf(this.#messageId, contentIndex), known, args))
  }

  /** What was announced before the model had written all of it is told again. */
  #complete(contentIndex: number, name: string, args: JsonObject): void {
    const told = this.#announced.get(contentIndex)
    if (told === undefined) return this.#announce(contentIndex, name, args)
    if (told === JSON.stringify(args)) return
    const toolCallId = toolCallIdOf(this.#messageId, contentIndex)
    const title = this.#parts.toolBox.find(name)?.title(args) ?? name
    this.#parts.update({ sessionUpdate: 'tool_call_update', toolCallId, title, rawInput: args })
  }

  /** The runner has told how it ended, unless the loop refused the call before anything ran. */
  async #result(message: ToolResultMessage): Promise<void> {
    const toolCallId = this.toolCallId(message.toolCallId)
    const isSilent = this.#parts.toolBox.find(message.toolName)?.isSilent === true
    if (viewOf(message.details) === undefined && message.isError && !isSilent) this.#fail(toolCallId, textOf(message))
    await this.#parts.append(messageEntry(toolCallId, message))
  }

  #fail(toolCallId: string, why: string): void {
    const content = [textContent(why)]
    this.#parts.update({ sessionUpdate: 'tool_call_update', toolCallId, status: 'failed', content })
  }
}

export function textOf({ content }: Pick<ToolResultMessage, 'content'>): string {
  return content.map((block) => (block.type === 'text' ? block.text : '')).join('')
}
