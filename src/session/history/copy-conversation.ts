// What was said in a session, as updates for the log of another one: prompts as chunks of the user, and everything that the agent told.

import { ORIGIN_META } from '../../agent/link/history.ts'
import type { ImportedHistory } from '../../agent/link/history.ts'
import { isJsonObject } from '../../base/json.ts'
import type { JsonObject } from '../../base/json.ts'
import type { EventRecord, SessionNo } from '../../store/records.ts'
import type { Store } from '../../store/store.ts'

type Reader = Pick<Store, 'readEvents' | 'findTurn'>

/** One transaction takes them all: what it costs must not be felt by other sessions. The newest are kept. */
const UPDATES_MAX = 1_000
const CHARS_MAX = 2 * 1024 * 1024
/** A longer log is not read from its beginning. */
const EVENTS_MAX = 20_000
const PAGE = 1_000

/** Up to event `until`, of the conversation that the session has then. SESSION_DAMAGED. */
export async function copyConversation(store: Reader, no: SessionNo, until: number): Promise<ImportedHistory> {
  const copy = new Copy()
  const from = Math.max(0, until - EVENTS_MAX)
  if (from > 0) copy.leaveOut(1) // at least
  for (let after = from; after < until;) {
    const events = await store.readEvents(no, after, Math.min(PAGE, until - after))
    for (const event of events) await copyEvent(store, copy, event)
    after = events.at(-1)?.seq ?? until
  }
  return copy.finish()
}

async function copyEvent(store: Reader, copy: Copy, { type, turnId, data }: EventRecord): Promise<void> {
  if (type === 'update') copy.add(JSON.parse(data) as JsonObject, turnId)
  if (type === 'conversation.reset' || (type === 'conversation.replaced' && !data.includes('"forked"'))) copy.begin()
  if (type === 'turn.requeued') copy.takeBack(turnId)
  if (type === 'turn.ended' && (JSON.parse(data) as JsonObject)['delivery'] === 'no') copy.takeBack(turnId)
  if (type !== 'turn.dispatched' || turnId === undefined) return
  const blocks = JSON.parse((await store.findTurn(turnId))?.prompt ?? '[]') as JsonObject[]
  for (const content of blocks) copy.add({ sessionUpdate: 'user_message_chunk', content, messageId: turnId }, turnId)
}

class Copy {
  #updates: { readonly text: string; readonly turnId: string | undefined }[] = []
  #chars = 0
  #leftOut = 0

  add(update: JsonObject, turnId: string | undefined): void {
    const meta = isJsonObject(update['_meta']) ? update['_meta'] : {}
    const text = JSON.stringify({ ...update, _meta: { ...meta, [ORIGIN_META]: 'fork' } })
    this.#updates.push({ text, turnId })
    this.#chars += text.length
    while (this.#updates.length > UPDATES_MAX || this.#chars > CHARS_MAX) {
      this.#chars -= this.#updates.shift()?.text.length ?? 0
      this.leaveOut(1)
    }
  }

  leaveOut(count: number): void {
    this.#leftOut += count
  }

  /** No agent got the prompt of the turn. */
  takeBack(turnId: string | undefined): void {
    this.#updates = this.#updates.filter((one) => one.turnId !== turnId)
    this.#chars = this.#updates.reduce((sum, { text }) => sum + text.length, 0)
  }

  /** Another conversation. */
  begin(): void {
    this.#updates = []
    this.#chars = 0
    this.#leftOut = 0
  }

  finish(): ImportedHistory {
    return { updates: this.#updates.map(({ text }) => text), leftOut: this.#leftOut }
  }
}
