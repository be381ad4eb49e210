// Reads from the log what was said in the conversation that goes on, back to a bound: prompts that were handed out, and what the agent said.

import type { TurnId } from '../../base/ids.ts'
import type { JsonObject } from '../../base/json.ts'
import type { EventRecord, SessionNo } from '../../store/records.ts'
import type { Store } from '../../store/store.ts'
import type { KnownConversation } from './learn-replay.ts'
import { saidBy, toolOf } from './telling.ts'
import type { Said } from './telling.ts'

export type LogReader = Pick<Store, 'readEvents' | 'lastSeq' | 'findTurn'>

/** Enough to meet any replay that is kept; a longer log is not read from its beginning. */
const EVENTS_MAX = 4_000
const CHARS_MAX = 4 * 1024 * 1024

interface Entry extends Partial<Said> {
  readonly turnId: TurnId | undefined
  readonly tool?: { readonly id: string; readonly isBeginning: boolean }
}

/** SESSION_DAMAGED. Holds at most 4 Mi characters of what was said. */
export async function readConversation(store: LogReader, no: SessionNo): Promise<KnownConversation> {
  const last = await store.lastSeq(no)
  const log = new ConversationLog(last <= EVENTS_MAX)
  for (let after = Math.max(0, last - EVENTS_MAX); after < last;) {
    const events = await store.readEvents(no, after, EVENTS_MAX)
    for (const event of events) log.take(event, event.type === 'turn.dispatched' ? await promptOf(store, event) : '')
    after = events.at(-1)?.seq ?? last
  }
  return log
}

async function promptOf(store: LogReader, { turnId }: EventRecord): Promise<string> {
  const turn = turnId === undefined ? undefined : await store.findTurn(turnId)
  const blocks = JSON.parse(turn?.prompt ?? '[]') as JsonObject[]
  return blocks.map(({ text }) => (typeof text === 'string' ? text : '')).join('\n')
}

/** Of what was said before the conversation was ours. */
function isAllTold({ left_out: leftOut, is_told: isTold }: JsonObject): boolean {
  return leftOut === 0 && isTold === true
}

class ConversationLog implements KnownConversation {
  isWhole: boolean
  #entries: Entry[] = []
  #chars = 0
  /** Turns whose end was not what the agent makes of it. */
  readonly #unsettled = new Set<TurnId>()

  constructor(isWhole: boolean) {
    this.isWhole = isWhole
  }

  take({ type, turnId, data }: EventRecord, prompt: string): void {
    if (type === 'update') this.#hear(turnId, JSON.parse(data) as JsonObject)
    if (type === 'turn.dispatched') this.#add({ turnId, voice: 'user', text: prompt })
    if (type === 'turn.requeued') this.#entries = this.#entries.filter((entry) => entry.turnId !== turnId)
    if (type === 'turn.ended' && turnId !== undefined) this.#end(turnId, JSON.parse(data) as JsonObject)
    if (type === 'session.forked') this.isWhole &&= (JSON.parse(data) as JsonObject)['left_out'] === 0
    if (type === 'conversation.imported') this.isWhole &&= isAllTold(JSON.parse(data) as JsonObject)
    if (type === 'conversation.reset' || (type === 'conversation.replaced' && !data.includes('"forked"'))) this.#begin()
  }

  tell(...[telling, isWanted]: Parameters<KnownConversation['tell']>): void {
    for (const { voice, text = '', id, tool, turnId } of this.#entries) {
      const isSettled = turnId === undefined || !this.#unsettled.has(turnId)
      if (voice !== undefined && isWanted(voice)) telling.say({ voice, text, id, isSettled })
      if (tool !== undefined) telling.callTool(tool.id, tool.isBeginning)
    }
  }

  #hear(turnId: TurnId | undefined, update: JsonObject): void {
    const said = saidBy(update)
    const tool = toolOf(update)
    if (said !== undefined) this.#add({ turnId, ...said })
    if (tool !== undefined) this.#add({ turnId, tool })
  }

  #add(entry: Entry): void {
    this.#entries.push(entry)
    this.#chars += entry.text?.length ?? 0
    if (this.#chars <= CHARS_MAX) return
    this.isWhole = false
    let dropped = 0
    for (; this.#chars > CHARS_MAX / 2; dropped++) this.#chars -= this.#entries[dropped]?.text?.length ?? 0
    this.#entries = this.#entries.slice(dropped)
  }

  #end(turnId: TurnId, { state, delivery }: JsonObject): void {
    if (delivery === 'no') this.#entries = this.#entries.filter((entry) => entry.turnId !== turnId)
    else if (state !== 'completed') this.#unsettled.add(turnId)
  }

  /** Another conversation: what was said before is not replayed in it. */
  #begin(): void {
    this.isWhole = true
    this.#entries = []
    this.#chars = 0
  }
}
