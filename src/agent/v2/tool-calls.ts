// Tool calls of ACP v2 as v1 tells them: created at first sight, then patched; content that is appended is told as a whole.
// Owns what is known of the newest tool calls and terminals of one session, within bounds.

import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json.ts'
import { AgentTerminal, LEFT_OUT, terminalOf } from './agent-terminal.ts'
import { diffContent } from './diffs.ts'
import { TellAgain } from './tell-again.ts'

interface ToolCall {
  readonly id: string
  /** What is known of it but for its content; null has been applied. */
  fields: JsonObject
  /** As the agent says it, v2's kinds included. */
  content: JsonObject[]
  /** Of the content. */
  chars: number
  /** By field. */
  readonly fieldChars: Map<string, number>
  /** Characters that were appended since its content was told. */
  untold: number
  isCut: boolean
}

/** Older ones are forgotten: an update of such a one creates it again. */
const TOOLS_MAX = 256
const TERMINALS_MAX = 64
/** Of all that is known together; of more the content is forgotten, then the oldest calls. */
const KNOWN_CHARS_MAX = 8 * 1024 * 1024
/** Of content that was appended piece by piece. */
const CONTENT_CHARS_MAX = 64 * 1024

/** What `null` means, where v1 would take it for "unchanged". */
const RESETS: JsonObject = { kind: 'other', status: 'pending', locations: [] }
const UNTITLED = 'Tool call'

export class ToolCalls {
  readonly #tools = new Map<string, ToolCall>()
  readonly #terminals = new Map<string, AgentTerminal>()
  #again = new TellAgain()

  /** A `tool_call_update`, or the tool call of a permission request. */
  upsert(update: JsonObject): JsonObject[] {
    const { toolCallId: id, content, sessionUpdate: _, ...patch } = update
    if (typeof id !== 'string') return [update]
    const isNew = !this.#tools.has(id)
    const tool = this.#of(id)
    const fields = patched(tool, patch)
    this.#patch(tool, fields)
    if (content !== undefined) this.#replace(tool, content)
    const isDue = content !== undefined || (this.#isUntold(tool) && this.#again.isAllowed)
    const told = isNew
      ? this.#created(tool)
      : { sessionUpdate: 'tool_call_update', toolCallId: id, ...fields, ...(isDue && this.#told(tool)) }
    this.#bound(tool)
    return [told]
  }

  /** A `tool_call_content_chunk`. */
  append({ toolCallId: id, content }: JsonObject): JsonObject[] {
    if (typeof id !== 'string' || !isJsonObject(content)) return []
    const isNew = !this.#tools.has(id)
    const tool = this.#of(id)
    this.#add(tool, content)
    if (isNew) return [this.#created(tool)]
    return tool.untold * 2 >= tool.chars && this.#again.isAllowed ? [this.#contentOf(tool)] : []
  }

  /** A `terminal_update`, or a `terminal_output_chunk`: what changes in the tool calls that show it. */
  terminal(update: JsonObject): JsonObject[] {
    const { terminalId: id, data, output } = update
    if (typeof id !== 'string') return []
    const terminal = this.#terminalOf(id)
    const bytes = data ?? (isJsonObject(output) ? output['data'] : undefined)
    this.#again.came(typeof bytes === 'string' ? bytes.length : 0)
    let isDue = false
    if (typeof data === 'string') terminal.write(data)
    else isDue = terminal.patch(update)
    return isDue || terminal.isWorthTelling ? this.#tellAgain((tool) => shows(tool, id)) : []
  }

  /** What was appended and not told yet. The end of a turn is worth some more. */
  flush(isEnd: boolean): JsonObject[] {
    if (isEnd) this.#again = new TellAgain()
    return this.#tellAgain((tool) => this.#isUntold(tool))
  }

  /** All that is known of one, in the shape of a permission request; without content that was told too often. */
  view(id: string): JsonObject {
    const tool = this.#tools.get(id)
    if (tool === undefined) return { toolCallId: id }
    return { toolCallId: id, ...tool.fields, ...(this.#again.isAllowed && this.#toldAgain(tool)) }
  }

  /** A `tool_call` or `tool_call_update` of v1 that an earlier life has told. */
  remember(update: JsonObject): void {
    const { toolCallId: id, content, sessionUpdate: _, ...fields } = update
    if (typeof id !== 'string') return
    const tool = this.#of(id)
    this.#patch(tool, fields)
    if (!Array.isArray(content)) return this.#bound(tool)
    this.#replace(
      tool,
      content.filter(isJsonObject).map((item) => this.#recall(item)),
    )
    tool.untold = 0
    this.#bound(tool)
  }

  #tellAgain(isMeant: (tool: ToolCall) => boolean): JsonObject[] {
    const meant = [...this.#tools.values()].filter(isMeant)
    return meant.flatMap((tool) => (this.#again.isAllowed ? [this.#contentOf(tool)] : []))
  }

  #patch(tool: ToolCall, fields: JsonObject): void {
    tool.fields = { ...tool.fields, ...fields }
    for (const [name, value] of Object.entries(fields)) {
      const chars = name.length + JSON.stringify(value).length
      tool.fieldChars.set(name, chars)
      this.#again.came(chars)
    }
  }

  /** Overflow rule: of `tool`, which was told last, the content is forgotten; then the oldest ones are. */
  #bound(tool: ToolCall): void {
    const knownOf = ({ chars, fieldChars }: ToolCall): number =>
      fieldChars.values().reduce((sum, one) => sum + one, chars)
    let chars = this.#tools.values().reduce((sum, one) => sum + knownOf(one), 0)
    if (chars > KNOWN_CHARS_MAX && tool.chars > KNOWN_CHARS_MAX / 8) {
      chars -= tool.chars
      Object.assign(tool, { content: [], chars: 0, untold: 0, isCut: true })
    }
    for (const [id, oldest] of this.#tools) {
      if (chars <= KNOWN_CHARS_MAX) return
      chars -= knownOf(oldest)
      this.#tools.delete(id)
    }
  }

  #recall(item: JsonObject): JsonObject {
    const terminal = terminalOf(item)
    if (terminal === undefined) return item
    this.#terminalOf(terminal.id).remember(terminal.text)
    return { type: 'terminal', terminalId: terminal.id }
  }

  #created(tool: ToolCall): JsonObject {
    const { id, fields } = tool
    const title = fields['title'] ?? fields['name'] ?? UNTITLED
    const told = tool.content.length === 0 ? {} : this.#told(tool)
    return { sessionUpdate: 'tool_call', toolCallId: id, ...withoutNulls(fields), title, ...told }
  }

  #contentOf(tool: ToolCall): JsonObject {
    return { sessionUpdate: 'tool_call_update', toolCallId: tool.id, ...this.#toldAgain(tool) }
  }

  #toldAgain(tool: ToolCall): { content: Json[] } {
    const told = this.#told(tool) // terminals are counted there
    this.#again.told(tool.chars)
    return told
  }

  #told(tool: ToolCall): { content: Json[] } {
    tool.untold = 0
    const content = tool.content.flatMap((item) => this.#shown(item))
    return {
      content: tool.isCut ? [{ type: 'content', content: { type: 'text', text: LEFT_OUT } }, ...content] : content,
    }
  }

  #shown(item: JsonObject): JsonObject[] {
    if (item['type'] === 'diff') return diffContent(item) ?? [item]
    const { terminalId } = item
    if (item['type'] !== 'terminal' || typeof terminalId !== 'string') return [item]
    const terminal = this.#terminalOf(terminalId)
    if (!this.#again.isAllowed) return []
    const told = terminal.tell()
    this.#again.told(terminal.chars)
    return [told]
  }

  #isUntold({ content, untold }: ToolCall): boolean {
    if (untold > 0) return true
    return content.some(({ terminalId: id }) => typeof id === 'string' && this.#terminals.get(id)?.hasUntold === true)
  }

  #replace(tool: ToolCall, content: Json): void {
    tool.content = Array.isArray(content) ? content.filter(isJsonObject) : []
    tool.chars = sizeOf(tool.content)
    tool.untold = 0
    tool.isCut = false
    this.#again.came(tool.chars)
  }

  /** Overflow rule: the oldest content is left out, and that is said. */
  #add(tool: ToolCall, item: JsonObject): void {
    const chars = JSON.stringify(item).length
    tool.content.push(item)
    tool.chars += chars
    tool.untold += chars
    this.#again.came(chars)
    while (tool.chars > CONTENT_CHARS_MAX && tool.content.length > 1) {
      tool.chars -= JSON.stringify(tool.content.shift()).length
      tool.isCut = true
    }
  }

  #of(id: string): ToolCall {
    return keep(this.#tools, id, TOOLS_MAX, () => ({
      id,
      fields: {},
      content: [],
      chars: 0,
      fieldChars: new Map(),
      untold: 0,
      isCut: false,
    }))
  }

  #terminalOf(id: string): AgentTerminal {
    return keep(this.#terminals, id, TERMINALS_MAX, () => new AgentTerminal(id))
  }
}

function keep<T>(all: Map<string, T>, id: string, max: number, make: () => T): T {
  const known = all.get(id)
  if (known !== undefined) return known
  const made = make()
  all.set(id, made)
  const [oldest] = all.keys()
  if (all.size > max && oldest !== undefined) all.delete(oldest)
  return made
}

/** The fields of a patch, `null` said as the value that it stands for. */
function patched(tool: ToolCall, patch: JsonObject): JsonObject {
  const title = patch['name'] ?? tool.fields['name'] ?? UNTITLED
  const resets: JsonObject = { ...RESETS, title }
  const entries = Object.entries(patch).map(([key, value]) => [
    key,
    value ?? (Object.hasOwn(resets, key) ? resets[key] : null) ?? null,
  ])
  return Object.fromEntries(entries) as JsonObject
}

function withoutNulls(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null))
}

function shows({ content }: ToolCall, terminalId: string): boolean {
  return content.some((item) => item['type'] === 'terminal' && item['terminalId'] === terminalId)
}

function sizeOf(content: readonly JsonObject[]): number {
  return content.reduce((sum, item) => sum + JSON.stringify(item).length, 0)
}
