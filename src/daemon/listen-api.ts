// Gives the API what it needs of the other parts and opens its listeners. The last thing to start, the first to stop.

import { createApi } from '../api/create-api.ts'
import type { Api } from '../api/create-api.ts'
import type { GatewayStatus, Readiness } from '../api/ports.ts'
import { systemClock } from '../base/clock.ts'
import type { LiveConfig } from '../config/live-config.ts'
import { ensureToken } from '../config/token.ts'
import { watchToken } from '../config/token-watch.ts'
import type { EventLog } from '../events/event-log.ts'
import type { AgentHost } from '../keeper/agent-host.ts'
import type { ElicitationControl } from '../session/elicitations/elicitation-control.ts'
import type { LoginControl } from '../session/agents/login-control.ts'
import type { PermissionControl } from '../session/permissions/permission-control.ts'
import type { SessionService } from '../session/service.ts'
import type { SessionStatisticsSnapshot } from '../session/insight/statistics.ts'
import type { NodeRecord, Store } from '../store/store.ts'
import type { TaskService } from '../tasks/task-service.ts'
import type { LiveDefinitions } from './known-agents.ts'
import type { Lifecycle } from './lifecycle.ts'
import { lookForAgents } from './look-for-agents.ts'
import type { Health } from './open-health.ts'
import type { Reloading } from './reloading.ts'
import type { GatewayOptions } from './run-gateway.ts'

export interface ApiParts extends GatewayOptions {
  readonly service: SessionService
  readonly tasks: TaskService
  readonly permissions: PermissionControl
  readonly elicitations: ElicitationControl
  readonly logins: LoginControl
  readonly events: EventLog
  readonly store: Store
  readonly node: NodeRecord
  readonly host: AgentHost
  readonly definitions: LiveDefinitions
  readonly live: LiveConfig
  readonly lifecycle: Lifecycle
  readonly reloading: Reloading
  readonly health: Health
  statistics(): SessionStatisticsSnapshot
  /** Agents that live although no turn needs them. */
  warm(): { readonly idle: number; readonly spare: number }
}

/** Resolves when the API answers; `scope` ends it. PORT_IN_USE, TOKEN_FILE_UNSAFE. */
export async function listenApi(parts: ApiParts, scope: AsyncDisposableStack): Promise<Api> {
  const { config, live, paths, log, service, tasks, permissions, elicitations, logins, events } = parts
  const { definitions, lifecycle, requests, health } = parts
  const { http, origins } = config
  ensureToken(paths.tokenFile)
  const tokens = scope.use(watchToken(paths.tokenFile, systemClock))
  parts.reloading.checkToken = () => tokens.check()
  const tcp = {
    host: http.host,
    port: http.port,
    isPortExplicit: origins['http.port'] !== 'default',
    portFile: paths.portFile,
    fd: parts.supervision.sockets?.tcp?.fd,
  }
  const api = createApi({
    service,
    tasks,
    permissions,
    elicitations,
    logins,
    events,
    storage: parts.store,
    tokens,
    version: parts.version,
    agents: () => [...definitions.current.values()],
    detectAgents: () => lookForAgents(parts),
    config: live.view(({ http: { allowedHosts, allowedOrigins }, acp: { mcpCommands }, limits: { bodyBytesMax } }) => ({
      tcp: http.enabled ? tcp : undefined,
      socket: paths.socket,
      socketFd: parts.supervision.sockets?.unix?.fd,
      allowedHosts,
      allowedOrigins,
      mcpCommands,
      bodyBytesMax,
    })),
    gateway: {
      phase: () => lifecycle.state,
      readiness: () => readinessOf(parts),
      leaveSafeMode: () => health.chronicle.safeMode.leave(),
      status: () => readStatus(parts),
      statistics: parts.statistics,
      reload: () => parts.reloading.reload(),
      stop: ({ now, drainMs, keepAgents }) => {
        requests.stop('asked over the API', { budgetMs: drainMs, keepsAgents: keepAgents })
        if (now) requests.stop('asked over the API')
      },
      restart: (reason) => parts.restart(reason),
    },
    logger: log.logger('api'),
  })
  scope.use(api)
  await api.listen()
  return api
}

/** A database that leaves a probe without an answer for so long takes no work. */
const STORE_SILENT_MS = 5_000

function readinessOf({ lifecycle, health: { chronicle, pulse } }: ApiParts): Readiness {
  if (lifecycle.state !== 'ready') return lifecycle.state
  if (chronicle.safeMode.isOn) return 'safe_mode'
  return pulse.isStoreSilent(STORE_SILENT_MS) ? 'store' : 'ready'
}

async function readStatus(parts: ApiParts): Promise<GatewayStatus> {
  const { version, lifecycle, node, paths, host, store, warm, health } = parts
  const { hosting, tagging, live, stuck, wardenPid, keepers } = host.describe()
  const { idle, spare } = warm()
  const counts = await store.counts()
  return {
    version,
    nodeVersion: process.version,
    pid: process.pid,
    startedAt: lifecycle.startedAt,
    node: node.id,
    epoch: node.epoch,
    stateDir: paths.stateDir,
    hosting,
    tagging,
    keepers,
    agentsLive: live + host.connections,
    agentsRemote: host.connections,
    agentsIdle: idle,
    agentsSpare: spare,
    agentsStuck: stuck,
    wardenPid,
    ...counts,
    health: { safeMode: health.chronicle.safeMode.state, ...(await health.chronicle.history()) },
    isDiskFull: !store.hasRoom(),
  }
}
