// The composition root: what a gateway consists of, in the order in which it starts. The stop is the reverse.
// lock -> store -> epoch + 1 -> reap -> host -> sessions -> recover -> listen -> ready … drain -> close. No logic of any part.

import type { AgentDefinition } from '../agent/definition.ts'
import { systemClock } from '../base/clock.ts'
import { deadline, firstOf, ignore, whenAborted } from '../base/deadline.ts'
import { systemIds } from '../base/ids.ts'
import type { Config } from '../config/config.ts'
import type { Environment } from '../config/environment.ts'
import { failpointOf } from '../config/failpoint.ts'
import type { Paths } from '../config/paths.ts'
import { createEventLog } from '../events/log.ts'
import type { Log } from '../observe/logger.ts'
import { checkCwd } from '../session/entry/check-cwd.ts'
import { Lanes } from '../session/agents/lanes.ts'
import { openSessions } from '../session/open-sessions.ts'
import type { Sessions } from '../session/open-sessions.ts'
import { acquireInstanceLock } from '../store/instance-lock.ts'
import { LOCAL_NODE, localNodes } from '../store/local-wake.ts'
import { openSqliteStore } from '../store/open-sqlite-store.ts'
import { openStateDir } from '../store/state-dir.ts'
import type { NodeRecord, Store } from '../store/store.ts'
import { listAgentDefinitions, openAgents } from './agents.ts'
import type { Agents } from './agents.ts'
import type { AgentHost } from '../keeper/agent-host.ts'
import { withFailpoint } from './failpoints.ts'
import { openHost } from './open-host.ts'
import { Lifecycle } from './lifecycle.ts'
import { openTasks } from './open-tasks.ts'
import { readOwnBirth } from './own-birth.ts'
import { listenApi } from './listen-api.ts'
import { laneBoundsOf, sessionLimitsOf } from './limits.ts'
import type { StopSwitch } from './stop-switch.ts'

export interface GatewayOptions {
  readonly config: Config
  readonly paths: Paths
  readonly env: Environment
  readonly version: string
  readonly log: Log
  readonly stop: StopSwitch
  /** Tells a person at the terminal, one line at a time. */
  announce(line: string): void
}

/** How long a start waits for the lock, so that "stop; start" works. */
const LOCK_WAIT_MS = 10_000
/** Storing what is in the mailboxes. What takes longer is not lost: its lines are not acknowledged. */
const LEAVE_MS_MAX = 5_000

/**
 * Runs a gateway until it is asked to stop. Rejects with what made it impossible: INSTANCE_LOCKED, PORT_IN_USE, STATE_DIR_UNSAFE,
 * TOKEN_FILE_UNSAFE, STORE_* (also when the database fails later).
 */
export async function runGateway(options: GatewayOptions): Promise<void> {
  const { config, paths, version, log, stop } = options
  const logger = log.logger('daemon')
  const lifecycle = new Lifecycle(systemClock.now())
  await using scope = new AsyncDisposableStack()
  const stateDir = openStateDir(paths.stateDir)
  const owner = { ...readOwnBirth(), version, since: systemClock.now() }
  scope.use(await acquireInstanceLock(stateDir.lockFile, owner, { waitMs: LOCK_WAIT_MS, signal: stop.drain }))
  const failure = Promise.withResolvers<never>()
  failure.promise.catch(ignore('a failure during the start rejects what the start waits for'))
  const opened = scope.use(
    await openSqliteStore({ file: stateDir.storeFile, logger: log.logger('store'), onFailure: failure.reject }),
  )
  const store = withFailpoint(opened, failpointOf(options.env), logger)
  const { self: node } = localNodes(await store.openNode(LOCAL_NODE, systemClock.now()))
  const host = scope.use(await openHost({ options, store, node, stateDir: stateDir.path }))
  stop.lastResort = () => host.killNow()
  const definitions = listAgentDefinitions(config, stateDir.path)
  const events = createEventLog(store)
  const agents = openAgents({ ...options, host, definitions, stateDir: stateDir.path })
  const spares = scope.use(agents.spares)
  const sessions = scope.use(
    openSessions(sessionPorts({ options, store, node, agents, definitions, events, stateDir: stateDir.path })),
  )
  // Whatever ends this life but a drain, also a start that fails: the agents are not to blame, the next life takes them over.
  let hasDrained = false
  scope.defer(() => (hasDrained || host.describe().live === 0 ? undefined : leave(sessions, host, options)))
  const tasks = openTasks({ ...options, store, sessions }, scope)
  const recovered = await sessions.recover()
  const warm = () => ({ idle: sessions.idleAgents, spare: spares.ready })
  const statistics = () => sessions.statistics()
  const parts = {
    ...options,
    service: sessions.service,
    permissions: sessions.permissions,
    tasks: tasks.service,
    events,
    store,
    node,
    host,
    definitions,
    lifecycle,
    warm,
    statistics,
  }
  const api = await listenApi(parts, scope)
  lifecycle.enter('ready')
  spares.look()
  tasks.keeper.look()
  logger.info({ epoch: node.epoch, recovered, url: api.url(), socket: paths.socket }, 'ready')
  options.announce(`ready on ${paths.socket}${api.url() === undefined ? '' : ` and ${api.url()}`}`)
  await firstOf([whenAborted(stop.drain), failure.promise])
  lifecycle.enter('draining')
  void spares[Symbol.asyncDispose]() // the scope waits for it
  if (stop.keepsAgents && host.canHandOver) await leave(sessions, host, options)
  else await drain(sessions, options)
  hasDrained = true
  lifecycle.enter('stopped')
}

interface Parts {
  readonly options: GatewayOptions
  readonly store: Store
  readonly node: NodeRecord
  readonly agents: Agents
  readonly definitions: ReadonlyMap<string, AgentDefinition>
  readonly events: ReturnType<typeof createEventLog>
  readonly stateDir: string
}

function sessionPorts({
  options,
  store,
  node,
  agents,
  definitions,
  events,
  stateDir,
}: Parts): Parameters<typeof openSessions>[0] {
  const { config, log } = options
  const rules = { roots: config.sessions.roots, forbidden: [stateDir] }
  return {
    store,
    events,
    clock: systemClock,
    ids: systemIds,
    node: node.id,
    limits: sessionLimitsOf(config),
    lanes: new Lanes(laneBoundsOf(config)),
    logger: log.logger('session'),
    ...agents,
    agentIdleMs: config.agents.idleMs,
    promptBytesMax: config.limits.promptBytesMax,
    attachmentBytesMax: config.limits.attachmentBytesMax,
    family: { depthMax: config.tasks.depthMax, childrenMax: config.tasks.childrenMax },
    checkCwd: (cwd) => checkCwd(cwd, rules),
    findDefinition: (name) => definitions.get(name),
  }
}

/** Leaves agents and turns to the next life of the gateway; a second request to stop changes that as long as it is not done. */
async function leave(sessions: Sessions, host: AgentHost, { announce, log }: GatewayOptions): Promise<void> {
  if (!host.canHandOver) return
  announce('leaving: the agents go on without this gateway; the next one takes them over')
  await deadline(sessions.handOver(), { ms: LEAVE_MS_MAX, stage: 'handover' }).catch(
    ignore('what is not stored is read again'),
  )
  host.handOver()
  log.logger('daemon').info({ live: host.describe().live }, 'agents left to the next gateway')
}

/** Running turns have the budget; a second request takes it away, and the next life finds them interrupted. Queued prompts stay. */
async function drain(sessions: Sessions, { config, stop, announce, log }: GatewayOptions): Promise<void> {
  const budgetMs = stop.budgetMs ?? config.deadlines.drainMs
  announce(`stopping: running turns have ${budgetMs / 1000} s; ask again to cut them`)
  await firstOf([sessions.drain(systemClock.now() + budgetMs), whenAborted(stop.force)])
  log.logger('daemon').info({ forced: stop.force.aborted }, 'drained')
}
