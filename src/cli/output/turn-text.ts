// A running turn as people read it: the answer on stdout as it comes; thoughts, tool calls, plans and notices as dim lines on stderr.
// Holds what is needed to break lines well, and the titles of running tool calls (bounded). Never decides anything.

import type { JsonObject } from '../../base/json.ts'
import { isJsonObject } from '../../base/json.ts'
import type { Screen } from './screen.ts'
import { terminalLine, terminalText } from './terminal-text.ts'

const TOOL_TITLES_MAX = 256
const TITLE_WIDTH_MAX = 160

type Voice = 'answer' | 'thought'

export class TurnText {
  readonly #screen: Screen
  readonly #titles = new Map<string, string>()
  /** Tool calls that have not ended, and those that were said to be cancelled. As many as there are titles. */
  readonly #open = new Set<string>()
  readonly #cancelled = new Set<string>()
  /** Whose text is on the unfinished line, if any. */
  #speaking: Voice | undefined
  #messageId: unknown
  #plan = ''

  constructor(screen: Screen) {
    this.#screen = screen
  }

  /** One ACP session update, v1 or v2. Unknown variants are left out. */
  update(update: JsonObject): void {
    switch (update['sessionUpdate']) {
      case 'agent_message_chunk':
      case 'agent_message':
        return this.#say('answer', update)
      case 'agent_thought_chunk':
      case 'agent_thought':
        return this.#say('thought', update)
      case 'tool_call':
      case 'tool_call_update':
        return this.#toolCall(update)
      case 'plan':
        return this.#planLine(update)
      case 'notice':
        return this.#notice(update)
      default:
        return undefined
    }
  }

  /** A line of ours between what the agent says. */
  line(text: string): void {
    this.breakLine()
    this.#screen.err.write(`${this.#screen.errStyle.dim(text)}\n`)
  }

  /** Ends an unfinished line, so that what follows starts on its own. */
  breakLine(): void {
    if (this.#speaking === 'answer') this.#screen.out.write('\n')
    if (this.#speaking === 'thought') this.#screen.err.write('\n')
    this.#speaking = undefined
  }

  #say(voice: Voice, update: JsonObject): void {
    const text = terminalText(contentText(update['content']))
    if (text === '') return
    if (this.#speaking !== voice || update['messageId'] !== this.#messageId) this.breakLine()
    this.#messageId = update['messageId']
    if (voice === 'answer') this.#screen.out.write(text)
    else this.#screen.err.write(this.#screen.errStyle.dim(text))
    this.#speaking = text.endsWith('\n') ? undefined : voice
  }

  #toolCall(update: JsonObject): void {
    const id = stringOr(update['toolCallId'], '?')
    const known = this.#titles.get(id)
    const title = stringOr(update['title'], known ?? id)
    if (known === undefined) this.line(`> ${terminalLine(title, TITLE_WIDTH_MAX)}${kindOf(update)}`)
    this.#remember(id, title)
    const { status } = update
    const wasCancelled = this.#cancelled.has(id)
    if (status === 'failed') this.line(`x ${terminalLine(title, TITLE_WIDTH_MAX)} failed`)
    if (status === 'completed' && wasCancelled) this.line(`> ${terminalLine(title, TITLE_WIDTH_MAX)} completed`)
    if (status === 'failed' || status === 'completed') this.#open.delete(id)
    else if (!wasCancelled) this.#open.add(id)
  }

  /** A cancel was asked for: what is under way counts as cancelled, until its end says otherwise (C-46). */
  cancelTools(): void {
    for (const id of this.#open) {
      this.line(`x ${terminalLine(this.#titles.get(id) ?? id, TITLE_WIDTH_MAX)} cancelled`)
      this.#cancelled.add(id)
    }
    this.#open.clear()
  }

  #planLine(update: JsonObject): void {
    const entries = Array.isArray(update['entries']) ? update['entries'].filter(isJsonObject) : []
    const done = entries.filter((entry) => entry['status'] === 'completed').length
    const now = entries.find((entry) => entry['status'] === 'in_progress')?.['content']
    const step = typeof now === 'string' ? `: ${terminalLine(now, TITLE_WIDTH_MAX)}` : ''
    const line = `plan ${done}/${entries.length}${step}`
    if (line !== this.#plan) this.line(line)
    this.#plan = line
  }

  /** What the agent says of itself, not of the work; a severity that is not known is none. */
  #notice({ severity, title, description }: JsonObject): void {
    const label = severity === 'warning' || severity === 'error' ? severity : 'note'
    const words = [title, description].filter((text) => typeof text === 'string').map((text) => terminalLine(text, 500))
    if (words.length > 0) this.line(`${label}: ${words.join(': ')}`)
  }

  #remember(id: string, title: string): void {
    this.#titles.set(id, title)
    if (this.#titles.size <= TOOL_TITLES_MAX) return
    const [oldest] = this.#titles.keys()
    if (oldest === undefined) return
    for (const known of [this.#titles, this.#open, this.#cancelled]) known.delete(oldest)
  }
}

function kindOf(update: JsonObject): string {
  const kind = update['kind']
  return typeof kind === 'string' && kind !== 'other' ? ` (${terminalLine(kind, 20)})` : ''
}

function stringOr(value: unknown, fallback: string): string {
  return typeof value === 'string' ? value : fallback
}

/** The text of one content block or a list of them; what is no text is named in brackets. */
function contentText(content: unknown): string {
  if (Array.isArray(content)) return content.map(contentText).join('')
  if (!isJsonObject(content)) return ''
  switch (content['type']) {
    case 'text':
      return typeof content['text'] === 'string' ? content['text'] : ''
    case 'resource_link':
      return `[${stringOr(content['name'], 'link')}: ${stringOr(content['uri'], '?')}]`
    default:
      return typeof content['type'] === 'string' ? `[${content['type']}]` : ''
  }
}
