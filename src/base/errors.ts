// The one list of error codes and the one error class for expected failures.
// Owns: code, message template, operator's meaning, whether a retry may help. Never owns HTTP status (api/) or exit code (cli/).

export interface ErrorSpec {
  /** One sentence; `{name}` is replaced by `details.name`. */
  readonly message: string
  /** What an operator or caller should do. */
  readonly help: string
  /** True when the same call may succeed later without a change. */
  readonly retryable: boolean
}

const spec = (message: string, help: string, retryable = false): ErrorSpec => ({ message, help, retryable })

export const ERRORS = {
  // Requests
  BAD_REQUEST: spec('The request is not valid: {reason}.', 'Correct the named field and send it again.'),
  BAD_JSON: spec('The request body is not valid JSON: {reason}.', 'Send one JSON object, encoded as UTF-8.'),
  UNSUPPORTED_MEDIA_TYPE: spec('The content type {contentType} is not accepted.', 'Send application/json.'),
  NOT_FOUND: spec('There is nothing at {path}.', 'Look the path up in the OpenAPI document.'),
  UNAUTHORIZED: spec('A valid token is required.', 'Send the content of the token file as a Bearer token.'),
  TOO_MANY_FAILURES: spec('Too many requests with a bad token.', 'Wait, then send the right token.', true),
  FORBIDDEN_HOST: spec('The Host header is not allowed.', 'Call the gateway by its loopback address.'),
  FORBIDDEN_ORIGIN: spec('The Origin is not allowed.', 'Add the origin to http.allowedOrigins in the configuration.'),
  PAYLOAD_TOO_LARGE: spec('The body is larger than {bytesMax} bytes.', 'Send a smaller body.'),
  INTERNAL: spec('An internal error happened (id {requestId}).', 'Look the id up in the gateway log.'),

  // Agents
  AGENT_UNKNOWN: spec('There is no agent named {agent}.', 'List the agents with: holdfast agents ls.'),
  AGENT_COMMAND_MISSING: spec(
    'The command of agent {agent} was not found: {command}.',
    'If holdfast agents ls lists it, run: holdfast agents install {agent}. Otherwise correct its command in the configuration.',
  ),
  AGENT_IMPORT_FAILED: spec(
    'Nothing was imported from {source}: {reason}.',
    'Correct what the reason names, then try again. What was imported before is kept.',
  ),
  AGENT_INSTALL_FAILED: spec(
    'Agent {agent} was not installed: {reason}.',
    'Nothing of the attempt was kept. Correct what the reason names, then try again.',
  ),
  AGENT_COMMAND_UNUSABLE: spec(
    'The command of agent {agent} cannot be executed: {command} ({reason}).',
    'Point the configuration at an executable file.',
  ),
  AGENT_START_TIMEOUT: spec(
    'Agent {agent} did not finish {stage} within {ms} ms.',
    'Check that the command speaks ACP on stdio; see the stderr tail in details.',
    true,
  ),
  AGENT_EXITED: spec('Agent {agent} exited ({exit}) during {stage}.', 'Its last words on stderr are in details.', true),
  AGENT_UNREACHABLE: spec(
    'Agent {agent} cannot be reached: {reason}.',
    'Check its url in the configuration, the network and the server there; then try again.',
    true,
  ),
  AGENT_DISCONNECTED: spec(
    'The connection to agent {agent} was lost: {reason}.',
    'The next prompt connects again and goes on with the conversation if the agent there still has it.',
    true,
  ),
  AGENT_NOT_ACP: spec(
    'Agent {agent} does not speak ACP: {reason}.',
    'Check the command and its arguments; its first output is in details.',
  ),
  AGENT_PROTOCOL_VERSION: spec(
    'Agent {agent} answered protocol version {answered}; {supported} is supported.',
    'Update the agent or Holdfast, or let the configuration of the agent say which version it speaks (agents.<name>.protocol).',
  ),
  AGENT_AUTH_REQUIRED: spec(
    'Agent {agent} needs a login: {reason}.',
    'Log in with: holdfast agents login {agent} (one that is elsewhere: there, or by its headers), or give it the key that it names; then try again.',
  ),
  AGENT_LOGIN_FAILED: spec(
    'The login to agent {agent} failed: {reason}.',
    'Nothing has changed. Try again, or another way: holdfast agents login {agent} --method ID.',
  ),
  AGENT_ERROR: spec('Agent {agent} answered with an error: {reason}.', 'The raw error is in details.', true),
  AGENT_CONVERSATION_LOST: spec(
    'Agent {agent} cannot go on with its conversation {conversation} ({reason}).',
    'Begin another one with: holdfast sessions reset SESSION --what conversation, or choose a policy with --continuity.',
  ),
  AGENT_UNSUPPORTED: spec('Agent {agent} does not support {method}.', 'Use an agent that does, or do without it.'),
  AGENT_NOT_RUNNING: spec('No agent runs for session {session}.', 'Send a prompt first: that starts its agent.', true),
  EQUIPMENT_UNSUPPORTED: spec(
    'Agent {agent} cannot use {what}.',
    'Take it from the session with holdfast sessions set SESSION (--mcp none, --add-dir none), or use another agent.',
  ),
  MCP_SERVER_UNKNOWN: spec(
    'There is no MCP server {server} in the configuration.',
    'Add it under mcpServers, or take it from the session with: holdfast sessions set SESSION --mcp none.',
  ),
  AGENT_SESSION_NOT_FOUND: spec(
    'Agent {agent} has no session {agentSession}.',
    'List what it has with: holdfast sessions adopt --agent {agent}.',
  ),
  AGENT_PROTOCOL_ERROR: spec('Agent {agent} broke the protocol: {reason}.', 'Report it to the author of the agent.'),
  AGENT_LIMIT: spec(
    'No agent can be started now: {reason}.',
    'Wait for a turn to end, or look at agents.liveMax, agents.spawnsMax and agents.memoryFreeBytesMin.',
    true,
  ),
  AGENT_STUCK: spec('A process of agent {agent} could not be ended.', 'See holdfast doctor for its pid and state.'),
  SPAWN_FAILED: spec(
    'Agent {agent} could not be started: {reason}.',
    'Correct what the reason names, then try again.',
    true,
  ),
  KEEPER_UNAVAILABLE: spec(
    'The keeper of the agents cannot be reached: {reason}.',
    'Its log is keeper.log in the state directory; it is started again with the next agent.',
    true,
  ),
  KEEPER_PROTOCOL_ERROR: spec(
    'The keeper and the gateway do not understand each other: {reason}.',
    'Stop the gateway and its keeper, then start again; report it with both logs.',
  ),
  CONTAINMENT_UNAVAILABLE: spec(
    'Containment {mode}, which agent {agent} is to have, does not work here: {reason}.',
    'See docs/containment.md and holdfast doctor; install what is missing, or configure another mode.',
  ),

  // Sessions and turns
  SESSION_NOT_FOUND: spec('There is no session {session}.', 'List the sessions with: holdfast sessions ls.'),
  SESSION_CLOSED: spec('Session {session} is closed.', 'Create a new session.'),
  SESSION_ONESHOT: spec(
    'Session {session} takes one prompt only.',
    'Create a session of mode persistent to prompt again.',
  ),
  SESSION_BLOCKED: spec(
    'Session {session} waits for a decision: {reason}.',
    'Decide with: holdfast resume {session} --action {actions}.',
  ),
  SESSION_CONFLICT: spec('Session {session} exists with another {field}.', 'Use the same value, or another key.'),
  SESSION_BUSY: spec(
    'Session {session} is busy.',
    'Wait for the end of its turn, let the prompt wait (when_busy queue), or ask with force where there is one.',
    true,
  ),
  ACTION_NOT_OFFERED: spec('Session {session} does not wait for {action}.', 'Choose one of the actions in details.'),
  OPTION_UNKNOWN: spec('There is no option {option}.', 'See details for what may be meant.'),
  OPTION_INVALID: spec('The value of option {option} is not valid: {reason}.', 'Correct it and send it again.'),
  CONTROL_UNSUPPORTED: spec(
    'The agent of session {session} does not offer {option} = {value}.',
    'Choose one of what it advertises; see details.',
  ),
  CONTROL_REFUSED: spec(
    'The agent of session {session} did not take {option}: {reason}.',
    'What it answered is in details; what it took before is kept.',
    true,
  ),
  SESSION_KEY_INVALID: spec('The key {key} cannot name a session: {reason}.', 'Choose another key.'),
  SESSION_STALE: spec(
    'Session {session} cannot be used any more: {reason}.',
    'Put back what is missing, or close the session and make a new one: holdfast sessions close {session}.',
  ),
  PARENT_REFUSED: spec(
    'Session {parent} cannot be the parent: {reason}.',
    'Choose another parent, or raise tasks.depthMax or tasks.childrenMax.',
  ),
  TASK_NOT_FOUND: spec('There is no task {task}.', 'List the tasks with: holdfast tasks ls.'),
  SESSION_DAMAGED: spec(
    'The log of session {session} is damaged: {reason}.',
    'Save what can be read with: holdfast sessions export {session} FILE, then close it. See docs/storage.md.',
  ),
  CWD_NOT_ABSOLUTE: spec('The working directory {cwd} is not absolute.', 'Send an absolute path.'),
  CWD_NOT_FOUND: spec('The directory {cwd} does not exist or is not a directory.', 'Create it first.'),
  CWD_NOT_ALLOWED: spec(
    'The directory {cwd} is not inside an allowed root.',
    'Add its root to sessions.roots in the configuration.',
  ),
  PROMPT_EMPTY: spec('The prompt is empty.', 'Send at least one content block with content.'),
  PROMPT_TOO_LARGE: spec(
    'The prompt has {bytes} bytes; the limit is {bytesMax}.',
    'Put large content into a file and name it in the prompt.',
  ),
  PROMPT_UNSUPPORTED_CONTENT: spec(
    'Agent {agent} does not take {contentType} content.',
    'Send text or a resource link.',
  ),
  QUEUE_FULL: spec(
    'The {scope} has {depthMax} queued prompts already.',
    'Wait for one to run, or cancel one; see limits.queueDepthMax and limits.queuedMax.',
    true,
  ),
  STEER_UNSUPPORTED: spec(
    'Agent {agent} cannot be steered while it works.',
    'Send the prompt with when_busy queue or interrupt.',
  ),
  IDEMPOTENCY_KEY_REUSED: spec('The idempotency key was used for another body.', 'Use a new key for a new prompt.'),
  TURN_NOT_FOUND: spec(
    'There is no turn {turn} in session {session}.',
    'List its turns with: holdfast sessions show {session}.',
  ),
  TURN_NOT_QUEUED: spec(
    'Turn {turn} is not queued any more ({state}).',
    'Only a prompt that waits can be changed; cancel it and send another.',
  ),
  TURN_NOT_ACTIVE: spec('Turn {turn} has ended ({state}).', 'Nothing needs to be done.'),
  TURN_TIMED_OUT: spec(
    'The turn ended at its {stage} deadline of {seconds} s.',
    'Raise the limit, or split the work.',
    true,
  ),
  TURN_INTERRUPTED: spec(
    'The turn was cut by {reason}; delivery is {delivery}.',
    'If its session is blocked, decide with: holdfast resume SESSION --action continue|retry|discard.',
  ),
  TURN_OUTPUT_LIMIT: spec('The turn passed its output limit of {limit}.', 'Raise the limit, or split the work.'),
  PERMISSION_NOT_FOUND: spec(
    'There is no permission request {permission}.',
    'List the open ones with: holdfast permissions ls.',
  ),
  PERMISSION_CLOSED: spec(
    'Permission request {permission} is {state} already.',
    'Nothing needs to be done: it was closed by {answered_by} at {at}.',
  ),
  PERMISSION_OPTION_UNKNOWN: spec('Option {option} was not offered.', 'Answer with one of the offered option ids.'),
  PERMISSION_NEEDED: spec(
    'A permission request needed a person, and no client was there.',
    'Watch the session or the inbox, add a rule with holdfast rules add, or choose another --unattended.',
  ),
  PERMISSION_NOT_REMEMBERED: spec(
    'The answer to {permission} cannot hold for later requests: {reason}.',
    'Answer for once, add a rule with holdfast rules add, or let the agent remember it (--agent-always).',
  ),
  PERMISSION_RULE_INVALID: spec(
    'There cannot be such a rule: {reason}.',
    'See docs/permissions.md for what a rule can say.',
  ),
  PERMISSION_RULE_NOT_FOUND: spec(
    'There is no permission rule {rule}.',
    'List the rules with: holdfast rules ls --all.',
  ),
  PERMISSION_RULE_LIMIT: spec('There are {limit} permission rules already.', 'Revoke some with: holdfast rules rm.'),
  ELICITATION_NOT_FOUND: spec('There is no question {elicitation}.', 'List the open ones with: holdfast questions ls.'),
  ELICITATION_CLOSED: spec(
    'Question {elicitation} is {state} already.',
    'Nothing needs to be done: it was closed by {answered_by} at {at}.',
  ),
  ELICITATION_INVALID: spec(
    'Field {field} of the answer {reason}.',
    'Correct the field and answer again: the question is still open.',
  ),
  ELICITATION_NEEDED: spec(
    'A question of the agent needed a person, and no client was there.',
    'Watch the session or the inbox, or choose another --unattended.',
  ),
  CURSOR_AHEAD: spec(
    'The cursor {after} is beyond the last event {lastSeq}.',
    'Resume from a cursor you have received.',
  ),
  STREAM_LIMIT: spec('There are {limit} readers already.', 'Close one, or read pages of events instead.', true),

  // Gateway
  GATEWAY_DRAINING: spec('The gateway is draining.', 'Try again after the restart.', true),
  SAFE_MODE: spec(
    'The gateway is in safe mode after several crashes and takes no new work.',
    'See why with: holdfast doctor. Leave it with: holdfast safe-mode off.',
    true,
  ),
  RESTART_REFUSED: spec(
    'The gateway was not restarted: {reason}.',
    'It goes on as before. Correct the cause, then ask again.',
  ),
  GATEWAY_UNREACHABLE: spec('No gateway answers at {address}.', 'Start one with: holdfast serve.', true),
  GATEWAY_START_FAILED: spec('The gateway did not become ready: {reason}.', 'See its log at {log}.'),
  INSTANCE_LOCKED: spec(
    'Another gateway uses {stateDir} (pid {pid}, version {version}, since {since}).',
    'Use it, or stop it first.',
  ),
  PORT_IN_USE: spec(
    'The address {address} is in use by {owner}.',
    'Choose another port with --port, or stop its owner.',
  ),
  CONFIG_INVALID: spec('The configuration is not valid: {reason}.', 'Correct {file}.'),
  SUPERVISOR_UNAVAILABLE: spec(
    'The service manager cannot be used: {reason}.',
    'See docs/service.md for what it needs; without one, run: holdfast serve.',
  ),
  SERVICE_NOT_INSTALLED: spec('The service is not installed.', 'Install it with: holdfast service install.'),
  SERVICE_UNSAFE: spec(
    'The service file {file} was not written by Holdfast, or not for this state directory.',
    'Look at it first; to replace it, add --force.',
  ),
  STATE_DIR_UNSAFE: spec(
    'The state directory {path} is not safe: {reason}.',
    'Make it yours, with mode 0700, on a disk of this machine that can be written to; or name another with HOLDFAST_HOME.',
  ),
  STATE_DIR_REMOTE: spec(
    'The state directory {path} is on a network file system ({kind}).',
    'Move it to a local disk (HOLDFAST_HOME), or set HOLDFAST_STORAGE_NETWORK_FILE_SYSTEM=true if you know that locks work there.',
  ),
  TOKEN_FILE_UNSAFE: spec(
    'The token file {path} is not safe: {reason}.',
    'Make it yours with mode 0600, or remove it.',
  ),

  // Store and ownership
  LEASE_LOST: spec('The session is owned by another epoch now.', 'The owner of the session answers; ask again.', true),
  STORE_FAILED: spec(
    'The database refused a write: {reason}.',
    'Check the disk and the room on it; the gateway ends, and its next start goes on.',
  ),
  STORE_FULL: spec(
    'The disk is full: no new work is taken.',
    'Make room on the disk of the state directory. What runs goes on, and new work is taken again by itself.',
    true,
  ),
  STORE_DAMAGED: spec(
    'The database is damaged: {reason}.',
    'Look at it with: holdfast doctor --verify. docs/storage.md says how to put a backup back.',
  ),
  BACKUP_FAILED: spec('The backup {path} was not written: {reason}.', 'Correct what the reason names, then try again.'),
  EXPORT_FAILED: spec('The export {path} cannot be used: {reason}.', 'Correct what the reason names, then try again.'),
  EXPORT_DAMAGED: spec(
    'The export {path} is damaged in line {line}: {reason}.',
    'What is before that line is whole. It was not changed; export the session again.',
  ),
  STORE_NEWER: spec(
    'The database has schema {found}; this version knows {known}.',
    'Use the newer version of Holdfast. The file was not touched.',
  ),
  STORE_UNUSABLE: spec('The database cannot be used: {reason}.', 'See docs/storage.md.'),

  // Transcripts of the built-in agent
  SESSION_LOCKED: spec(
    'Another writer holds {file} (pid {pid}, {liveness}, since {since}).',
    'Try again; a writer that is stopped has to go on or be ended first: its pid is named.',
    true,
  ),
  TRANSCRIPT_TAKEN_OVER: spec(
    'This attempt may not write {file} any more: {reason}.',
    'Nothing was written. Whoever took over goes on with the conversation.',
  ),
  TRANSCRIPT_DAMAGED: spec(
    '{file} is damaged in line {line}: {reason}.',
    'It was not touched. It can be read around the damage; put a good copy back to go on with it.',
  ),
  TRANSCRIPT_NEWER: spec(
    '{file} has version {found}; this program knows {known}.',
    'Use the newer version of Holdfast. The file was not touched.',
  ),
  TRANSCRIPT_NOT_FOUND: spec('There is no conversation {transcript}.', 'List what there is with session/list.'),
  TRANSCRIPT_FAILED: spec(
    '{file} could not be written: {reason}.',
    'Check the disk. What was stored before is whole; the attempt that wrote is over.',
  ),

  // Waiting
  DEADLINE: spec('{stage} did not finish within {ms} ms.', 'It may still finish: look again, or wait longer.', true),
  CANCELLED: spec('{stage} was cancelled.', 'Nothing needs to be done.'),
} as const satisfies Record<string, ErrorSpec>

export type ErrorCode = keyof typeof ERRORS

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERRORS, value)
}

export type ErrorDetails = Readonly<Record<string, unknown>>

/** An expected failure. Callers branch on `code`, never on the message text. */
export class HoldfastError extends Error {
  readonly code: ErrorCode
  readonly retryable: boolean
  readonly details: ErrorDetails

  constructor(code: ErrorCode, details: ErrorDetails = {}, options: { cause?: unknown } = {}) {
    super(renderMessage(ERRORS[code].message, details), options)
    this.name = 'HoldfastError'
    this.code = code
    this.retryable = ERRORS[code].retryable
    this.details = details
  }

  get help(): string {
    return helpOf(this)
  }
}

/** A writer that is no longer the owner. Caught by class in the actor: it stops without a further write. */
export class LeaseLostError extends HoldfastError {
  constructor(details: ErrorDetails = {}) {
    super('LEASE_LOST', details)
    this.name = 'LeaseLostError'
  }
}

/** A wait that passed its bound. `details.stage` names what was waited for. */
export class DeadlineError extends HoldfastError {
  constructor(stage: string, ms: number) {
    super('DEADLINE', { stage, ms })
    this.name = 'DeadlineError'
  }
}

/** A wait whose caller gave up. Not a failure: never logged as one. */
export class CancelledError extends HoldfastError {
  constructor(stage: string) {
    super('CANCELLED', { stage })
    this.name = 'CancelledError'
  }
}

export function isHoldfastError(value: unknown): value is HoldfastError {
  return value instanceof HoldfastError
}

/** What an outcome row and the wire carry of an error: no stack, no cause. */
export interface StoredError {
  readonly code: ErrorCode
  readonly message: string
  readonly details?: ErrorDetails
}

export function toStoredError(error: unknown): StoredError {
  if (!isHoldfastError(error)) return { code: 'INTERNAL', message: 'An internal error happened.' }
  return { code: error.code, message: error.message, details: error.details }
}

/** What somebody can do about it. */
export function helpOf({ code, details = {} }: Pick<StoredError, 'code' | 'details'>): string {
  return renderMessage(ERRORS[code].help, details)
}

function renderMessage(template: string, details: ErrorDetails): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => renderDetail(details[name]))
}

function renderDetail(value: unknown): string {
  if (value === undefined || value === null) return 'unknown'
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return JSON.stringify(value)
}
