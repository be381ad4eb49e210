// The question a person gets when an agent asks for permission: what it wants, the offered options by number.

import { createInterface } from 'node:readline'
import type { JsonObject } from '../base/json.ts'
import { isJsonObject } from '../base/json.ts'
import type { Terminal } from './deps.ts'
import type { Screen } from './output/screen.ts'
import { terminalLine } from './output/terminal-text.ts'
import type { AskPerson } from './permission-desk.ts'
import type { PermissionAsked } from './permission-rule.ts'

const INPUT_WIDTH_MAX = 2000

/** A way to ask on stderr and read from stdin, or undefined when one of them is no terminal. */
export function personAt(terminal: Terminal, screen: Screen, beforeQuestion: () => void): AskPerson | undefined {
  if (!terminal.stdinIsTty || !terminal.stderrIsTty || screen.json) return undefined
  return async (asked, signal) => {
    beforeQuestion()
    screen.err.write(questionText(asked, screen))
    for (;;) {
      screen.err.write('answer with a number: ')
      const line = await readLine(terminal, signal)
      if (line === undefined) {
        screen.err.write(signal.aborted ? '\n(answered elsewhere)\n' : '\n')
        return undefined
      }
      const optionId = asked.options[Number(line.trim()) - 1]?.['optionId']
      if (typeof optionId === 'string') return optionId
    }
  }
}

function questionText({ toolCall, options }: PermissionAsked, { errStyle }: Screen): string {
  const title = terminalLine(textOf(toolCall['title']) ?? textOf(toolCall['toolCallId']) ?? 'a tool call', 300)
  const input = isJsonObject(toolCall['rawInput'])
    ? `  ${terminalLine(JSON.stringify(toolCall['rawInput']), INPUT_WIDTH_MAX)}\n`
    : ''
  const choices = options.map((option, i) => `  ${i + 1}) ${terminalLine(labelOf(option), 200)}\n`).join('')
  return `${errStyle.yellow('The agent asks for permission:')} ${title}\n${input}${choices}`
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

/** One line in cooked mode, so that Ctrl-C stays what it is everywhere else. Undefined at the end of input or on abort. */
function readLine({ stdin }: Terminal, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(undefined)
    const lines = createInterface({ input: stdin, terminal: false, signal })
    let answer: string | undefined
    lines.once('line', (line) => {
      answer = line
      lines.close()
    })
    lines.once('close', () => {
      stdin.pause()
      resolve(answer)
    })
  })
}
