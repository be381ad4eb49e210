// A gateway for tests of the command line: the real API on the socket of a temporary home, real sessions, fake agents.

import { createHash } from 'node:crypto'

import { createApi } from '../../src/api/create-api.ts'
import type { Api } from '../../src/api/create-api.ts'
import type {
  AgentPresence,
  AgentSummary,
  GatewayPhase,
  Readiness,
  ReloadReport,
  StopRequest,
} from '../../src/api/ports.ts'
import { pathsOf } from '../../src/config/paths.ts'
import { ensurePrivateDirectory } from '../../src/base/private-directory.ts'
import { ensureToken } from '../../src/config/token.ts'
import type { JsonObject } from '../../src/base/json.ts'
import type { SessionLimits } from '../../src/session/state.ts'
import type { OnPrompt } from './fake-connector.ts'
import { testCli } from './test-cli.ts'
import type { TestCli } from './test-cli.ts'
import { TestSessions } from './test-sessions.ts'
import { SessionStatistics } from '../../src/session/insight/statistics.ts'

export const FAKE_AGENT: AgentSummary = { name: 'fake', title: 'Fake', argv: ['node'], source: 'config' }

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

export class TestCliGateway implements AsyncDisposable {
  readonly cli: TestCli
  readonly sessions: TestSessions
  readonly stops: StopRequest[] = []
  readonly restarts: string[] = []
  epoch = 7
  agents: readonly AgentSummary[] = [FAKE_AGENT]
  presence: ReadonlyMap<string, AgentPresence> = new Map()
  phase: GatewayPhase = 'ready'
  /** Undefined: as the phase says. */
  readiness: Readiness | undefined
  /** As if the token of this home were another's. */
  refuseTokens = false
  #api: Api

  private constructor(cli: TestCli, sessions: TestSessions) {
    this.cli = cli
    this.sessions = sessions
    this.#api = this.#create()
  }

  /** Listens when it resolves, unless `isListening` is false: then `listen` does. */
  static async start(limits: Partial<SessionLimits> = {}, isListening = true): Promise<TestCliGateway> {
    const cli = testCli()
    const gateway = new TestCliGateway(cli, await TestSessions.start(limits))
    if (isListening) await gateway.listen()
    return gateway
  }

  set onPrompt(onPrompt: OnPrompt) {
    this.sessions.connector.onPrompt = onPrompt
  }

  async listen(): Promise<void> {
    const { stateDir, runDir, tokenFile } = pathsOf({ HOLDFAST_HOME: this.cli.home })
    for (const directory of [stateDir, runDir]) ensurePrivateDirectory(directory)
    ensureToken(tokenFile)
    await this.#api.listen()
  }

  /** What a reload does. */
  reload: () => Promise<ReloadReport> = () => Promise.resolve({ applied: [], pending: [], agents: [], mcpServers: [] })

  /** The API goes away and comes back; sessions go on meanwhile. */
  async cut(): Promise<void> {
    await this.#api.close()
    this.#api = this.#create()
  }

  /** The gateway dies and another starts on the same rows. */
  async restart(): Promise<void> {
    await this.#api.close()
    await this.sessions.restart()
    this.#api = this.#create()
    await this.listen()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#api.close()
    await this.sessions[Symbol.asyncDispose]()
    this.cli[Symbol.dispose]()
  }

  #create(): Api {
    const { socket, stateDir, tokenFile } = pathsOf({ HOLDFAST_HOME: this.cli.home })
    return createApi({
      service: this.sessions.service,
      permissions: this.sessions.sessions.permissions,
      elicitations: this.sessions.sessions.elicitations,
      logins: this.sessions.sessions.logins,
      tasks: this.sessions.tasks,
      events: this.sessions.events,
      storage: this.sessions.store,
      version: '9.8.7',
      agents: () => this.agents,
      detectAgents: () => Promise.resolve(this.presence),
      tokens: {
        digest: () => (this.refuseTokens ? undefined : createHash('sha256').update(ensureToken(tokenFile)).digest()),
        onRotated: () => ({ [Symbol.dispose]: () => {} }),
      },
      gateway: {
        phase: () => this.phase,
        readiness: () => this.readiness ?? this.phase,
        leaveSafeMode: () => {
          const left = this.readiness === 'safe_mode'
          this.readiness = undefined
          return left
        },
        status: () => this.#status(stateDir),
        statistics: () => new SessionStatistics(0).snapshot(),
        reload: () => this.reload(),
        stop: (request) => {
          this.stops.push(request)
          this.phase = 'draining'
          setImmediate(() => void this.#api.close())
        },
        restart: async (reason) => {
          this.restarts.push(reason)
          this.epoch += 1
          return { outcome: 'accepted', way: 'in-process' }
        },
      },
      config: {
        tcp: undefined,
        socket,
        allowedHosts: [],
        allowedOrigins: [],
        mcpCommands: false,
        bodyBytesMax: 1_000_000,
      },
      logger: silent,
    })
  }

  async #status(stateDir: string) {
    const { sessionsByState, turnsQueued, turnsActive, permissionsOpen, elicitationsOpen, sessionsDamaged } =
      await this.sessions.store.counts()
    return {
      version: '9.8.7',
      nodeVersion: process.version,
      pid: 4711,
      startedAt: Date.now(),
      node: 'local',
      epoch: this.epoch,
      stateDir,
      hosting: 'inline' as const,
      keepers: [],
      tagging: 'prlimit' as const,
      agentsLive: 0,
      agentsRemote: 0,
      agentsIdle: 0,
      agentsSpare: 0,
      agentsStuck: 0,
      wardenPid: 4711,
      sessionsByState,
      turnsQueued,
      turnsActive,
      permissionsOpen,
      elicitationsOpen,
      sessionsDamaged,
      isDiskFull: !this.sessions.store.hasRoom(),
      health: { safeMode: undefined, lives: 1, crashes: 0, lastCrash: undefined },
    }
  }
}

export const says = (text: string): string =>
  JSON.stringify({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } })

const OPTIONS: readonly JsonObject[] = [
  { optionId: 'once', name: 'Allow', kind: 'allow_once' },
  { optionId: 'no', name: 'Reject', kind: 'reject_once' },
]

/** An agent that asks before it answers, and says what it was told. */
export function asksFirst(toolCall: JsonObject, options: readonly JsonObject[] = OPTIONS): OnPrompt {
  return (agent, turnId) => {
    const { listener, outcomes } = agent
    listener.permissionAsked({ requestId: `r-${turnId}`, toolCall: JSON.stringify(toolCall), options })
    const told = outcomes.length
    outcomes.push = (...items) => {
      const [outcome] = items
      listener.update(says(`told ${JSON.stringify(outcome)}`))
      listener.answered(turnId, { kind: 'stopped', stopReason: 'end_turn', usage: undefined })
      return told + items.length
    }
  }
}
