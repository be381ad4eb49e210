// A command as a person types it for another program: words, quotes and backslashes. No shell: nothing is expanded or run.

import { HoldfastError } from '../base/errors.ts'

const WORD = /(?:[^\s'"\\]+|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+/gs

/** BAD_REQUEST when there is no word, or a quote without its end. */
export function splitCommand(text: string): readonly [string, ...string[]] {
  const [command, ...args] = (text.match(WORD) ?? []).map(unquote)
  const isWhole = text.replaceAll(WORD, '').trim() === ''
  if (command === undefined || command === '' || !isWhole)
    throw new HoldfastError('BAD_REQUEST', { reason: 'the command of the agent is empty, or a quote has no end' })
  return [command, ...args]
}

function unquote(word: string): string {
  return word.replaceAll(
    /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/gs,
    (_all, single?: string, double?: string, escaped?: string) =>
      single ?? double?.replaceAll(/\\(["\\])/g, '$1') ?? escaped ?? '',
  )
}
