// What a life of the gateway consists of, in the order in which it starts; the end is the reverse.
// lock -> store -> epoch + 1 -> reap -> host -> sessions -> recover -> listen. No logic of any part.

import { systemClock } from '../base/clock.ts'
import { ignore } from '../base/deadline.ts'
import { systemIds } from '../base/ids.ts'
import type { Api } from '../api/create-api.ts'
import { LiveConfig } from '../config/live-config.ts'
import { failpointOf } from '../config/failpoint.ts'
import { mcpServerEntry } from '../config/mcp-servers.ts'
import { createEventLog } from '../events/log.ts'
import { checkCwd } from '../session/entry/check-cwd.ts'
import { Lanes } from '../session/agents/lanes.ts'
import { openSessions } from '../session/open-sessions.ts'
import type { Sessions } from '../session/open-sessions.ts'
import { AgentStore } from '../install/agent-store.ts'
import { acquireInstanceLock } from '../store/instance-lock.ts'
import { Pulse } from '../health/pulse.ts'
import { LOCAL_NODE, localNodes } from '../store/local-wake.ts'
import { openSqliteStore } from '../store/open-sqlite-store.ts'
import { openStateDir } from '../store/state-dir.ts'
import type { NodeRecord, Store } from '../store/store.ts'
import { openAgents } from './agents.ts'
import type { Agents } from './agents.ts'
import { LiveDefinitions } from './known-agents.ts'
import { withFailpoint } from './failpoints.ts'
import { openHealth, storeThread } from './open-health.ts'
import type { Health } from './open-health.ts'
import { checkAgent } from './check-agent.ts'
import { openHost } from './open-host.ts'
import { Lifecycle } from './lifecycle.ts'
import { openTasks } from './open-tasks.ts'
import { readOwnBirth } from './own-birth.ts'
import { listenApi } from './listen-api.ts'
import { laneBoundsOf, sessionLimitsOf } from './limits.ts'
import { Parting } from './parting.ts'
import { withPortOwner } from './port-owner.ts'
import { Reloading } from './reloading.ts'
import type { GatewayOptions } from './run-gateway.ts'
import { dumpState } from './state-dump.ts'

/** A life that accepts work as soon as its lifecycle says so. */
export interface OpenedLife {
  readonly store: Store
  readonly node: NodeRecord
  readonly lifecycle: Lifecycle
  readonly api: Api
  readonly sessions: Sessions
  readonly spares: Agents['spares']
  readonly tasks: ReturnType<typeof openTasks>
  readonly parting: Parting
  readonly reloading: Reloading
  readonly health: Health
  /** Sessions that an earlier life left open. */
  readonly recovered: number
  /** Rejects when the database fails; never resolves. */
  readonly failed: Promise<never>
}

/** How long a start waits for the lock, so that "stop; start" works. */
const LOCK_WAIT_MS = 10_000

/** Resolves when the API listens. `scope` ends it all, also what a start that fails has made. */
export async function openLife(options: GatewayOptions, scope: AsyncDisposableStack): Promise<OpenedLife> {
  const live = new LiveConfig(options.config)
  const lifecycle = new Lifecycle(systemClock.now())
  scope.defer(() => lifecycle.closed(options.log.logger('daemon')))
  const ground = await openGround(options, scope)
  const { stateDir, store, node, health, failed } = ground
  const host = scope.use(await openHost({ options, store, node, stateDir }))
  options.controls.killNow = () => {
    options.recorder.forced()
    host.killNow()
  }
  const definitions = new LiveDefinitions({ live, env: options.env, stateDir, store: new AgentStore(stateDir) })
  const events = createEventLog(store)
  const agents = openAgents({
    ...options,
    live,
    host,
    definitions,
    stateDir,
    isPaused: () => health.chronicle.safeMode.isOn,
  })
  const spares = scope.use(agents.spares)
  const sessions = scope.use(openSessions(sessionPorts({ ...ground, options, live, agents, definitions, events })))
  health.chronicle.onSafeModeEnd = () => {
    sessions.goOn()
    spares.look()
  }
  const reloading = new Reloading({ options, live, lifecycle, sessions, store })
  options.controls.reload = () => reloading.request()
  const parting = scope.use(new Parting({ sessions, host, store, live, options }))
  const tasks = openTasks({ ...options, live, store, sessions }, scope)
  health.pulse.enter('recovering')
  const recovered = await sessions.recover()
  health.chronicle.recovered(sessions.recovered)
  const parts = {
    ...options,
    live,
    service: sessions.service,
    permissions: sessions.permissions,
    elicitations: sessions.elicitations,
    logins: sessions.logins,
    tasks: tasks.service,
    events,
    store,
    node,
    host,
    definitions,
    lifecycle,
    health,
    reloading,
    warm: () => ({ idle: sessions.idleAgents, spare: spares.ready }),
    statistics: () => sessions.statistics(),
  }
  const api = await withPortOwner(listenApi(parts, scope))
  const dumped = { lifecycle, node, health, sessions, spares, store, host, api, logger: options.log.logger('daemon') }
  options.controls.dumpState = () => void dumpState(dumped)
  return { store, node, lifecycle, api, sessions, spares, tasks, parting, reloading, health, recovered, failed }
}

interface Ground {
  /** Path. */
  readonly stateDir: string
  readonly store: Store
  readonly node: NodeRecord
  readonly health: Health
  readonly failed: Promise<never>
}

/** What no other gateway can have at the same time: lock, database, and the epoch that fences every earlier life. */
async function openGround(options: GatewayOptions, scope: AsyncDisposableStack): Promise<Ground> {
  const { config, env, log, paths, requests, version } = options
  const allowNetworkFileSystem = config.storage.networkFileSystem
  const stateDir = openStateDir(paths.stateDir, { allowNetworkFileSystem })
  const owner = { ...readOwnBirth(), version, since: systemClock.now() }
  scope.use(await acquireInstanceLock(stateDir.lockFile, owner, { waitMs: LOCK_WAIT_MS, signal: requests.drain }))
  const pulse = new Pulse()
  const failure = Promise.withResolvers<never>()
  failure.promise.catch(ignore('a failure during the start rejects what the start waits for'))
  const opened = scope.use(
    await openSqliteStore({
      file: stateDir.storeFile,
      reserveFile: stateDir.reserveFile,
      logger: log.logger('store'),
      ...storeThread(options, pulse),
      onWork: (isWorking) => pulse.inStore(isWorking),
      onFailure: failure.reject,
    }),
  )
  const store = withFailpoint(opened, failpointOf(env), log.logger('daemon'))
  const { self: node } = localNodes(await store.openNode(LOCAL_NODE, systemClock.now()))
  const health = await openHealth({ options, store, node, pulse }, scope)
  return { stateDir: stateDir.path, store, node, health, failed: failure.promise }
}

interface SessionParts extends Ground {
  readonly options: GatewayOptions
  readonly live: LiveConfig
  readonly agents: Agents
  readonly definitions: LiveDefinitions
  readonly events: ReturnType<typeof createEventLog>
}

function sessionPorts(parts: SessionParts): Parameters<typeof openSessions>[0] {
  const { options, live, store, node, agents, definitions, events, stateDir } = parts
  const rules = live.view(({ sessions: { roots } }) => ({ roots, forbidden: [stateDir] }))
  return {
    store,
    events,
    clock: systemClock,
    ids: systemIds,
    node: node.id,
    isPaused: parts.health.chronicle.safeMode.isOn,
    limits: live.view(sessionLimitsOf),
    lanes: new Lanes(live.view(laneBoundsOf)),
    logger: options.log.logger('session'),
    ...agents,
    warmLimits: live.view(({ agents: { idleMs: agentIdleMs } }) => ({ agentIdleMs })),
    promptRules: live.view(({ limits: { promptBytesMax, attachmentBytesMax } }) => ({
      promptBytesMax,
      attachmentBytesMax,
    })),
    family: live.view(({ tasks: { depthMax, childrenMax } }) => ({ depthMax, childrenMax })),
    checkCwd: (cwd) => checkCwd(cwd, rules),
    findDefinition: (name) => definitions.find(name),
    checkAgent: (definition) => checkAgent(options.env, definition),
    findMcpServer: (name) => {
      const server = live.current.mcpServers.get(name)
      return server && mcpServerEntry(options.env, server)
    },
  }
}
