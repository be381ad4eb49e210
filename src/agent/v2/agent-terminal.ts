// A terminal that an ACP v2 agent runs itself: the newest of its bytes as text, and how it ended. Display only.

import { StringDecoder } from 'node:string_decoder'

import { isJsonObject } from '../../base/json.ts'
import type { JsonObject } from '../../base/json.ts'

/** Of the text that is kept and told. */
export const TERMINAL_CHARS_MAX = 32 * 1024
export const LEFT_OUT = '[earlier output was left out]\n'
/** Names the terminal in `_meta` of the text that stands for it. */
const TERMINAL_META = 'holdfast/terminal'

export class AgentTerminal {
  readonly #id: string
  #decoder = new StringDecoder('utf8')
  #text = ''
  #isCut = false
  #exit: string | undefined
  /** Characters that came since the text was told. */
  #untold = 0

  constructor(id: string) {
    this.#id = id
  }

  /** Enough is new to tell the whole text again: what is told in all stays within a few times of what was written. */
  get isWorthTelling(): boolean {
    return this.#untold > 0 && this.#untold * 2 >= Math.min(this.#text.length, TERMINAL_CHARS_MAX)
  }

  get chars(): number {
    return this.#text.length
  }

  get hasUntold(): boolean {
    return this.#untold > 0
  }

  /** A chunk; a character may begin in one and end in the next. `data`: base64. */
  write(data: string): void {
    this.#add(this.#decoder.write(Buffer.from(data, 'base64')))
  }

  /** A `terminal_update`. True when it must be told: the output was replaced, or the command has ended. */
  patch({ output, exitStatus }: JsonObject): boolean {
    if (output !== undefined) this.#replace(isJsonObject(output) ? output['data'] : undefined)
    if (exitStatus !== undefined) this.#exit = isJsonObject(exitStatus) ? exitOf(exitStatus) : undefined
    return output !== undefined || exitStatus !== undefined
  }

  /** Tool call content of v1. */
  tell(): JsonObject {
    this.#untold = 0
    const text = `${this.#isCut ? LEFT_OUT : ''}${this.#text}${this.#exit ?? ''}`
    return { type: 'content', content: { type: 'text', text }, _meta: { [TERMINAL_META]: this.#id } }
  }

  /** Goes on from what an earlier life has told of it. */
  remember(text: string): void {
    this.#text = ''
    this.#isCut = text.startsWith(LEFT_OUT)
    this.#add(this.#isCut ? text.slice(LEFT_OUT.length) : text)
    this.#untold = 0
  }

  #replace(data: unknown): void {
    this.#decoder = new StringDecoder('utf8')
    this.#text = ''
    this.#isCut = false
    if (typeof data === 'string') this.write(data)
  }

  #add(text: string): void {
    this.#untold += text.length
    this.#text += text
    if (this.#text.length <= TERMINAL_CHARS_MAX) return
    this.#text = this.#text.slice(-TERMINAL_CHARS_MAX)
    this.#isCut = true
  }
}

/** The terminal that told content stands for. */
export function terminalOf(item: JsonObject): { id: string; text: string } | undefined {
  const { _meta: meta, content } = item
  const id = isJsonObject(meta) ? meta[TERMINAL_META] : undefined
  const text = isJsonObject(content) ? content['text'] : undefined
  return typeof id === 'string' && typeof text === 'string' ? { id, text } : undefined
}

function exitOf({ exitCode, signal }: JsonObject): string {
  if (typeof signal === 'string') return `\n[ended by ${signal}]`
  return typeof exitCode === 'number' ? `\n[exit code ${exitCode}]` : '\n[ended]'
}
