// A conversation as somebody tells it, in a form that two tellings of it can be compared by: who said what, one after the other, however
// it was cut into chunks; and where the messages and tool calls are that have ids of the agent's own.

import type { JsonObject } from '../../base/json.ts'
import { isJsonObject } from '../../base/json.ts'

export type Voice = 'user' | 'agent' | 'thought'

/** Everything that one voice said until another one spoke. Blanks do not count: agents differ in what they keep of them. */
export interface Run {
  readonly voice: Voice
  text: string
  /** False: it was cut short, and the agent may have kept more of it, less, or nothing. */
  isSettled: boolean
  /** Which update brought it up to which length. */
  readonly parts: { readonly update: number; readonly end: number }[]
}

/** `length` characters into run number `run`. */
export interface Place {
  readonly run: number
  readonly length: number
}

/** The end of what has an id. `text` is that of the message, empty for a tool call. */
export interface Mark {
  readonly place: Place
  readonly voice: Voice | 'tool'
  readonly text: string
}

export interface Said {
  readonly voice: Voice
  readonly text: string
  /** The agent's own, stable over replays. */
  readonly id?: string | undefined
  readonly update?: number
  readonly isSettled?: boolean
}

const VOICES: Readonly<Record<string, Voice>> = {
  user_message_chunk: 'user',
  agent_message_chunk: 'agent',
  agent_thought_chunk: 'thought',
}

/** Message ids that are ours: given to chunks that came without one, anew by each process. */
const GIVEN_ID = /^m\d+(\.\d+)+$/

export class Telling {
  readonly runs: Run[] = []
  readonly marks = new Map<string, Mark>()
  /** All tool calls that were heard of. */
  readonly tools = new Set<string>()
  readonly #reused = new Set<string>()
  #lastId: string | undefined

  say({ voice, text: said, id, update = 0, isSettled = true }: Said): void {
    const text = squeezed(said)
    let run = this.runs.at(-1)
    if (run?.voice !== voice) this.runs.push((run = { voice, text: '', isSettled: true, parts: [] }))
    run.text += text
    run.isSettled &&= isSettled
    run.parts.push({ update, end: run.text.length })
    if (id !== undefined) this.#markMessage(id, voice, text)
    this.#lastId = id
  }

  callTool(id: string, isBeginning: boolean): void {
    if (isBeginning && this.tools.has(id)) this.#reuse(id)
    this.tools.add(id)
    this.#lastId = undefined
    this.#mark(id, { place: this.#end, voice: 'tool', text: '' })
  }

  get #end(): Place {
    const last = this.runs.length - 1
    return last < 0 ? { run: 0, length: 0 } : { run: last, length: this.runs[last]?.text.length ?? 0 }
  }

  #markMessage(id: string, voice: Voice, text: string): void {
    const known = this.marks.get(id)
    if (known !== undefined && this.#lastId !== id) return this.#reuse(id)
    this.#mark(id, { place: this.#end, voice, text: (known?.text ?? '') + text })
  }

  #mark(id: string, mark: Mark): void {
    if (!this.#reused.has(id)) this.marks.set(id, mark)
  }

  /** It does not say which one is meant. */
  #reuse(id: string): void {
    this.#reused.add(id)
    this.marks.delete(id)
  }
}

/** What an update says, if it is a chunk of a message or thought. */
export function saidBy(update: JsonObject): Pick<Said, 'voice' | 'text' | 'id'> | undefined {
  const { sessionUpdate, content, messageId } = update
  const voice = typeof sessionUpdate === 'string' ? VOICES[sessionUpdate] : undefined
  if (voice === undefined) return undefined
  const text = isJsonObject(content) && content['type'] === 'text' ? content['text'] : ''
  const isOwn = typeof messageId === 'string' && !GIVEN_ID.test(messageId)
  return { voice, text: typeof text === 'string' ? text : '', id: isOwn ? messageId : undefined }
}

/** The id of the tool call that an update is about. */
export function toolOf({ sessionUpdate, toolCallId }: JsonObject): { id: string; isBeginning: boolean } | undefined {
  if (typeof toolCallId !== 'string') return undefined
  if (sessionUpdate !== 'tool_call' && sessionUpdate !== 'tool_call_update') return undefined
  return { id: `tool ${toolCallId}`, isBeginning: sessionUpdate === 'tool_call' }
}

/** Without blanks. */
export function squeezed(text: string): string {
  return text.replaceAll(/\s+/gu, '')
}
