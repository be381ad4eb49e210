// What to do about a failure: the help of its code, and the last words of the program that failed.

import { ERRORS, HoldfastError } from '../../base/errors.ts'
import type { ErrorCode } from '../../base/errors.ts'
import { isJsonObject } from '../../base/json.ts'
import type { Screen } from './screen.ts'
import { terminalLine, terminalText } from './terminal-text.ts'

const TAIL_CHARACTERS_MAX = 4000

/** Says what to do about the error that ended a turn, as its `turn.ended` event carries it; nothing when there is none. */
export function failureHelp(screen: Screen, error: unknown): void {
  if (!isJsonObject(error) || !isErrorCode(error['code'])) return
  const details = isJsonObject(error['details']) ? error['details'] : {}
  screen.err.write(`${terminalLine(new HoldfastError(error['code'], details).help)}\n`)
  showTail(screen, details)
}

/** The end of an agent's stderr or of a log, when the details of an error carry one. */
export function showTail(screen: Screen, details: Readonly<Record<string, unknown>>): void {
  const tail = details['tail'] ?? details['stderrTail'] ?? details['stderr_tail'] ?? details['stderr']
  const text = Array.isArray(tail) ? tail.join('\n') : tail
  if (typeof text !== 'string' || text.trim() === '') return
  screen.err.write(`${screen.errStyle.dim(terminalText(text.trimEnd().slice(-TAIL_CHARACTERS_MAX)))}\n`)
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERRORS, code)
}
