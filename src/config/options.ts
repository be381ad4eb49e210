// The one option table. File keys, environment variables, flags, types and docs/config.md all come from it.
// The agents themselves are in agent-definitions.ts: a map that only the file can fill.

import { boolean, choice, integer, path, paths, texts } from './option.ts'
import type { Option } from './option.ts'

const DAY_MS = 86_400_000
const TIB = 1024 ** 4

export const OPTIONS = {
  'http.enabled': {
    type: boolean,
    default: true,
    env: 'HOLDFAST_HTTP_ENABLED',
    reload: false,
    text: 'Listen on loopback TCP besides the unix socket. The socket alone is enough for the command line.',
  },
  'http.host': {
    type: choice('127.0.0.1', '::1'),
    default: '127.0.0.1',
    env: 'HOLDFAST_HTTP_HOST',
    reload: false,
    flag: 'host',
    text: 'Loopback address to listen on. Other addresses are refused: there is no TLS; put a proxy or ssh in front.',
  },
  'http.port': {
    type: integer(0, 65_535),
    default: 7433,
    env: 'HOLDFAST_HTTP_PORT',
    reload: false,
    flag: 'port',
    text:
      'TCP port; 0 takes any free one. When the default is taken by another program a free one is used instead; a port that you ' +
      'set is an error when it is taken. The port in use is written to the file `http-port` in the run directory.',
  },
  'http.allowedHosts': {
    type: texts,
    default: [],
    env: 'HOLDFAST_HTTP_ALLOWED_HOSTS',
    reload: true,
    text: 'Further values of the Host header, exactly as sent, such as `agents.example.test:7433` behind a proxy.',
  },
  'http.allowedOrigins': {
    type: texts,
    default: [],
    env: 'HOLDFAST_HTTP_ALLOWED_ORIGINS',
    reload: true,
    text: 'Values of the Origin header that are let in, exactly as sent. Every other page is refused, also one of localhost.',
  },
  'acp.mcpCommands': {
    type: boolean,
    default: false,
    env: 'HOLDFAST_ACP_MCP_COMMANDS',
    reload: true,
    text:
      'Whether editors may bring MCP servers with a command over TCP. Over the unix socket, which `holdfast acp` uses, they always may: ' +
      'whoever can open it could start the command without the gateway.',
  },
  'sessions.roots': {
    type: paths,
    default: [],
    env: 'HOLDFAST_SESSIONS_ROOTS',
    reload: true,
    text:
      'Directories in which agents may work. Without any, every existing directory is allowed except `/` and the state directory: ' +
      'who has the token may then run an agent wherever you may.',
  },
  'agents.liveMax': {
    type: integer(1, 4096),
    default: 64,
    env: 'HOLDFAST_AGENTS_LIVE_MAX',
    reload: true,
    text: 'Agent processes that are alive at once. When all are busy, prompts wait.',
  },
  'agents.spawnsMax': {
    type: integer(1, 256),
    default: 4,
    env: 'HOLDFAST_AGENTS_SPAWNS_MAX',
    reload: true,
    text: 'Agent processes that are being started at once.',
  },
  'agents.idleMs': {
    type: integer(0, 30 * DAY_MS),
    default: 3_600_000,
    env: 'HOLDFAST_AGENTS_IDLE_MS',
    reload: true,
    text:
      'Time after which an agent that no prompt came for is ended, when it can continue its conversation in another process; ' +
      '0 = never. Without it an idle agent lives until its place or its memory is needed.',
  },
  'agents.memoryFreeBytesMin': {
    type: integer(0, 1024 * 1024 * 1024 * 1024),
    default: 256 * 1024 * 1024,
    env: 'HOLDFAST_AGENTS_MEMORY_FREE_BYTES_MIN',
    reload: true,
    text:
      'Memory that is kept free, of the machine and of the control groups around the gateway; 0 = no check. While there is less, idle ' +
      'agents are ended one by one, and an agent starts only when no other lives; prompts wait. Not checked on macOS.',
  },
  'lanes.interactive.turnsMax': {
    type: integer(0, 4096),
    default: 0,
    env: 'HOLDFAST_LANES_INTERACTIVE_TURNS_MAX',
    reload: true,
    text: 'Turns of the lane `interactive` that run at once, over all sessions; further ones wait. 0 = no bound but `agents.liveMax`.',
  },
  'lanes.background.turnsMax': {
    type: integer(0, 4096),
    default: 0,
    env: 'HOLDFAST_LANES_BACKGROUND_TURNS_MAX',
    reload: true,
    text: 'The same for the lane `background`.',
  },
  'lanes.scheduled.turnsMax': {
    type: integer(0, 4096),
    default: 0,
    env: 'HOLDFAST_LANES_SCHEDULED_TURNS_MAX',
    reload: true,
    text: 'The same for the lane `scheduled`.',
  },
  'keeper.hosting': {
    type: choice('keeper', 'inline'),
    default: 'keeper',
    env: 'HOLDFAST_KEEPER_HOSTING',
    reload: false,
    text:
      'Where agents live: `keeper` = in a process of its own that survives the gateway, so that running turns do too; `inline` = in ' +
      'the gateway, with which they end.',
  },
  'keeper.adoptionGraceMs': {
    type: integer(1_000, 7 * DAY_MS),
    default: 600_000,
    env: 'HOLDFAST_KEEPER_ADOPTION_GRACE_MS',
    reload: false,
    text: 'How long agents are kept alive for a gateway that does not come back; then they are stopped. Read when a keeper starts.',
  },
  'keeper.spoolBytesMax': {
    type: integer(1024 * 1024, 64 * 1024 * 1024 * 1024),
    default: 64 * 1024 * 1024,
    env: 'HOLDFAST_KEEPER_SPOOL_BYTES_MAX',
    reload: false,
    text:
      'Output of one agent that is kept on disk while there is no gateway; beyond it the agent waits, and nothing is lost. Read when ' +
      'a keeper starts.',
  },
  'agents.containment': {
    type: choice('auto', 'tag', 'bwrap', 'cgroup'),
    default: 'auto',
    env: 'HOLDFAST_AGENTS_CONTAINMENT',
    reload: true,
    text:
      'What holds the processes of an agent together. `auto` is `tag`: found and ended by a mark that they inherit. `bwrap`: besides, a pid ' +
      'namespace. `cgroup`: besides, a control group, which can have limits. One that does not work here is an error at the start of an ' +
      'agent; `holdfast doctor` shows what works. An agent can have its own. See containment.md.',
  },
  'agents.memoryBytesMax': {
    type: integer(0, TIB),
    default: 0,
    env: 'HOLDFAST_AGENTS_MEMORY_BYTES_MAX',
    reload: true,
    text:
      'Bytes of memory of all processes of one agent together, without swap; 0 = no limit. Needs `containment` to be `cgroup`. An agent can ' +
      'have its own.',
  },
  'agents.processesMax': {
    type: integer(0, 4_194_304),
    default: 0,
    env: 'HOLDFAST_AGENTS_PROCESSES_MAX',
    reload: true,
    text:
      'Processes of one agent at once, threads included (a Node program has about a dozen); 0 = no limit. Needs `containment` to be ' +
      '`cgroup`. An agent can have its own.',
  },
  'limits.queueDepthMax': {
    type: integer(1, 10_000),
    default: 32,
    env: 'HOLDFAST_LIMITS_QUEUE_DEPTH_MAX',
    reload: true,
    text: 'Prompts that wait in one session; one more is refused with QUEUE_FULL.',
  },
  'limits.queuedMax': {
    type: integer(1, 1_000_000),
    default: 1_000,
    env: 'HOLDFAST_LIMITS_QUEUED_MAX',
    reload: true,
    text: 'Prompts that wait in all sessions together; one more is refused with QUEUE_FULL.',
  },
  'limits.promptBytesMax': {
    type: integer(1024, 64 * 1024 * 1024),
    default: 1024 * 1024,
    env: 'HOLDFAST_LIMITS_PROMPT_BYTES_MAX',
    reload: true,
    text: 'Bytes of one prompt as JSON, without attached data.',
  },
  'limits.attachmentBytesMax': {
    type: integer(0, 64 * 1024 * 1024),
    default: 6 * 1024 * 1024,
    env: 'HOLDFAST_LIMITS_ATTACHMENT_BYTES_MAX',
    reload: true,
    text: 'Bytes of the data attached to one prompt, as base64: a third more than the files have. 0 = links only.',
  },
  'limits.bodyBytesMax': {
    type: integer(1024, 64 * 1024 * 1024),
    default: 8 * 1024 * 1024,
    env: 'HOLDFAST_LIMITS_BODY_BYTES_MAX',
    reload: true,
    text: 'Bytes of one request body.',
  },
  'limits.lineBytesMax': {
    type: integer(64 * 1024, 256 * 1024 * 1024),
    default: 16 * 1024 * 1024,
    env: 'HOLDFAST_LIMITS_LINE_BYTES_MAX',
    reload: true,
    text: 'Bytes of one line of an agent; an agent that writes a longer one is ended.',
  },
  'limits.turnBytesMax': {
    type: integer(64 * 1024, 4 * 1024 * 1024 * 1024),
    default: 64 * 1024 * 1024,
    env: 'HOLDFAST_LIMITS_TURN_BYTES_MAX',
    reload: true,
    text: 'Bytes of updates of one turn; beyond, the turn is cancelled and fails with TURN_OUTPUT_LIMIT.',
  },
  'limits.turnEventsMax': {
    type: integer(100, 100_000_000),
    default: 200_000,
    env: 'HOLDFAST_LIMITS_TURN_EVENTS_MAX',
    reload: true,
    text: 'Updates of one turn; beyond, the turn is cancelled and fails with TURN_OUTPUT_LIMIT.',
  },
  'limits.permissionsOpenMax': {
    type: integer(1, 10_000),
    default: 64,
    env: 'HOLDFAST_LIMITS_PERMISSIONS_OPEN_MAX',
    reload: true,
    text: 'Permission requests of one session that wait at once; the agent gets `cancelled` for more.',
  },
  'tasks.depthMax': {
    type: integer(1, 64),
    default: 4,
    env: 'HOLDFAST_TASKS_DEPTH_MAX',
    reload: true,
    text: 'How many sessions may stand above one: a parent, its parent, and so on.',
  },
  'tasks.childrenMax': {
    type: integer(1, 10_000),
    default: 32,
    env: 'HOLDFAST_TASKS_CHILDREN_MAX',
    reload: true,
    text: 'Open sessions that may work for one.',
  },
  'tasks.retentionDays': {
    type: integer(0, 3_650),
    default: 7,
    env: 'HOLDFAST_TASKS_RETENTION_DAYS',
    reload: true,
    text: 'Days for which a task is kept after its end; its turn and its events stay.',
  },
  'permissions.mode': {
    type: choice('ask', 'approve-reads', 'approve-all', 'deny-all'),
    default: 'ask',
    env: 'HOLDFAST_PERMISSIONS_MODE',
    reload: true,
    text:
      'What happens to a permission request that no rule is about, in sessions that do not choose. An agent can have its own ' +
      '(`permissionMode`). See permissions.md.',
  },
  'permissions.unattended': {
    type: choice('ask', 'deny', 'fail'),
    default: 'ask',
    env: 'HOLDFAST_PERMISSIONS_UNATTENDED',
    reload: true,
    text:
      'What happens to a permission request that waits for a person while no client reads the stream of its session or of all ' +
      'requests: `ask` = it waits for its deadline, `deny` = it is refused, `fail` = the turn ends with PERMISSION_NEEDED.',
  },
  'deadlines.agentSlotMs': {
    type: integer(100, DAY_MS),
    default: 600_000,
    env: 'HOLDFAST_DEADLINES_AGENT_SLOT_MS',
    reload: true,
    text: 'Time for which the prompt at the head of its session waits for a place among the agents (`agents.liveMax`, `agents.spawnsMax`, memory). Then its turn fails with AGENT_LIMIT.',
  },
  'deadlines.initializeMs': {
    type: integer(100, DAY_MS),
    default: 60_000,
    env: 'HOLDFAST_DEADLINES_INITIALIZE_MS',
    reload: true,
    text: 'Time for an agent to answer `initialize`.',
  },
  'deadlines.sessionNewMs': {
    type: integer(100, DAY_MS),
    default: 60_000,
    env: 'HOLDFAST_DEADLINES_SESSION_NEW_MS',
    reload: true,
    text: 'Time for an agent to open its session.',
  },
  'deadlines.silenceMs': {
    type: integer(100, 7 * DAY_MS),
    default: 600_000,
    env: 'HOLDFAST_DEADLINES_SILENCE_MS',
    reload: true,
    text: 'A running turn of which nothing was heard for this long is cancelled and ends `timed_out`. Stands still while a permission request is open.',
  },
  'deadlines.agentQuietMs': {
    type: integer(100, DAY_MS),
    default: 2_000,
    env: 'HOLDFAST_DEADLINES_AGENT_QUIET_MS',
    reload: true,
    text:
      'A turn that an agent began by itself ends when nothing was heard of it for this long; while a tool call of it is open, ' +
      'after `deadlines.silenceMs`.',
  },
  'deadlines.turnMs': {
    type: integer(0, 30 * DAY_MS),
    default: 7_200_000,
    env: 'HOLDFAST_DEADLINES_TURN_MS',
    reload: true,
    text: 'Longest time of one turn; 0 = no limit.',
  },
  'deadlines.cancelGraceMs': {
    type: integer(0, DAY_MS),
    default: 10_000,
    env: 'HOLDFAST_DEADLINES_CANCEL_GRACE_MS',
    reload: true,
    text:
      'Time for an agent to end a cancelled turn by itself. Then its prompt is taken back; after a quarter of this time more, ' +
      'at most 2 s, its process is ended.',
  },
  'deadlines.permissionMs': {
    type: integer(100, 30 * DAY_MS),
    default: 600_000,
    env: 'HOLDFAST_DEADLINES_PERMISSION_MS',
    reload: true,
    text: 'Time for somebody to answer a permission request; then it is refused.',
  },
  'deadlines.drainMs': {
    type: integer(0, DAY_MS),
    default: 120_000,
    env: 'HOLDFAST_DEADLINES_DRAIN_MS',
    reload: true,
    text: 'Time for running turns when the gateway is asked to stop.',
  },
  'supervision.crashesMax': {
    type: integer(0, 100),
    default: 3,
    env: 'HOLDFAST_SUPERVISION_CRASHES_MAX',
    reload: false,
    text:
      'After so many ends in a row that nobody asked for, within `supervision.crashWindowMs`, the gateway starts in safe mode: it hands out ' +
      'no prompt and starts no agent until a person or time says so; 0 = never. See health.md.',
  },
  'supervision.crashWindowMs': {
    type: integer(1_000, DAY_MS),
    default: 300_000,
    env: 'HOLDFAST_SUPERVISION_CRASH_WINDOW_MS',
    reload: false,
    text: 'Time within which ends count for safe mode, and after which a gateway in safe mode that has stayed up leaves it by itself.',
  },
  'supervision.wedgeMs': {
    type: integer(0, DAY_MS),
    default: 30_000,
    env: 'HOLDFAST_SUPERVISION_WEDGE_MS',
    reload: false,
    text:
      'A gateway whose event loop or database has not moved for this long says so; after four times as long it is ended, so that another ' +
      'can take over. Time in which the machine or the process stood still does not count. 0 = not watched.',
  },
  'restart.mode': {
    type: choice('handover', 'drain'),
    default: 'handover',
    env: 'HOLDFAST_RESTART_MODE',
    reload: true,
    text:
      'What becomes of running turns at a restart: `handover` = agents and turns go on in their keeper, and the next gateway takes them over; ' +
      '`drain` = they have `deadlines.drainMs` first. With `keeper.hosting` `inline` it is always `drain`.',
  },
  'restart.way': {
    type: choice('auto', 'supervised', 'successor', 'in-process'),
    default: 'auto',
    env: 'HOLDFAST_RESTART_WAY',
    reload: true,
    text:
      'How a gateway restarts: `supervised` = it exits with 86, and whoever supervises it starts it again; `successor` = another process takes ' +
      'over; `in-process` = in the same process, with the same program. `auto` chooses; see gateway-lifecycle.md.',
  },
  'restart.onSignal': {
    type: boolean,
    default: false,
    env: 'HOLDFAST_RESTART_ON_SIGNAL',
    reload: true,
    text: 'Whether SIGUSR1 alone restarts the gateway. Otherwise it does only when `holdfast restart` has authorised it.',
  },
  'storage.networkFileSystem': {
    type: boolean,
    default: false,
    env: 'HOLDFAST_STORAGE_NETWORK_FILE_SYSTEM',
    reload: false,
    text:
      'Whether the state directory may be on NFS, SMB, 9p or FUSE, where two gateways could use one database and a crash could damage it. ' +
      'Only for those who know that locks and fsync work there.',
  },
  'log.level': {
    type: choice('debug', 'info', 'warn', 'error', 'silent'),
    default: 'info',
    env: 'HOLDFAST_LOG_LEVEL',
    reload: true,
    flag: 'log-level',
    text: 'How much is logged. Content of prompts and tools at `debug` only.',
  },
  'log.file': {
    type: path,
    default: undefined,
    env: 'HOLDFAST_LOG_FILE',
    reload: false,
    text: 'File that the log is appended to; without it stderr, and `gateway.log` in the state directory for a gateway that the command line started.',
  },
} as const satisfies Record<string, Option>

export type OptionName = keyof typeof OPTIONS
