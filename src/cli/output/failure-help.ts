// What to do about a failure: the help of its code, what its details add for people, and the last words of the program that failed.

import { ERRORS, HoldfastError } from '../../base/errors.ts'
import type { ErrorCode } from '../../base/errors.ts'
import { isJsonObject } from '../../base/json.ts'
import type { Screen } from './screen.ts'
import { terminalLine, terminalText } from './terminal-text.ts'

const TAIL_CHARACTERS_MAX = 4000
const DETAIL_WIDTH_MAX = 300
const NO_WORDS = '  (it wrote nothing to stderr)'

/** What the help of a code sends people to look at; everything else in the details is for programs (--json). */
const SHOWN: Partial<Record<ErrorCode, readonly string[]>> = {
  ACTION_NOT_OFFERED: ['actions'],
  AGENT_ERROR: ['raw'],
  AGENT_EXITED: ['hint', 'output'],
  AGENT_NOT_ACP: ['hint', 'output'],
  AGENT_START_TIMEOUT: ['hint', 'output'],
  CONTROL_REFUSED: ['error'],
  CONTROL_UNSUPPORTED: ['advertised'],
  OPTION_UNKNOWN: ['suggestion', 'known'],
  PERMISSION_OPTION_UNKNOWN: ['offered'],
}
/** Whose help promises the last words of the agent: that there were none is said. */
const TELLS_STDERR: ReadonlySet<string> = new Set<ErrorCode>(['AGENT_EXITED', 'AGENT_START_TIMEOUT'])

/** Says what to do about the error that ended a turn, as its `turn.ended` event carries it; nothing when there is none. */
export function failureHelp(screen: Screen, error: unknown): void {
  if (!isJsonObject(error) || !isErrorCode(error['code'])) return
  const details = isJsonObject(error['details']) ? error['details'] : {}
  screen.err.write(`${terminalLine(new HoldfastError(error['code'], details).help)}\n`)
  showDetails(screen, error['code'], details)
}

type Details = Readonly<Record<string, unknown>>

/** The details that the help of the code speaks of, a line each, and the end of an agent's stderr or of a log, when there is one. */
export function showDetails(screen: Screen, code: ErrorCode | 'USAGE', details: Details): void {
  const names = code === 'USAGE' ? [] : (SHOWN[code] ?? [])
  for (const name of names) {
    const text = detailText(details[name])
    if (text !== '') screen.err.write(`${screen.errStyle.dim(`  ${name}: ${terminalLine(text, DETAIL_WIDTH_MAX)}`)}\n`)
  }
  if (!showTail(screen, details) && TELLS_STDERR.has(code)) screen.err.write(`${screen.errStyle.dim(NO_WORDS)}\n`)
}

function detailText(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value
  const isListOfTexts = Array.isArray(value) && value.every((item) => typeof item === 'string')
  return isListOfTexts ? value.join(', ') : JSON.stringify(value)
}

/** False when there is none. */
function showTail(screen: Screen, details: Details): boolean {
  const tail = details['tail'] ?? details['stderrTail'] ?? details['stderr_tail'] ?? details['stderr']
  const text = Array.isArray(tail) ? tail.join('\n') : tail
  if (typeof text !== 'string' || text.trim() === '') return false
  screen.err.write(`${screen.errStyle.dim(terminalText(text.trimEnd().slice(-TAIL_CHARACTERS_MAX)))}\n`)
  return true
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERRORS, code)
}
