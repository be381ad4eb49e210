// One session of an ACP v2 agent: its updates in the shape of v1, and where its foreground work is. Updates of a kind that v1 does
// not have are passed on as they came (ADR 9). `state_update` is told when it says something new.

import type { JsonObject } from '../../base/json.ts'
import { isUsableV2Update } from '../../acp/v2-update.ts'
import { withV1Options } from './config-options.ts'
import { ForegroundTurn } from './foreground-turn.ts'
import type { ForegroundEnd } from './foreground-turn.ts'
import { planUpdate } from './plans.ts'
import { ToldMessages } from './told-messages.ts'
import { ToolCalls } from './tool-calls.ts'

export interface Heard {
  readonly updates: readonly JsonObject[]
  /** The end of the turn that is out. */
  readonly end: ForegroundEnd | undefined
}

/** Ids of prompts that came back. */
const ECHOES_MAX = 16

export class Conversation {
  readonly turn = new ForegroundTurn()
  readonly tools = new ToolCalls()
  readonly #messages = new ToldMessages()
  #state = ''
  readonly #echoes: string[] = []
  /** An earlier life has told work of the turn that is out. */
  #hasWorked = false
  /** Of the prompt that is out: the id under which it was inserted, or came back. */
  #promptId: string | undefined

  startTurn(): void {
    this.#promptId = undefined
    this.turn.sent()
  }

  resumeTurn(): void {
    this.turn.resume(this.#hasWorked)
  }

  /** The agent's answer to the prompt. */
  inserted(messageId: unknown): ForegroundEnd | undefined {
    if (typeof messageId === 'string') this.#keepEcho(messageId)
    return this.turn.inserted()
  }

  /** `isReplay`: what is told is history, and says nothing of what goes on now but for the state. */
  hear(update: JsonObject, isReplay: boolean): Heard {
    // What its kind does not allow is judged, and told of, like anything that v1 does not know.
    if (!isUsableV2Update(update)) return { updates: [update], end: undefined }
    const variant = update['sessionUpdate']
    if (variant === 'state_update') return this.#heardState(update, isReplay)
    if (!isReplay && this.#isEcho(update)) return { updates: [], end: undefined }
    if (typeof variant === 'string' && /^agent_(?:message|thought)/.test(variant)) this.turn.spoke()
    return { updates: this.#translate(update), end: undefined }
  }

  /** One update as an earlier life has stored it. */
  remember(update: JsonObject): void {
    const { sessionUpdate: variant } = update
    if (variant === 'state_update') {
      this.#state = JSON.stringify(update)
      this.turn.report(update)
      return
    }
    this.#hasWorked = true
    if (variant === 'tool_call' || variant === 'tool_call_update') this.tools.remember(update)
    else if (typeof variant === 'string' && variant.endsWith('_chunk')) this.#messages.remember(update)
  }

  #translate(update: JsonObject): JsonObject[] {
    switch (update['sessionUpdate']) {
      case 'user_message_chunk':
      case 'agent_message_chunk':
      case 'agent_thought_chunk':
        return [this.#messages.chunk(update)]
      case 'user_message':
      case 'agent_message':
      case 'agent_thought':
        return this.#messages.whole(update)
      case 'tool_call_update':
        return this.tools.upsert(update)
      case 'tool_call_content_chunk':
        return this.tools.append(update)
      case 'terminal_update':
      case 'terminal_output_chunk':
        return this.tools.terminal(update)
      case 'plan_update':
        return [planUpdate(update)]
      case 'config_option_update':
        return [withV1Options(update)]
      default:
        return [update]
    }
  }

  #heardState(update: JsonObject, isReplay: boolean): Heard {
    const end = this.turn.report(update)
    const state = JSON.stringify(update)
    const isNews = state !== this.#state && !isReplay
    this.#state = state
    return { updates: [...this.tools.flush(end !== undefined), ...(isNews ? [update] : [])], end }
  }

  /** The prompt is in the log already; only the sender hears of it again. */
  #isEcho({ sessionUpdate, messageId }: JsonObject): boolean {
    if (typeof sessionUpdate !== 'string' || !sessionUpdate.startsWith('user_message')) return false
    if (typeof messageId !== 'string') return false
    if (this.turn.isOut && (this.#promptId ?? messageId) === messageId) {
      this.#keepEcho(messageId)
      this.turn.echoed()
    }
    return this.#echoes.includes(messageId)
  }

  #keepEcho(messageId: string): void {
    this.#promptId = messageId
    if (this.#echoes.includes(messageId)) return
    this.#echoes.push(messageId)
    if (this.#echoes.length > ECHOES_MAX) this.#echoes.shift()
  }
}
