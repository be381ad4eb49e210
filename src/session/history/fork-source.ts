// The session that another one is a fork of, at the moment in which its conversation is forked: nothing may be under way in it, because the
// agent says nothing about where in a turn its fork begins.

import { HoldfastError } from '../../base/errors.ts'
import type { AgentSessionId, SessionId } from '../../base/ids.ts'
import type { JsonObject } from '../../base/json.ts'
import type { SessionNo, SessionRecord } from '../../store/records.ts'
import type { Store } from '../../store/store.ts'
import { copyConversation } from './copy-conversation.ts'
import type { LearnedReplay } from './learn-replay.ts'

export type ForkReader = Pick<
  Store,
  'readEvents' | 'findTurn' | 'findSession' | 'findSessionByNo' | 'listUnsettledTurns' | 'lastSeq'
>

/** What the log of a session says from its first event on; undefined for one that is no fork. */
export async function forkedFrom(store: Pick<Store, 'readEvents'>, no: SessionNo): Promise<SessionId | undefined> {
  const [created] = await store.readEvents(no, 0, 1)
  const from = (JSON.parse(created?.data ?? '{}') as JsonObject)['forked_from']
  return typeof from === 'string' ? (from as SessionId) : undefined
}

/** The conversation that a fork of the session would begin with; undefined when nothing was said in it, or the next prompt begins another. */
export function forkable({ agentSessionId, terms }: SessionRecord): AgentSessionId | undefined {
  const { isUsed, anew } = terms.conversation
  return isUsed && anew === undefined ? agentSessionId : undefined
}

/** SESSION_BUSY while a turn of it is out: a prompt, or work of the agent's own. */
export async function refuseBusy(store: Pick<Store, 'listUnsettledTurns'>, { id, no }: SessionRecord): Promise<void> {
  const [out] = (await store.listUnsettledTurns(no)).filter(({ state }) => state !== 'queued')
  if (out !== undefined) throw new HoldfastError('SESSION_BUSY', { session: id, turn: out.id })
}

export class ForkSource {
  readonly conversation: AgentSessionId
  readonly #store: ForkReader
  readonly #source: SessionRecord
  readonly #seq: number

  private constructor(store: ForkReader, source: SessionRecord, conversation: AgentSessionId) {
    this.#store = store
    this.#source = source
    this.#seq = source.lastSeq
    this.conversation = conversation
  }

  /** For the start of session number `no`. SESSION_NOT_FOUND, SESSION_BUSY, AGENT_CONVERSATION_LOST when the source has begun another one. */
  static async of(store: ForkReader, no: SessionNo): Promise<ForkSource> {
    const id = await forkedFrom(store, no)
    const source = id === undefined ? undefined : await store.findSession(id)
    if (source === undefined) throw new HoldfastError('SESSION_NOT_FOUND', { session: id ?? no })
    const conversation = forkable(source)
    if (conversation === undefined) {
      const details = { agent: source.agent, conversation: source.agentSessionId ?? null, reason: 'replaced' }
      throw new HoldfastError('AGENT_CONVERSATION_LOST', details)
    }
    await refuseBusy(store, source)
    return new ForkSource(store, source, conversation)
  }

  /** What was said up to the fork. SESSION_BUSY when a prompt was handed out in the source meanwhile. */
  async finish(): Promise<LearnedReplay> {
    const { no, id } = this.#source
    const since = await this.#store.readEvents(no, this.#seq, SINCE_MAX)
    const begun = since.find(({ type }) => type === 'turn.dispatched' || type === 'turn.running')
    if (begun !== undefined || since.length === SINCE_MAX)
      throw new HoldfastError('SESSION_BUSY', { session: id, turn: begun?.turnId ?? null })
    const { updates, leftOut } = await copyConversation(this.#store, no, this.#seq)
    return { kind: 'forked', from: id, conversation: this.conversation, updates, leftOut }
  }
}

/** An idle session has not so many events while an agent starts. */
const SINCE_MAX = 1_000
