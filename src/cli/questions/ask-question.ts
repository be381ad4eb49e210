// A question of an agent at the terminal: what it asks, whether it is answered at all, then field by field. A URL is shown in full,
// consent is asked for, and nothing is opened.

import { readForm } from '../../base/form/fields.ts'
import type { FormField } from '../../base/form/fields.ts'
import type { Json, JsonObject } from '../../base/json.ts'
import type { ElicitationAnswer } from '../../wire/elicitation.ts'
import type { Terminal } from '../deps.ts'
import type { Screen } from '../output/screen.ts'
import { terminalLine, terminalText } from '../output/terminal-text.ts'
import { readLine } from '../read-line.ts'
import { defaultOf, readValue } from './form-values.ts'
import { fieldText, urlText } from './question-text.ts'

export type QuestionAsked = { readonly message: string } & (
  | { readonly mode: 'form'; readonly requestedSchema: JsonObject }
  | { readonly mode: 'url'; readonly url: string }
)

const MESSAGE_LENGTH_MAX = 10_000

/** Undefined when `signal` aborts (its reason is said) or the input ends. */
export async function askQuestion(
  terminal: Terminal,
  { err, errStyle }: Pick<Screen, 'err' | 'errStyle'>,
  asked: QuestionAsked,
  signal: AbortSignal,
): Promise<ElicitationAnswer | undefined> {
  if (signal.aborted) return undefined
  const read = async (prompt: string): Promise<string | undefined> => {
    err.write(prompt)
    const line = await readLine(terminal, signal)
    if (line === undefined) err.write(signal.aborted ? `\n(${String(signal.reason)})\n` : '\n')
    return line?.trim()
  }
  err.write(`${errStyle.yellow('The agent asks:')} ${terminalText(asked.message.slice(0, MESSAGE_LENGTH_MAX))}\n`)
  if (asked.mode === 'url') {
    err.write(urlText(asked.url))
    return consent(read, 'will you open it?')
  }
  const { title, description, fields } = readForm(asked.requestedSchema)
  for (const line of [title, description]) if (line !== undefined) err.write(`  ${terminalLine(line, 500)}\n`)
  const names = fields.map(({ name }) => terminalLine(name, 40)).join(', ')
  const agreed = await consent(read, fields.length === 0 ? 'is that all right?' : `fill it in (${names})?`)
  if (agreed?.action !== 'accept') return agreed
  const content = await fillIn(fields, { read, write: (text) => err.write(text) })
  return content && { action: 'accept', content }
}

type Read = (prompt: string) => Promise<string | undefined>

const ACTIONS = { y: 'accept', yes: 'accept', n: 'decline', no: 'decline', c: 'cancel', cancel: 'cancel' } as const

async function consent(read: Read, question: string): Promise<ElicitationAnswer | undefined> {
  for (;;) {
    const line = await read(`${question} y = yes, n = no, c = cancel: `)
    if (line === undefined) return undefined
    const action = Object.entries(ACTIONS).find(([word]) => word === line.toLowerCase())?.[1]
    if (action !== undefined) return { action }
  }
}

interface Talk {
  readonly read: Read
  write(text: string): void
}

async function fillIn(fields: readonly FormField[], talk: Talk): Promise<JsonObject | undefined> {
  const values: [string, Json][] = []
  for (const field of fields) {
    talk.write(fieldText(field))
    const filled = await fillField(field, talk)
    if (filled === undefined) return undefined
    if (filled.value !== undefined) values.push([field.name, filled.value])
  }
  return Object.fromEntries(values)
}

/** Asks until the value is good. An empty line is the default, or leaves out what is not required. Undefined: the input ended. */
async function fillField(field: FormField, { read, write }: Talk): Promise<{ value: Json | undefined } | undefined> {
  const fallback = defaultOf(field)
  const hint = fallback === undefined ? (field.isRequired ? '' : ' [left out]') : ` [${shown(fallback)}]`
  for (;;) {
    const line = await read(`  ${terminalLine(field.name, 200)}${hint}: `)
    if (line === undefined) return undefined
    if (line === '' && (fallback !== undefined || !field.isRequired)) return { value: fallback }
    const filled = readValue(field, line)
    if ('value' in filled) return filled
    write(`  it ${filled.problem}\n`)
  }
}

function shown(value: Json): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  const parts = Array.isArray(value) ? value : [value]
  return terminalLine(parts.map((part) => (typeof part === 'string' ? part : JSON.stringify(part))).join(','), 200)
}
