// A model that is none: fixed rules behind the same interface as the real ones, for a first look and for tests. Deterministic.
// Streams word by word; ends at an abort as a provider does.

import type { StreamFn } from '@earendil-works/pi-agent-core'
import type { Api, AssistantMessage, AssistantMessageEventStream, Message, Model } from '@earendil-works/pi-ai'

import { pause } from '../../../src/base/deadline.ts'
import type { ModelChoice } from '../models/model-choice.ts'
import type { AgentSettings } from '../settings.ts'
import { type NextStep, nextStep, type Situation, type StepResult } from './next-step.ts'

const CONTEXT_WINDOW = 200_000
const OUTPUT_TOKENS_MAX = 8_192
const CHARS_PER_TOKEN = 4
const SUMMARY_LINES_MAX = 50
const SUMMARY_CHARS_MAX = 120

const MODEL: Model<Api> = {
  id: 'offline',
  name: 'Offline (not a real model)',
  api: 'holdfast-offline',
  provider: 'holdfast',
  baseUrl: '',
  reasoning: false,
  input: ['text'],
  cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
  contextWindow: CONTEXT_WINDOW,
  maxTokens: OUTPUT_TOKENS_MAX,
}

export function offlineChoice({ wordMs }: Pick<AgentSettings, 'wordMs'>): ModelChoice {
  return {
    id: 'holdfast/offline',
    name: MODEL.name,
    description: 'Follows a few fixed rules. Needs no key and no network.',
    model: MODEL,
    stream: streamWith(wordMs),
    apiKey: undefined,
    takesFetch: false,
  }
}

function streamWith(wordMs: number): StreamFn {
  return async (_model, { messages }, options) => {
    const { createAssistantMessageEventStream } = await import('@earendil-works/pi-ai/utils/event-stream')
    const stream = createAssistantMessageEventStream()
    const writer = new AnswerWriter(stream, messages)
    void writer.write(stepFor(messages), wordMs, options?.signal)
    return stream
  }
}

/** Writes one answer into a stream, which always gets an end. */
class AnswerWriter {
  readonly #stream: AssistantMessageEventStream
  readonly #message: AssistantMessage
  /** One for each answer of a conversation, so that the ids of calls differ. */
  readonly #number: number

  constructor(stream: AssistantMessageEventStream, messages: readonly Message[]) {
    this.#stream = stream
    this.#number = messages.length
    this.#message = emptyAnswer(tokensOf(JSON.stringify(messages.at(-1) ?? '')) + messages.length)
  }

  async write({ say, call }: NextStep, wordMs: number, signal: AbortSignal | undefined): Promise<void> {
    const message = this.#message
    this.#stream.push({ type: 'start', partial: message })
    try {
      if (say !== '') await this.#say(say, wordMs, signal)
      signal?.throwIfAborted()
      if (call !== undefined) this.#call(call)
      message.stopReason = call === undefined ? 'stop' : 'toolUse'
      this.#stream.push({ type: 'done', reason: message.stopReason, message })
    } catch {
      message.stopReason = 'aborted'
      message.errorMessage = 'aborted'
      this.#stream.push({ type: 'error', reason: 'aborted', error: message })
    }
    this.#stream.end(message)
  }

  async #say(text: string, wordMs: number, signal: AbortSignal | undefined): Promise<void> {
    const partial = this.#message
    const block = { type: 'text' as const, text: '' }
    const contentIndex = partial.content.push(block) - 1
    this.#stream.push({ type: 'text_start', contentIndex, partial })
    for (const word of text.match(/\s*\S+\s*/g) ?? []) {
      signal?.throwIfAborted()
      block.text += word
      partial.usage.output = tokensOf(block.text)
      partial.usage.totalTokens = partial.usage.input + partial.usage.output
      this.#stream.push({ type: 'text_delta', contentIndex, delta: word, partial })
      if (wordMs > 0) await pause(wordMs, signal)
    }
    this.#stream.push({ type: 'text_end', contentIndex, content: block.text, partial })
  }

  #call({ tool, args }: NonNullable<NextStep['call']>): void {
    const partial = this.#message
    const toolCall = { type: 'toolCall' as const, id: `offline-${this.#number}`, name: tool, arguments: args }
    const contentIndex = partial.content.push(toolCall) - 1
    this.#stream.push({ type: 'toolcall_start', contentIndex, partial })
    this.#stream.push({ type: 'toolcall_end', contentIndex, toolCall, partial })
  }
}

function emptyAnswer(input: number): AssistantMessage {
  const cost = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, total: 0 }
  return {
    role: 'assistant',
    content: [],
    api: MODEL.api,
    provider: MODEL.provider,
    model: MODEL.id,
    usage: { input, output: 0, cacheRead: 0, cacheWrite: 0, totalTokens: input, cost },
    stopReason: 'pending',
    timestamp: Date.now(),
  }
}

/** A summary is asked for by the library, in its own words. */
function stepFor(messages: readonly Message[]): NextStep {
  const text = textOf(messages.at(-1))
  if (text.startsWith('<conversation>')) return { say: summaryOf(text), call: undefined }
  return nextStep(situationOf(messages))
}

function summaryOf(text: string): string {
  const prompts = [...text.matchAll(/^\[User\]: (.*)$/gm)].map(
    (match) => `- ${(match[1] ?? '').slice(0, SUMMARY_CHARS_MAX)}`,
  )
  return `The offline model cannot summarise. The user asked, in this order:\n${prompts.slice(-SUMMARY_LINES_MAX).join('\n')}`
}

function situationOf(messages: readonly Message[]): Situation {
  const at = messages.findLastIndex(({ role }) => role === 'user')
  const results = messages.slice(at + 1).filter((message) => message.role === 'toolResult')
  return {
    prompt: textOf(messages[at]),
    prompts: messages.filter(({ role }) => role === 'user').length,
    results: results.map((result): StepResult => ({
      tool: result.toolName,
      text: textOf(result),
      isError: result.isError,
    })),
    tools: toolsOf(messages),
  }
}

/** The tools that the system messages have declared, up to now. */
function toolsOf(messages: readonly Message[]): string[] {
  const tools = new Set<string>()
  for (const message of messages) {
    if (message.role !== 'system') continue
    for (const { name } of message.toolsRemoved ?? []) tools.delete(name)
    for (const { name } of message.toolsAdded ?? []) tools.add(name)
  }
  return [...tools]
}

function textOf(message: Message | undefined): string {
  if (message === undefined || message.role === 'system') return ''
  if (typeof message.content === 'string') return message.content
  return message.content.map((block) => (block.type === 'text' ? block.text : '')).join('')
}

function tokensOf(text: string): number {
  return Math.ceil(text.length / CHARS_PER_TOKEN)
}
