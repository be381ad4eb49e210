// The question a person gets when an agent asks for permission: what it wants, the offered options by number.

import type { JsonObject } from '../base/json.ts'
import { isJsonObject } from '../base/json.ts'
import type { Terminal } from './deps.ts'
import type { Screen } from './output/screen.ts'
import type { Style } from './output/style.ts'
import { terminalLine } from './output/terminal-text.ts'
import type { PermissionAsked } from './permission-rule.ts'
import { readLine } from './read-line.ts'

const INPUT_WIDTH_MAX = 2000
const CHANGES_MAX = 20

/** Asks until an offered option is named; undefined when `signal` aborts (its reason is said) or the input ends. */
export async function askPerson(
  terminal: Terminal,
  { err, errStyle }: Screen,
  asked: PermissionAsked,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (signal.aborted) return undefined
  err.write(questionText(asked, errStyle))
  for (;;) {
    err.write('answer with a number: ')
    const line = await readLine(terminal, signal)
    if (line === undefined) {
      err.write(signal.aborted ? `\n(${String(signal.reason)})\n` : '\n')
      return undefined
    }
    const optionId = asked.options[Number(line.trim()) - 1]?.['optionId']
    if (typeof optionId === 'string') return optionId
  }
}

function questionText({ toolCall, options }: PermissionAsked, style: Style): string {
  const title = terminalLine(textOf(toolCall['title']) ?? textOf(toolCall['toolCallId']) ?? 'a tool call', 300)
  const details = [inputText(toolCall['rawInput']), ...changesOf(toolCall['content'])]
  const choices = options.map((option, i) => `${i + 1}) ${terminalLine(labelOf(option), 200)}`)
  const lines = [...details, ...choices].filter((line) => line !== '').map((line) => `  ${line}\n`)
  return `${style.yellow('The agent asks for permission:')} ${title}\n${lines.join('')}`
}

/** What the call would do; when it is too long to show, that is said: the end of a command is where the harm is hidden. */
function inputText(input: unknown): string {
  if (!isJsonObject(input)) return ''
  const json = JSON.stringify(input)
  const hidden = json.length - INPUT_WIDTH_MAX
  const rest = hidden > 0 ? ` (${hidden} more characters are not shown; see: holdfast permissions ls --json)` : ''
  return `${terminalLine(json.slice(0, INPUT_WIDTH_MAX), INPUT_WIDTH_MAX)}${rest}`
}

function changesOf(content: unknown): string[] {
  const items = Array.isArray(content) ? content.filter(isJsonObject) : []
  return items
    .filter((item) => item['type'] === 'diff')
    .slice(0, CHANGES_MAX)
    .map((item) => `changes ${terminalLine(textOf(item['path']) ?? '?', 300)}`)
}

// The agent words the name; the kind says what it means.
function labelOf(option: JsonObject): string {
  const name = textOf(option['name']) ?? textOf(option['optionId']) ?? '?'
  const kind = textOf(option['kind'])
  return kind === undefined ? name : `${name} [${kind.replaceAll('_', ' ')}]`
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value : undefined
}
