// One turn: what it says goes to the client and is kept for the next load.

import { randomUUID } from 'node:crypto'

import type { AgentContext, AgentRequestContext, ContentBlock } from '@agentclientprotocol/sdk/unstable'
import type { PromptRequest, SessionUpdate } from '@agentclientprotocol/sdk/unstable'

import type { KeptSession, KeptSessions } from './kept-sessions.ts'

const KEPT = new Set(['user_message_chunk', 'agent_message_chunk', 'agent_thought_chunk', 'tool_call', 'plan'])

export class Turn {
  readonly client: AgentContext
  readonly params: PromptRequest
  readonly session: KeptSession
  /** The person has cancelled. */
  readonly cancelled: AbortSignal
  /** The request was taken back. */
  readonly withdrawn: AbortSignal
  readonly #sessions: KeptSessions
  readonly #messageId = randomUUID()

  constructor(
    { client, params, signal }: AgentRequestContext<PromptRequest>,
    sessions: KeptSessions,
    cancelled: AbortSignal,
  ) {
    this.client = client
    this.params = params
    this.session = sessions.get(params.sessionId)
    this.cancelled = cancelled
    this.withdrawn = signal
    this.#sessions = sessions
  }

  get sessionId(): string {
    return this.session.id
  }

  /** Kept, and told by the next load alone. */
  hear(prompt: readonly ContentBlock[]): void {
    const messageId = randomUUID()
    for (const content of prompt) this.session.told.push({ sessionUpdate: 'user_message_chunk', content, messageId })
  }

  async tell(update: SessionUpdate): Promise<void> {
    if (KEPT.has(update.sessionUpdate)) this.session.told.push(update)
    await this.client.notify('session/update', { sessionId: this.sessionId, update })
  }

  say(text: string, meta: Record<string, unknown> | null = null): Promise<void> {
    const content = { type: 'text', text, annotations: null } as const
    return this.tell({ sessionUpdate: 'agent_message_chunk', messageId: this.#messageId, content, _meta: meta })
  }

  /** Says what came of something, for the test to read. */
  report(what: unknown): Promise<void> {
    return this.say(JSON.stringify(what))
  }

  /** The agent sets something by itself. */
  choose(chosen: Pick<KeptSession, 'mode' | 'web'>): void {
    Object.assign(this.session, chosen)
    this.#sessions.keep({ ...this.#sessions.get(this.sessionId), ...chosen })
  }

  keep(): void {
    const { told } = this.session
    this.#sessions.keep({ ...this.#sessions.get(this.sessionId), told })
  }
}
