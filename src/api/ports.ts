// What the API needs from the program around it. The daemon fills it in; tests fill it with fakes.

import type { Logger } from '../observe/logger.ts'
import type { EventLog, EventStream } from '../events/event-log.ts'
import type { SessionStatisticsSnapshot } from '../session/insight/statistics.ts'
import type { ElicitationControl } from '../session/elicitations/elicitation-control.ts'
import type { LoginControl } from '../session/agents/login-control.ts'
import type { PermissionControl } from '../session/permissions/permission-control.ts'
import type { SessionService } from '../session/service.ts'
import type { TaskService } from '../tasks/task-service.ts'

/** What a reload may change is read at each use: names, and the size of a body. */
export interface ApiConfig {
  /** Undefined: no TCP listener. */
  readonly tcp: TcpConfig | undefined
  /** Path of the unix socket, in a directory of mode 0700. Undefined: no socket (embedding). */
  readonly socket: string | undefined
  /** A descriptor that listens on `socket` already and that somebody else holds, too. */
  readonly socketFd?: number | undefined
  /** Further values of the Host header, exactly as sent. */
  readonly allowedHosts: readonly string[]
  /** Values of the Origin header that are let in, exactly as sent. */
  readonly allowedOrigins: readonly string[]
  /** Editors may bring MCP servers with commands over TCP, too. */
  readonly mcpCommands: boolean
  readonly bodyBytesMax: number
}

export interface TcpConfig {
  readonly host: '127.0.0.1' | '::1'
  /** 0: any free one. */
  readonly port: number
  /** False: when `port` is taken, a free one is used instead. True: PORT_IN_USE. */
  readonly isPortExplicit: boolean
  /** Where the port in use is written, for clients that want TCP. */
  readonly portFile: string | undefined
  /** A descriptor that listens already and that somebody else holds, too; host and port are its own then. */
  readonly fd?: number | undefined
}

/** The token of this gateway, as its digest: the API never holds the token itself. */
export interface TokenProvider {
  /** SHA-256 of the valid token; undefined while there is none: every request is refused. */
  digest(): Uint8Array | undefined
  /** Called after each change: what was opened with the old token is closed. */
  onRotated(listener: () => void): Disposable
}

export interface AgentSummary {
  readonly name: string
  readonly title: string
  /** Undefined for a remote agent. */
  readonly argv?: readonly [string, ...string[]] | undefined
  readonly remote?: { readonly url: string } | undefined
  readonly source: 'built-in' | 'config' | 'imported' | 'installed'
  /** The versions of ACP that it is offered; absent: 1. */
  readonly protocol?: 1 | 2 | 'auto' | undefined
  /** Our own. */
  readonly isBundled?: boolean | undefined
}

/** What can be seen of an agent without starting it. */
export interface AgentPresence {
  readonly installed: 'yes' | 'no' | 'unknown'
  readonly version: string | undefined
  readonly login: 'yes' | 'no' | 'unknown'
  /** What a person does to log in. */
  readonly loginHelp: string | undefined
  readonly homepage: string | undefined
}

export type GatewayPhase = 'starting' | 'ready' | 'draining' | 'stopped'

export interface GatewayStatus {
  readonly version: string
  readonly nodeVersion: string
  readonly pid: number
  /** Epoch ms. */
  readonly startedAt: number
  readonly node: string
  readonly epoch: number
  readonly stateDir: string
  readonly hosting: 'inline' | 'keeper'
  readonly tagging: 'prlimit' | 'ulimit' | 'marker'
  readonly keepers: readonly KeeperStatus[]
  readonly agentsLive: number
  /** Of those, the connections to agents of other machines. */
  readonly agentsRemote: number
  /** Of those, the ones that wait for a prompt of their session. */
  readonly agentsIdle: number
  /** Of those, the ones that were started ahead and belong to no session. */
  readonly agentsSpare: number
  readonly agentsStuck: number
  /** Undefined: nothing ends the agents when the gateway dies. */
  readonly wardenPid: number | undefined
  readonly sessionsByState: { readonly open: number; readonly closing: number; readonly closed: number }
  readonly turnsQueued: number
  readonly turnsActive: number
  readonly permissionsOpen: number
  readonly elicitationsOpen: number
  readonly sessionsDamaged: number
  /** New work is refused. */
  readonly isDiskFull: boolean
  readonly health: HealthStatus
}

export interface HealthStatus {
  /** Undefined: it is off. */
  readonly safeMode: { readonly since: number; readonly endsAt: number; readonly crashes: number } | undefined
  /** Lives that are on record, and how many of them ended unasked. */
  readonly lives: number
  readonly crashes: number
  readonly lastCrash: CrashStatus | undefined
}

/** The last life that ended unasked, and what the next one made of its turns. */
export interface CrashStatus {
  readonly epoch: number
  readonly pid: number
  readonly version: string
  readonly startedAt: number
  /** When it ended, if that is known; else when it was found. */
  readonly endedAt: number
  readonly how: 'crashed' | 'wedged' | 'killed' | 'machine_down'
  readonly reason: string
  readonly turnsTakenOver: number | undefined
  readonly turnsInterrupted: number | undefined
}

export interface KeeperStatus {
  readonly no: number
  readonly pid: number
  readonly version: string
  readonly live: number
  readonly isRetiring: boolean
}

export interface StopRequest {
  /** True: running turns get no time. */
  readonly now: boolean
  /** Budget of the drain; undefined: the configured one. */
  readonly drainMs: number | undefined
  /** Agents and turns are left to the next gateway. */
  readonly keepAgents: boolean
}

/** The gateway ends. */
export interface Leaving {
  readonly reason: 'stop' | 'restart'
  /** Epoch ms: running turns have until then. */
  readonly until: number
}

/** Why no new work is taken, if none is. `store`: the database has not answered for some seconds. */
export type Readiness = GatewayPhase | 'safe_mode' | 'store'

export interface ReloadedOption {
  readonly name: string
  readonly from: unknown
  readonly to: unknown
}

export interface ReloadReport {
  readonly applied: readonly ReloadedOption[]
  /** Hold from the next start on. */
  readonly pending: readonly ReloadedOption[]
  readonly agents: readonly {
    readonly name: string
    readonly change: 'added' | 'changed' | 'removed'
    readonly sessions: number
  }[]
  readonly mcpServers: readonly { readonly name: string; readonly change: 'added' | 'changed' | 'removed' }[]
}

export interface RestartOutcome {
  readonly outcome: 'accepted' | 'coalesced'
  readonly way: 'supervised' | 'successor' | 'in-process'
}

export interface GatewayPort {
  phase(): GatewayPhase
  readiness(): Readiness
  /** A person ends safe mode. False when it was off. */
  leaveSafeMode(): boolean
  status(): Promise<GatewayStatus>
  statistics(): SessionStatisticsSnapshot
  /** Reads the configuration again. CONFIG_INVALID, GATEWAY_DRAINING: nothing has changed. */
  reload(): Promise<ReloadReport>
  /** Begins to stop; returns at once. Safe to call again. */
  stop(request: StopRequest): void
  /** Resolves when the restart is prepared and has begun. GATEWAY_DRAINING, RESTART_REFUSED. */
  restart(reason: string): Promise<RestartOutcome>
}

type EventBatch = EventStream extends AsyncIterable<infer Batch> ? Batch : never
export type EventRecord = EventBatch[number]

/** Events that cannot be read as they were written; both ends included. */
export interface LostEvents {
  readonly from: number
  readonly to: number
  readonly reason: string
}

/** The database as a whole. */
export interface StoragePort {
  /** BACKUP_FAILED. */
  backUp(target: {
    readonly path: string
    readonly replace: boolean
  }): Promise<{ readonly bytes: number; readonly quarantined: number }>
  /** One line per problem. */
  verify(): Promise<readonly string[]>
  salvageEvents(
    sessionNo: number,
    after: number,
    limit: number,
  ): Promise<{
    readonly entries: readonly (EventRecord | LostEvents)[]
    readonly nextAfter: number
    readonly isEnd: boolean
  }>
}

export interface StreamLimits {
  readonly perSessionMax: number
  readonly totalMax: number
  /** A reader that takes nothing for so long is cut. */
  readonly stallMs: number
  readonly heartbeatMs: number
}

export interface ApiPorts {
  readonly service: SessionService
  readonly tasks: TaskService
  readonly permissions: PermissionControl
  readonly elicitations: ElicitationControl
  readonly logins: LoginControl
  readonly events: EventLog
  readonly gateway: GatewayPort
  readonly storage: StoragePort
  /** Of this program; editors are told. */
  readonly version: string
  readonly tokens: TokenProvider
  readonly agents: () => readonly AgentSummary[]
  /** By name; starts nothing and never rejects. */
  readonly detectAgents: () => Promise<ReadonlyMap<string, AgentPresence>>
  readonly config: ApiConfig
  readonly logger: Logger
  /** For tests; the defaults are those of the reference (reliability 5). */
  readonly streamLimits?: StreamLimits
}
