// docs/errors.md: every error code, what it means, what to do, and how it looks over HTTP and on the command line.

import { HTTP_STATUS } from '../../src/api/error-status.ts'
import { ERRORS } from '../../src/base/errors.ts'
import type { ErrorCode, ErrorSpec } from '../../src/base/errors.ts'
import { EXIT_CODE } from '../../src/cli/exit-codes.ts'
import { code, markdownTable, NOTICE } from './table.ts'

const INTRODUCTION = `# Errors

Branch on the code; messages may change. "Retry" says whether the same call may succeed later without a change. HTTP is the status of
the API's answer, exit is the exit code of the command line. Words in braces are fields of \`details\`.`

export function errorsPage(): string {
  const codes = Object.keys(ERRORS) as ErrorCode[]
  const rows = codes.map((name) => {
    const spec: ErrorSpec = ERRORS[name]
    return [
      code(name),
      spec.message,
      spec.help,
      spec.retryable ? 'yes' : 'no',
      String(HTTP_STATUS[name]),
      String(EXIT_CODE[name]),
    ]
  })
  return `${NOTICE}\n${INTRODUCTION}\n\n${markdownTable(['Code', 'Message', 'What to do', 'Retry', 'HTTP', 'Exit'], rows)}\n`
}
