// Messages of ACP v2 as chunks: a whole message is told as what is missing of it. Owns what was told of the newest messages of
// one session, as digests. A message that is replaced by another text goes on under another id, which names the one before.

import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'

import { isJsonObject } from '../../base/json.ts'
import type { JsonObject } from '../../base/json.ts'

/** Says in `_meta` of a chunk which message it takes the place of. */
const REPLACES_META = 'holdfast/replaces'
/** Older ones are forgotten: told again as a whole, such a message is told twice. */
const MESSAGES_MAX = 64

interface Told {
  /** Count of the replacements; 0 for the message as it began. */
  version: number
  chars: number
  digest: Hash
}

/** The id of a replaced message: `m~2` follows `m`. */
const REPLACED = /^(?<id>.*)~(?<no>\d+)$/s

export class ToldMessages {
  readonly #told = new Map<string, Told>()

  /** A chunk, as v1 has it. */
  chunk(update: JsonObject): JsonObject {
    const { messageId, content } = update
    if (typeof messageId !== 'string' || !isJsonObject(content)) return update
    const told = this.#of(messageId)
    add(told, textOf(content))
    return told.version === 0 ? update : { ...update, messageId: idOf(messageId, told.version) }
  }

  /** What an earlier life has told. */
  remember({ messageId, content }: JsonObject): void {
    if (typeof messageId !== 'string' || !isJsonObject(content)) return
    const { id = messageId, no } = REPLACED.exec(messageId)?.groups ?? {}
    const version = no === undefined ? 0 : Number(no) - 1
    const told = this.#of(id)
    if (told.version !== version) this.#told.set(id, blank(version))
    add(this.#of(id), textOf(content))
  }

  /** A `user_message`, `agent_message` or `agent_thought`: the chunks that are missing. */
  whole(update: JsonObject): JsonObject[] {
    const { sessionUpdate, messageId, content } = update
    if (content === undefined || typeof messageId !== 'string' || typeof sessionUpdate !== 'string') return []
    const blocks = Array.isArray(content) ? content.filter(isJsonObject) : []
    const told = this.#of(messageId)
    const isMore = isPrefix(told, blocks.map(textOf).join(''))
    const rest = isMore ? after(blocks, told.chars) : blocks
    const meta: JsonObject = isMore ? {} : { _meta: { [REPLACES_META]: idOf(messageId, told.version) } }
    const current = isMore ? told : blank(told.version + 1)
    this.#told.set(messageId, current)
    for (const block of rest) add(current, textOf(block))
    const head = { sessionUpdate: `${sessionUpdate}_chunk`, messageId: idOf(messageId, current.version) }
    // Nothing is left of it: readers that know v2 can tell.
    if (!isMore && rest.length === 0) return [update]
    return rest.map((block) => ({ ...head, content: block, ...meta }))
  }

  #of(messageId: string): Told {
    const known = this.#told.get(messageId)
    if (known !== undefined) return known
    const told = blank(0)
    this.#told.set(messageId, told)
    const [oldest] = this.#told.keys()
    if (this.#told.size > MESSAGES_MAX && oldest !== undefined) this.#told.delete(oldest)
    return told
  }
}

function blank(version: number): Told {
  return { version, chars: 0, digest: createHash('sha256') }
}

/** A code unit that a chunk ends with may be half of a character, so units are counted and not characters. */
function add(told: Told, text: string): void {
  told.chars += text.length
  told.digest.update(text, 'utf16le')
}

function isPrefix(told: Told, text: string): boolean {
  if (text.length < told.chars) return false
  const digest = createHash('sha256').update(text.slice(0, told.chars), 'utf16le').digest('hex')
  return digest === told.digest.copy().digest('hex')
}

function after(blocks: readonly JsonObject[], chars: number): JsonObject[] {
  let left = chars
  return blocks.flatMap((block) => {
    const text = textOf(block)
    const skipped = Math.min(left, text.length)
    left -= skipped
    if (skipped === 0 && text !== '') return [block]
    return skipped === text.length ? [] : [{ ...block, text: text.slice(skipped) }]
  })
}

/** Content that is no text counts as one piece of what it says. */
function textOf(content: JsonObject): string {
  const { type, text } = content
  return type === 'text' && typeof text === 'string' ? text : `\u0000${JSON.stringify(content)}\u0000`
}

function idOf(messageId: string, version: number): string {
  return version === 0 ? messageId : `${messageId}~${version + 1}`
}
