// Who may import whom, and who is the sole owner of what. A new arrow here is an ADR.

/** Folder of src -> the folders it may import besides itself and base. */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  observe: [],
  config: [],
  wire: [],
  client: ['wire'],
  store: ['observe'],
  events: ['observe', 'store'],
  lease: ['observe', 'store'],
  process: ['observe', 'lease'],
  keeper: ['observe', 'lease', 'process'],
  remote: ['observe', 'keeper'],
  health: ['observe', 'store', 'process'],
  life: ['observe', 'config', 'process'],
  supervise: ['observe', 'process'],
  install: ['process', 'agent'],
  acp: ['observe'],
  agent: ['observe', 'acp', 'keeper'],
  login: ['acp', 'conformance'],
  conformance: ['acp', 'process'],
  session: ['observe', 'store', 'events', 'lease', 'agent'],
  tasks: ['observe', 'store', 'events', 'session'],
  facade: ['observe', 'acp', 'events', 'session'],
  api: ['wire', 'observe', 'events', 'session', 'tasks', 'facade'],
  cli: ['wire', 'config', 'client'],
  daemon: [
    'wire',
    'config',
    'observe',
    'store',
    'events',
    'lease',
    'process',
    'keeper',
    'remote',
    'health',
    'life',
    'supervise',
    'acp',
    'agent',
    'conformance',
    'login',
    'install',
    'session',
    'tasks',
    'api',
    'client',
  ],
  bin: ['config', 'cli', 'daemon', 'life', 'observe', 'keeper', 'builtin-agent'],
  // The workspace: a program of its own, started like any agent, or as a command.
  'builtin-agent': ['acp'],
}

/** Arrows for types alone: what a port hands upwards is named by its types, without the code behind it (ADR 7). */
export const MAY_IMPORT_TYPES: Readonly<Record<string, readonly string[]>> = {
  process: ['store'],
  keeper: ['store'],
  session: ['keeper'],
}

/** Module -> the folders of src that may import it. Modules that are not named here are free. */
export const MODULE_OWNERS: Readonly<Record<string, readonly string[]>> = {
  'node:child_process': ['process', 'builtin-agent'],
  'node:sqlite': ['store', 'builtin-agent'],
  kysely: ['store'],
  '@agentclientprotocol/sdk': ['acp'],
  fastify: ['api'],
  '@fastify/swagger': ['api'],
  '@fastify/type-provider-typebox': ['api'],
  'node:http': ['api', 'cli', 'remote'],
  ws: ['api', 'cli', 'remote'],
  'node:https': ['remote'],
  'node:http2': [],
  'node:cluster': [],
  'node:process': [],
  commander: ['cli'],
  '@earendil-works/pi-agent-core': ['builtin-agent'],
  '@earendil-works/pi-ai': ['builtin-agent'],
  '@modelcontextprotocol/sdk': ['builtin-agent'],
  pino: ['observe'],
  typebox: ['wire', 'api'],
}

/** Folders that import nothing outside src but the modules named here. */
export const CLOSED_FOLDERS: Readonly<Record<string, readonly string[]>> = {
  wire: ['typebox'],
  client: [],
}

/** Member of `process` -> the folders of src that may use it. */
export const PROCESS_OWNERS: Readonly<Record<string, readonly string[]>> = {
  env: ['config', 'builtin-agent'],
  exit: ['bin', 'builtin-agent'],
  abort: ['bin'],
  reallyExit: ['bin'],
  kill: ['process', 'bin', 'builtin-agent'],
}

/** `process.on('SIGTERM', …)` and its like. */
export const SIGNAL_LISTENERS: readonly string[] = [
  'on',
  'once',
  'addListener',
  'prependListener',
  'prependOnceListener',
]
export const SIGNAL_OWNERS: readonly string[] = ['bin', 'builtin-agent']

export const LINES_WARN = 300
export const LINES_MAX = 500

/** A check that saw fewer files than this looked at the wrong place, and fails. */
export const SOURCE_FILES_MIN = 60

export const BANNED_NAMES: readonly string[] = ['shared', 'common', 'utils', 'util', 'helpers', 'lib', 'misc']
