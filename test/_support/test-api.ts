// The real API in front of the fake service: in process for most tests, on a unix socket and a port for the rest.

import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createApp } from '../../src/api/app.ts'
import { Guard } from '../../src/api/guard/guard.ts'
import { createApi } from '../../src/api/create-api.ts'
import type { Api } from '../../src/api/create-api.ts'
import type { ApiConfig, ApiPorts, GatewayPhase, Readiness, ReloadReport, StopRequest } from '../../src/api/ports.ts'
import { Streams } from '../../src/api/streams/streams.ts'
import type { App } from '../../src/api/routes/context.ts'
import type { SessionId } from '../../src/base/ids.ts'
import type { LoginControl, NeededLogin } from '../../src/session/agents/login-control.ts'
import type { Logger } from '../../src/observe/logger.ts'
import { FakeService } from './fake-service.ts'
import { NO_STORAGE } from './fake-storage.ts'
import { NO_ELICITATIONS, NO_PERMISSIONS } from './no-permissions.ts'
import type { FakeOptions } from './fake-service.ts'
import { fakeTasks } from './fake-tasks.ts'
import { SessionStatistics } from '../../src/session/insight/statistics.ts'

export const TOKEN = 'tok_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG'
export const HOST = '127.0.0.1:7433'

export class TestGateway {
  readonly service: FakeService
  readonly logged: { level: string; fields: object; message: string }[] = []
  readonly stops: StopRequest[] = []
  readonly restarts: string[] = []
  readonly #rotated = new Set<() => void>()
  /** What the API was told of logins, and what it answers. */
  readonly loginsTold: { agent: string; isLoggedIn: boolean }[] = []
  loginsNeeded: readonly NeededLogin[] = []
  readonly logins: LoginControl = {
    needed: () => Promise.resolve([...this.loginsNeeded]),
    changed: (agent, isLoggedIn) => {
      this.loginsTold.push({ agent, isLoggedIn })
      return Promise.resolve({ agent, retired: 1, resumed: ['ses_1' as SessionId] })
    },
  }
  phase: GatewayPhase = 'ready'
  reloaded: ReloadReport = { applied: [], pending: [], agents: [], mcpServers: [] }
  /** Undefined: as the phase says. */
  readiness: Readiness | undefined
  token: string | undefined = TOKEN

  constructor(options: FakeOptions = {}) {
    this.service = new FakeService(options)
  }

  rotate(token: string | undefined): void {
    this.token = token
    for (const listener of this.#rotated) listener()
  }

  ports(config: Partial<ApiConfig> = {}, more: Partial<ApiPorts> = {}): ApiPorts {
    return {
      service: this.service,
      permissions: NO_PERMISSIONS,
      elicitations: NO_ELICITATIONS,
      logins: this.logins,
      tasks: fakeTasks(this.service),
      events: this.service.events,
      storage: NO_STORAGE,
      version: STATUS.version,
      tokens: {
        digest: () => (this.token === undefined ? undefined : createHash('sha256').update(this.token).digest()),
        onRotated: (listener) => {
          this.#rotated.add(listener)
          return { [Symbol.dispose]: () => void this.#rotated.delete(listener) }
        },
      },
      gateway: {
        phase: () => this.phase,
        readiness: () => this.readiness ?? this.phase,
        leaveSafeMode: () => {
          const left = this.readiness === 'safe_mode'
          this.readiness = undefined
          return left
        },
        status: () => Promise.resolve(STATUS),
        statistics: () => new SessionStatistics(Date.parse('2026-01-01T00:00:00Z')).snapshot(),
        reload: () => Promise.resolve(this.reloaded),
        stop: (request) => this.#stop(request),
        restart: async (reason) => {
          this.restarts.push(reason)
          return { outcome: 'accepted', way: 'in-process' }
        },
      },
      agents: () => [{ name: 'demo', title: 'Demo', argv: ['demo-agent', '--key', 'sk-secret'], source: 'config' }],
      detectAgents: () => Promise.resolve(new Map()),
      logger: this.#logger(),
      config: {
        tcp: { host: '127.0.0.1', port: 7433, isPortExplicit: false, portFile: undefined },
        socket: undefined,
        allowedHosts: [],
        allowedOrigins: [],
        mcpCommands: false,
        bodyBytesMax: 200_000,
        ...config,
      },
      ...more,
    }
  }

  /** In process, without a listener: `inject` it. */
  app(config: Partial<ApiConfig> = {}): App {
    const ports = this.ports(config)
    const guard = new Guard({ port: ports.config.tcp?.port, names: ports.config, tokens: ports.tokens })
    return createApp({ ...ports, streams: new Streams(ports.streamLimits), url: () => undefined }, guard)
  }

  #stop(request: StopRequest): void {
    this.phase = 'draining'
    this.stops.push(request)
  }

  #logger(): Logger {
    const log = (level: string) => (fields: object, message: string) =>
      void this.logged.push({ level, fields, message })
    return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
  }
}

const STATUS = {
  version: '1.2.3',
  nodeVersion: 'v24.0.0',
  pid: 1234,
  startedAt: 1_700_000_000_000,
  node: 'local',
  epoch: 7,
  stateDir: '/state',
  hosting: 'inline',
  keepers: [],
  tagging: 'prlimit',
  agentsLive: 1,
  agentsRemote: 0,
  agentsIdle: 1,
  agentsSpare: 0,
  agentsStuck: 0,
  wardenPid: 4711,
  sessionsByState: { open: 3, closing: 1, closed: 5 },
  turnsQueued: 2,
  turnsActive: 1,
  permissionsOpen: 0,
  elicitationsOpen: 0,
  sessionsDamaged: 0,
  isDiskFull: false,
  health: { safeMode: undefined, lives: 1, crashes: 0, lastCrash: undefined },
} as const

export interface ListeningApi extends AsyncDisposable {
  readonly gateway: TestGateway
  readonly api: Api
  readonly socket: string
  readonly port: number
}

/** On a socket in a new directory of mode 0700 and on a free port. */
export async function listenTestApi(gateway = new TestGateway(), more: Partial<ApiPorts> = {}): Promise<ListeningApi> {
  const dir = mkdtempSync(join(tmpdir(), 'hf-api-'))
  const socket = join(dir, 'gateway.sock')
  const tcp = { host: '127.0.0.1', port: 0, isPortExplicit: true, portFile: join(dir, 'http-port') } as const
  const api = createApi(gateway.ports({ socket, tcp }, more))
  await api.listen()
  const close = async (): Promise<void> => {
    await api.close()
    rmSync(dir, { recursive: true, force: true })
  }
  return { gateway, api, socket, port: Number(new URL(api.url() ?? '').port), [Symbol.asyncDispose]: close }
}
