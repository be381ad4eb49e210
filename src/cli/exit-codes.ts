// Exit codes of the command line: one per error code, one per end of a turn. Scripts rely on them; they are listed in docs/cli.md.
// 0 done, 1 failed, 2 usage, 3 timed out, 4 no such session, 5 permission denied, then sysexits and 130 for an interrupt.

import type { ErrorCode } from '../base/errors.ts'
import type { TurnEndState } from '../wire/turn.ts'

export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  timedOut: 3,
  noSession: 4,
  denied: 5,
  /** sysexits EX_UNAVAILABLE: no gateway. */
  unavailable: 69,
  /** EX_IOERR: disk, database, or an output that nobody reads any more. */
  io: 74,
  /** EX_TEMPFAIL: busy or draining, try again. */
  temporary: 75,
  /** EX_CONFIG: a person has to change something; a supervisor must not restart. */
  config: 78,
  interrupted: 130,
} as const

export const EXIT_CODE: Readonly<Record<ErrorCode, number>> = {
  BAD_REQUEST: EXIT.usage,
  BAD_JSON: EXIT.usage,
  UNSUPPORTED_MEDIA_TYPE: EXIT.failed,
  NOT_FOUND: EXIT.failed,
  UNAUTHORIZED: EXIT.config,
  TOO_MANY_FAILURES: EXIT.temporary,
  FORBIDDEN_HOST: EXIT.config,
  FORBIDDEN_ORIGIN: EXIT.config,
  PAYLOAD_TOO_LARGE: EXIT.usage,
  INTERNAL: EXIT.failed,

  AGENT_UNKNOWN: EXIT.usage,
  AGENT_COMMAND_MISSING: EXIT.failed,
  AGENT_COMMAND_UNUSABLE: EXIT.failed,
  AGENT_START_TIMEOUT: EXIT.failed,
  AGENT_EXITED: EXIT.failed,
  AGENT_NOT_ACP: EXIT.failed,
  AGENT_PROTOCOL_VERSION: EXIT.failed,
  AGENT_AUTH_REQUIRED: EXIT.failed,
  AGENT_ERROR: EXIT.failed,
  AGENT_CONVERSATION_LOST: EXIT.failed,
  AGENT_UNSUPPORTED: EXIT.usage,
  AGENT_SESSION_NOT_FOUND: EXIT.noSession,
  AGENT_PROTOCOL_ERROR: EXIT.failed,
  AGENT_LIMIT: EXIT.temporary,
  AGENT_STUCK: EXIT.failed,
  SPAWN_FAILED: EXIT.failed,
  KEEPER_UNAVAILABLE: EXIT.unavailable,
  KEEPER_PROTOCOL_ERROR: EXIT.failed,
  CONTAINMENT_UNAVAILABLE: EXIT.config,

  SESSION_NOT_FOUND: EXIT.noSession,
  SESSION_CLOSED: EXIT.failed,
  SESSION_ONESHOT: EXIT.failed,
  SESSION_BLOCKED: EXIT.failed,
  SESSION_CONFLICT: EXIT.usage,
  SESSION_BUSY: EXIT.temporary,
  ACTION_NOT_OFFERED: EXIT.usage,
  OPTION_UNKNOWN: EXIT.usage,
  OPTION_INVALID: EXIT.usage,
  CONTROL_UNSUPPORTED: EXIT.usage,
  CONTROL_REFUSED: EXIT.failed,
  SESSION_KEY_INVALID: EXIT.usage,
  SESSION_STALE: EXIT.failed,
  PARENT_REFUSED: EXIT.usage,
  TASK_NOT_FOUND: EXIT.failed,
  CWD_NOT_ABSOLUTE: EXIT.usage,
  CWD_NOT_FOUND: EXIT.usage,
  CWD_NOT_ALLOWED: EXIT.usage,
  PROMPT_EMPTY: EXIT.usage,
  PROMPT_TOO_LARGE: EXIT.usage,
  PROMPT_UNSUPPORTED_CONTENT: EXIT.usage,
  QUEUE_FULL: EXIT.temporary,
  STEER_UNSUPPORTED: EXIT.usage,
  IDEMPOTENCY_KEY_REUSED: EXIT.usage,
  TURN_NOT_FOUND: EXIT.failed,
  TURN_NOT_QUEUED: EXIT.failed,
  TURN_NOT_ACTIVE: EXIT.failed,
  TURN_TIMED_OUT: EXIT.timedOut,
  TURN_INTERRUPTED: EXIT.failed,
  TURN_OUTPUT_LIMIT: EXIT.failed,
  PERMISSION_NOT_FOUND: EXIT.failed,
  PERMISSION_CLOSED: EXIT.failed,
  PERMISSION_OPTION_UNKNOWN: EXIT.usage,
  PERMISSION_NEEDED: EXIT.denied,
  PERMISSION_NOT_REMEMBERED: EXIT.usage,
  PERMISSION_RULE_INVALID: EXIT.usage,
  PERMISSION_RULE_NOT_FOUND: EXIT.failed,
  PERMISSION_RULE_LIMIT: EXIT.failed,
  CURSOR_AHEAD: EXIT.usage,
  STREAM_LIMIT: EXIT.temporary,

  GATEWAY_DRAINING: EXIT.temporary,
  GATEWAY_UNREACHABLE: EXIT.unavailable,
  GATEWAY_START_FAILED: EXIT.unavailable,
  INSTANCE_LOCKED: EXIT.temporary,
  PORT_IN_USE: EXIT.failed,
  CONFIG_INVALID: EXIT.config,
  STATE_DIR_UNSAFE: EXIT.config,
  TOKEN_FILE_UNSAFE: EXIT.config,

  LEASE_LOST: EXIT.temporary,
  STORE_FAILED: EXIT.io,
  STORE_NEWER: EXIT.config,
  STORE_UNUSABLE: EXIT.io,

  DEADLINE: EXIT.timedOut,
  CANCELLED: EXIT.interrupted,
}

/** How a turn ended, before permissions are looked at. `expired`: nobody ran it in the time it was given. */
export const TURN_EXIT_CODE: Readonly<Record<TurnEndState, number>> = {
  completed: EXIT.done,
  cancelled: EXIT.interrupted,
  failed: EXIT.failed,
  timed_out: EXIT.timedOut,
  interrupted: EXIT.failed,
  expired: EXIT.timedOut,
}
