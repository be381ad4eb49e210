// The exit codes that scripts rely on, as a table; a code that changes must change here on purpose.

import { describe, expect, test } from 'vitest'
import type { ErrorCode } from '../base/errors.ts'
import { ERRORS } from '../base/errors.ts'
import { EXIT_CODE } from './exit-codes.ts'
import type { TurnEndState } from '../wire/turn.ts'
import type { CancelCause } from './turn-result.ts'
import { exitCodeOf } from './turn-result.ts'

const NOT_ONE: Partial<Record<ErrorCode, number>> = {
  BAD_REQUEST: 2,
  BAD_JSON: 2,
  PAYLOAD_TOO_LARGE: 2,
  AGENT_UNKNOWN: 2,
  SESSION_CONFLICT: 2,
  ACTION_NOT_OFFERED: 2,
  OPTION_UNKNOWN: 2,
  OPTION_INVALID: 2,
  CONTROL_UNSUPPORTED: 2,
  SESSION_KEY_INVALID: 2,
  PARENT_REFUSED: 2,
  MCP_SERVER_UNKNOWN: 2,
  CWD_NOT_ABSOLUTE: 2,
  CWD_NOT_FOUND: 2,
  CWD_NOT_ALLOWED: 2,
  PROMPT_EMPTY: 2,
  PROMPT_TOO_LARGE: 2,
  PROMPT_UNSUPPORTED_CONTENT: 2,
  STEER_UNSUPPORTED: 2,
  IDEMPOTENCY_KEY_REUSED: 2,
  PERMISSION_OPTION_UNKNOWN: 2,
  PERMISSION_NOT_REMEMBERED: 2,
  PERMISSION_RULE_INVALID: 2,
  CURSOR_AHEAD: 2,
  TURN_TIMED_OUT: 3,
  DEADLINE: 3,
  SESSION_NOT_FOUND: 4,
  AGENT_SESSION_NOT_FOUND: 4,
  AGENT_UNSUPPORTED: 2,
  AGENT_NOT_RUNNING: 75,
  EQUIPMENT_UNSUPPORTED: 2,
  PERMISSION_NEEDED: 5,
  ELICITATION_NEEDED: 5,
  ELICITATION_INVALID: 2,
  AGENT_AUTH_REQUIRED: 77,
  AGENT_LOGIN_FAILED: 77,
  GATEWAY_UNREACHABLE: 69,
  GATEWAY_START_FAILED: 69,
  KEEPER_UNAVAILABLE: 69,
  STORE_FAILED: 74,
  STORE_UNUSABLE: 74,
  STORE_FULL: 74,
  STORE_DAMAGED: 74,
  SESSION_DAMAGED: 74,
  BACKUP_FAILED: 74,
  EXPORT_FAILED: 74,
  EXPORT_DAMAGED: 74,
  TRANSCRIPT_DAMAGED: 74,
  TRANSCRIPT_FAILED: 74,
  TOO_MANY_FAILURES: 75,
  AGENT_LIMIT: 75,
  QUEUE_FULL: 75,
  SESSION_BUSY: 75,
  STREAM_LIMIT: 75,
  GATEWAY_DRAINING: 75,
  SAFE_MODE: 75,
  INSTANCE_LOCKED: 75,
  LEASE_LOST: 75,
  SESSION_LOCKED: 75,
  CONTAINMENT_UNAVAILABLE: 78,
  UNAUTHORIZED: 78,
  FORBIDDEN_HOST: 78,
  FORBIDDEN_ORIGIN: 78,
  CONFIG_INVALID: 78,
  SUPERVISOR_UNAVAILABLE: 69,
  SERVICE_NOT_INSTALLED: 1,
  SERVICE_UNSAFE: 78,
  STATE_DIR_UNSAFE: 78,
  STATE_DIR_REMOTE: 78,
  TOKEN_FILE_UNSAFE: 78,
  STORE_NEWER: 78,
  TRANSCRIPT_NEWER: 78,
  CANCELLED: 130,
}

describe('exit codes', () => {
  test.each(Object.keys(ERRORS) as ErrorCode[])('%s has the exit code of the table, else 1', (code) => {
    expect(EXIT_CODE[code]).toBe(NOT_ONE[code] ?? 1)
  })

  test.each<[TurnEndState, CancelCause | undefined, { approved: number; denied: number }, number]>([
    ['completed', undefined, { approved: 0, denied: 0 }, 0],
    ['completed', undefined, { approved: 1, denied: 1 }, 0],
    ['completed', undefined, { approved: 0, denied: 1 }, 5],
    ['completed', 'timeout', { approved: 0, denied: 0 }, 3],
    ['completed', 'interrupt', { approved: 1, denied: 0 }, 130],
    ['completed', 'permission', { approved: 1, denied: 0 }, 5],
    ['failed', 'interrupt', { approved: 0, denied: 0 }, 1],
    ['failed', undefined, { approved: 0, denied: 1 }, 1],
    ['timed_out', undefined, { approved: 0, denied: 0 }, 3],
    ['expired', undefined, { approved: 0, denied: 0 }, 3],
    ['interrupted', undefined, { approved: 0, denied: 0 }, 1],
    ['cancelled', undefined, { approved: 0, denied: 0 }, 130],
    ['cancelled', 'interrupt', { approved: 0, denied: 1 }, 130],
    ['cancelled', 'timeout', { approved: 0, denied: 0 }, 3],
    ['cancelled', 'permission', { approved: 0, denied: 0 }, 5],
  ])(
    'a turn that ends %s (cancelled for %s, permissions %o) exits %i',
    (state, cancelledFor, permissions, exitCode) => {
      expect(exitCodeOf({ state, cancelledFor, permissions })).toBe(exitCode)
    },
  )
})
