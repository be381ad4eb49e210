// Tool calls of ACP v2 as v1 tells them: created at first sight, then patched; content that is appended is told as a whole.
// Owns what is known of the newest tool calls and terminals of one session, within bounds.

import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json.ts'
import { AgentTerminal, LEFT_OUT, terminalOf } from './agent-terminal.ts'
import { diffContent } from './diffs.ts'

interface ToolCall {
  readonly id: string
  /** What is known of it but for its content; null has been applied. */
  fields: JsonObject
  /** As the agent says it, v2's kinds included. */
  content: JsonObject[]
  chars: number
  /** Characters that were appended since its content was told. */
  untold: number
  isCut: boolean
}

/** Older ones are forgotten: an update of such a one creates it again. */
const TOOLS_MAX = 256
const TERMINALS_MAX = 64
/** Of content that was appended piece by piece. */
const CONTENT_CHARS_MAX = 64 * 1024

/** What `null` means, where v1 would take it for "unchanged". */
const RESETS: JsonObject = { kind: 'other', status: 'pending', locations: [] }
const UNTITLED = 'Tool call'

export class ToolCalls {
  readonly #tools = new Map<string, ToolCall>()
  readonly #terminals = new Map<string, AgentTerminal>()

  /** A `tool_call_update`, or the tool call of a permission request. */
  upsert(update: JsonObject): JsonObject[] {
    const { toolCallId: id, content, sessionUpdate: _, ...patch } = update
    if (typeof id !== 'string') return [update]
    const isNew = !this.#tools.has(id)
    const tool = this.#of(id)
    const fields = patched(tool, patch)
    tool.fields = { ...tool.fields, ...fields }
    if (content !== undefined) this.#replace(tool, content)
    if (isNew) return [this.#created(tool)]
    const isTold = content !== undefined || tool.untold > 0 || this.#isTerminalUntold(tool)
    return [{ sessionUpdate: 'tool_call_update', toolCallId: id, ...fields, ...(isTold && this.#told(tool)) }]
  }

  /** A `tool_call_content_chunk`. */
  append({ toolCallId: id, content }: JsonObject): JsonObject[] {
    if (typeof id !== 'string' || !isJsonObject(content)) return []
    const isNew = !this.#tools.has(id)
    const tool = this.#of(id)
    this.#add(tool, content)
    if (isNew) return [this.#created(tool)]
    return tool.untold * 2 >= tool.chars ? [this.#contentOf(tool)] : []
  }

  /** A `terminal_update`, or a `terminal_output_chunk`: what changes in the tool calls that show it. */
  terminal(update: JsonObject): JsonObject[] {
    const { terminalId: id, data } = update
    if (typeof id !== 'string') return []
    const terminal = this.#terminalOf(id)
    let isDue = false
    if (typeof data === 'string') terminal.write(data)
    else isDue = terminal.patch(update)
    if (!isDue && !terminal.isWorthTelling) return []
    return [...this.#tools.values()].filter((tool) => shows(tool, id)).map((tool) => this.#contentOf(tool))
  }

  /** What was appended and not told yet. */
  flush(): JsonObject[] {
    const untold = [...this.#tools.values()].filter((tool) => tool.untold > 0 || this.#isTerminalUntold(tool))
    return untold.map((tool) => this.#contentOf(tool))
  }

  /** All that is known of one, in the shape of a permission request. */
  view(id: string): JsonObject {
    const tool = this.#tools.get(id)
    return tool === undefined ? { toolCallId: id } : { toolCallId: id, ...tool.fields, ...this.#told(tool) }
  }

  /** A `tool_call` or `tool_call_update` of v1 that an earlier life has told. */
  remember(update: JsonObject): void {
    const { toolCallId: id, content, sessionUpdate: _, ...fields } = update
    if (typeof id !== 'string') return
    const tool = this.#of(id)
    tool.fields = { ...tool.fields, ...fields }
    if (!Array.isArray(content)) return
    this.#replace(
      tool,
      content.filter(isJsonObject).map((item) => this.#recall(item)),
    )
    tool.untold = 0
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
    return { sessionUpdate: 'tool_call_update', toolCallId: tool.id, ...this.#told(tool) }
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
    return [this.#terminalOf(terminalId).tell()]
  }

  #isTerminalUntold({ content }: ToolCall): boolean {
    return content.some(({ terminalId: id }) => typeof id === 'string' && this.#terminals.get(id)?.hasUntold === true)
  }

  #replace(tool: ToolCall, content: Json): void {
    tool.content = Array.isArray(content) ? content.filter(isJsonObject) : []
    tool.chars = sizeOf(tool.content)
    tool.isCut = false
  }

  /** Overflow rule: the oldest content is left out, and that is said. */
  #add(tool: ToolCall, item: JsonObject): void {
    const chars = JSON.stringify(item).length
    tool.content.push(item)
    tool.chars += chars
    tool.untold += chars
    while (tool.chars > CONTENT_CHARS_MAX && tool.content.length > 1) {
      tool.chars -= JSON.stringify(tool.content.shift()).length
      tool.isCut = true
    }
  }

  #of(id: string): ToolCall {
    return keep(this.#tools, id, TOOLS_MAX, () => ({ id, fields: {}, content: [], chars: 0, untold: 0, isCut: false }))
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
  const entries = Object.entries(patch).map(([key, value]) => [key, value ?? resets[key] ?? null])
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
