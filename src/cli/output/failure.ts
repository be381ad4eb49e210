// How a failure is said: one line with its code, one line with what to do; with --json also one object on stdout.

import type { ErrorCode } from '../../base/errors.ts'
import { HoldfastError } from '../../base/errors.ts'
import { isJsonObject } from '../../base/json.ts'
import { codeOf } from '../error-code.ts'
import { EXIT, EXIT_CODE } from '../exit-codes.ts'
import { UsageError } from '../usage-error.ts'
import type { Screen } from './screen.ts'
import { showDetails } from './failure-help.ts'
import { terminalLine } from './terminal-text.ts'

export interface Failure {
  readonly code: ErrorCode | 'USAGE'
  readonly message: string
  readonly help: string | undefined
  readonly details: Readonly<Record<string, unknown>>
  readonly exitCode: number
}

/** What was thrown, as it is said and as it ends the program. Unknown errors are INTERNAL, with their message. */
export function toFailure(error: unknown): Failure {
  if (error instanceof UsageError) {
    return { code: 'USAGE', message: error.message, help: error.help, details: {}, exitCode: EXIT.usage }
  }
  const { code, message, details, help } = errorFacts(error)
  return { code, message, help, details, exitCode: EXIT_CODE[code] }
}

/** Prints a failure; returns the exit code. */
export function showFailure(screen: Screen, error: unknown): number {
  const { code, message, help, details, exitCode } = toFailure(error)
  if (screen.json) screen.record({ error: { code, message, details } })
  screen.note(screen.errStyle.red(`${terminalLine(message)} (${code})`))
  if (help !== undefined && help !== '') screen.err.write(`${terminalLine(help)}\n`)
  showDetails(screen, code, details)
  return exitCode
}

function errorFacts(error: unknown): Pick<Failure, 'message' | 'help' | 'details'> & { code: ErrorCode } {
  const code = codeOf(error)
  const message = error instanceof Error ? error.message : String(error)
  if (code === undefined)
    return { code: 'INTERNAL', message, help: 'This is a defect of Holdfast; please report it.', details: {} }
  const details = detailsOf(error)
  const help = new HoldfastError(code, details).help
  return { code, message, help, details }
}

function detailsOf(error: unknown): Record<string, unknown> {
  const details = error instanceof Error && 'details' in error ? error.details : undefined
  return isJsonObject(details) ? details : {}
}
