// One prompt turn of the demo agent: what it says and does, step by step, until it ends or is cancelled.

import { pause } from '../base/deadline.ts'
import type { Json, JsonObject } from '../base/json.ts'
import { contentFor, HINT, intentOf, INTRODUCTION } from './plan-of-prompt.ts'
import type { DemoSession } from './session.ts'
import { findTarget, listNames, type Target, writeTarget } from './workspace.ts'

export type Verdict = 'allowed' | 'allowed_always' | 'rejected' | 'cancelled'

/** What a turn needs from the connection. */
export interface TurnPort {
  update(update: JsonObject): void
  /** Asks the client; never rejects: an error or a closed connection counts as `rejected`. */
  askPermission(toolCall: JsonObject, signal: AbortSignal): Promise<Verdict>
}

export interface TurnOptions {
  readonly session: DemoSession
  readonly text: string
  readonly port: TurnPort
  readonly wordMs: number
  readonly signal: AbortSignal
}

type PlanStatus = 'pending' | 'in_progress' | 'completed'

export class Turn {
  readonly #session: DemoSession
  readonly #text: string
  readonly #port: TurnPort
  readonly #wordMs: number
  readonly #signal: AbortSignal
  #said = ''
  #toolCalls = 0

  constructor({ session, text, port, wordMs, signal }: TurnOptions) {
    this.#session = session
    this.#text = text
    this.#port = port
    this.#wordMs = wordMs
    this.#signal = signal
  }

  /** What was said so far; after a cancel, up to it. */
  get said(): string {
    return this.#said
  }

  /** Resolves at the end of the turn; rejects with CANCELLED when the signal aborts. */
  async run(): Promise<void> {
    const intent = intentOf(this.#text)
    switch (intent.kind) {
      case 'talk':
        return this.#talk()
      case 'count':
        return this.#count(intent.to)
      case 'write':
        return this.#write(intent.file)
      default:
        return intent satisfies never
    }
  }

  async #talk(): Promise<void> {
    const steps = ['Look at the folder', 'Answer']
    this.#plan(steps, 0)
    const names = await this.#list()
    this.#plan(steps, 1)
    const asked = this.#session.prompts
    const count = asked === 1 ? 'This is your first prompt here.' : `This is prompt ${asked} of this conversation.`
    await this.#say(`${INTRODUCTION}\n\n${count} You wrote: "${excerpt(this.#text)}". ${folderText(names)}\n\n${HINT}`)
    this.#plan(steps, 2)
  }

  async #count(to: number): Promise<void> {
    await this.#say(`${INTRODUCTION}\n\n`)
    for (let n = 1; n <= to; n++) await this.#say(n === to ? `${n}.` : `${n}, `)
  }

  async #write(name: string): Promise<void> {
    const steps = ['Look at the folder', `Ask, then write ${name}`, 'Say what was done']
    this.#plan(steps, 0)
    await this.#list()
    await this.#say(`${INTRODUCTION}\n\n`)
    this.#plan(steps, 1)
    const target = await findTarget(this.#session.cwd, name)
    const outcome = typeof target === 'string' ? `I will not: ${target}.` : await this.#edit(name, target)
    this.#plan(steps, 2)
    await this.#say(outcome)
    this.#plan(steps, 3)
  }

  /** Shows the change, asks unless the user has allowed it for good, writes. Gives a sentence about the outcome. */
  async #edit(name: string, target: Target): Promise<string> {
    const text = contentFor(target.before)
    const toolCallId = this.#nextToolCallId()
    const content = [{ type: 'diff', path: target.path, oldText: target.before ?? null, newText: text }]
    const title = `${target.before === undefined ? 'Create' : 'Edit'} ${name}`
    const call = { toolCallId, title, kind: 'edit', status: 'pending', content, locations: [{ path: target.path }] }
    const finish = (status: string): void =>
      this.#port.update({ sessionUpdate: 'tool_call_update', toolCallId, status })
    this.#port.update({ sessionUpdate: 'tool_call', ...call })
    const verdict = this.#session.alwaysAllowed ? 'allowed' : await this.#port.askPermission(call, this.#signal)
    if (verdict === 'allowed_always') this.#session.alwaysAllowed = true
    if (verdict === 'rejected' || verdict === 'cancelled') finish('failed')
    this.#signal.throwIfAborted()
    if (verdict === 'cancelled') return `The question was withdrawn. I have not touched ${name}.`
    if (verdict === 'rejected') return `You did not allow it. I have not touched ${name}.`
    finish('in_progress')
    const failure = await writeTarget(this.#session.cwd, target, text)
    finish(failure === undefined ? 'completed' : 'failed')
    if (failure !== undefined) return `I could not write ${name}: ${failure}.`
    return `Done: ${target.before === undefined ? 'I created' : 'I edited'} ${name}.`
  }

  async #list(): Promise<string[]> {
    const toolCallId = this.#nextToolCallId()
    const call = { toolCallId, title: 'List the folder', kind: 'read', locations: [{ path: this.#session.cwd }] }
    this.#port.update({ sessionUpdate: 'tool_call', ...call, status: 'in_progress' })
    const names = await listNames(this.#session.cwd).catch(() => undefined)
    const content: Json = [{ type: 'content', content: { type: 'text', text: names?.join('\n') ?? 'cannot be read' } }]
    const status = names === undefined ? 'failed' : 'completed'
    this.#port.update({ sessionUpdate: 'tool_call_update', toolCallId, status, content })
    return names ?? []
  }

  /** Word by word, a pause after each. */
  async #say(text: string): Promise<void> {
    for (const word of text.match(/\s*\S+\s*/g) ?? []) {
      this.#signal.throwIfAborted()
      this.#said += word
      this.#port.update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: word } })
      if (this.#wordMs > 0) await pause(this.#wordMs, this.#signal)
    }
  }

  #plan(steps: readonly string[], done: number): void {
    const status = (n: number): PlanStatus => (n < done ? 'completed' : n === done ? 'in_progress' : 'pending')
    const entries = steps.map((content, n) => ({ content, priority: 'medium', status: status(n) }))
    this.#port.update({ sessionUpdate: 'plan', entries })
  }

  #nextToolCallId(): string {
    return `call-${this.#session.prompts}-${++this.#toolCalls}`
  }
}

function excerpt(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length > 80 ? `${line.slice(0, 80)}…` : line
}

function folderText(names: readonly string[]): string {
  if (names.length === 0) return 'The folder is empty.'
  const more = names.length > 5 ? ', …' : ''
  return `The folder holds ${names.slice(0, 5).join(', ')}${more}.`
}
