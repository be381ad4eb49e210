// Prompts: the word after the @ says what a turn does (deeds.ts); it ends with session/cancel, or is taken back with $/cancel_request.

import { randomUUID } from 'node:crypto'

import type { AgentRequestHandler, PromptRequest, PromptResponse } from '@agentclientprotocol/sdk/unstable'
import { RequestError } from '@agentclientprotocol/sdk/unstable'

import { DEEDS } from './deeds.ts'
import type { KeptSessions } from './kept-sessions.ts'
import { Turn } from './turn.ts'

export class Turns {
  readonly #sessions: KeptSessions
  readonly #cancels = new Map<string, AbortController>()

  constructor(sessions: KeptSessions) {
    this.#sessions = sessions
  }

  cancel(sessionId: string): void {
    this.#cancels.get(sessionId)?.abort()
  }

  readonly prompt: AgentRequestHandler<PromptRequest, PromptResponse> = async (context) => {
    const { params, signal } = context
    const cancelled = new AbortController()
    this.#cancels.set(params.sessionId, cancelled)
    const turn = new Turn(context, this.#sessions, cancelled.signal)
    const words = params.prompt.map((block) => (block.type === 'text' ? block.text : `[${block.type}]`)).join(' ')
    turn.hear(params.prompt)
    const deed = DEEDS[/@(\w+)/.exec(words)?.[1] ?? 'echo'] ?? DEEDS['echo']!
    try {
      await deed(turn, words)
    } catch (error) {
      if (signal.aborted) throw RequestError.requestCancelled()
      if (!cancelled.signal.aborted) throw error
      return { stopReason: 'cancelled' }
    } finally {
      turn.keep()
    }
    const usage = { totalTokens: 12, inputTokens: 5, outputTokens: 7, thoughtTokens: null }
    return { stopReason: 'end_turn', usage, _meta: { 'peer.test/turn': randomUUID() } }
  }
}
