// The session service without its front door: SQLite store, inline host, real agent processes, no HTTP, in one process.
// What is left between this and the gateway is the cost of the API.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

import { SpokenVersions } from '../src/agent/start/spoken-versions.ts'
import { createAgentConnector } from '../src/agent/start/connect-agent.ts'
import type { AgentDefinition } from '../src/agent/definition.ts'
import { systemClock } from '../src/base/clock.ts'
import { systemIds } from '../src/base/ids.ts'
import type { SessionId } from '../src/base/ids.ts'
import type { EventLog, EventStream } from '../src/events/event-log.ts'
import { createEventLog } from '../src/events/log.ts'
import { openInlineHost } from '../src/keeper/inline-host.ts'
import { openLog } from '../src/observe/logger.ts'
import { RemoteHost } from '../src/remote/remote-host.ts'
import { AgentSlots } from '../src/session/agents/agent-slots.ts'
import { Lanes } from '../src/session/agents/lanes.ts'
import { openSessions } from '../src/session/open-sessions.ts'
import type { SessionService } from '../src/session/service.ts'
import type { SessionLimits } from '../src/session/state.ts'
import { openSqliteStore } from '../src/store/open-sqlite-store.ts'
import { serveSide } from './side.ts'
import type { Side, SideOptions, TurnBatch, TurnTimes } from './side.ts'

const LIMITS: SessionLimits = {
  startMs: 60_000,
  silenceMs: 600_000,
  turnMs: 7_200_000,
  cancelGraceMs: 10_000,
  permissionMs: 600_000,
  stopMs: 30_000,
  controlMs: 1_000,
  queueDepthMax: 32,
  queuedMax: 1_000,
  startPauseMs: 250,
  agentQuietMs: 2_000,
  lateOutputMs: 1_000,
  boundLanes: [],
  permissionsOpenMax: 64,
  turnBytesMax: 1024 * 1024 * 1024,
  turnEventsMax: 10_000_000,
}
const CONNECT_LIMITS = { initializeMs: 60_000, sessionMs: 60_000, lineBytesMax: 16 * 1024 * 1024 }
const AGENTS_MAX = 64

class InProcessSide implements Side {
  readonly #scope = new AsyncDisposableStack()
  #cwd = ''
  #service: SessionService | undefined
  #events: EventLog | undefined

  async open({ home, agent }: SideOptions): Promise<{ pid: number; readyMs: number }> {
    const from = performance.now()
    mkdirSync(home, { recursive: true, mode: 0o700 })
    this.#cwd = home
    const log = this.#scope.use(openLog({ level: 'warn' }))
    const store = this.#scope.use(await openSqliteStore({ file: join(home, 'in-process.db') }))
    const node = await store.openNode('local', systemClock.now())
    const local = await openInlineHost({ store, node, clock: systemClock })
    const host = this.#scope.use(
      new RemoteHost(local, { clock: systemClock, headersOf: (_, headers) => ({ ...headers }) }),
    )
    const definition: AgentDefinition = { name: 'bench', title: 'bench', argv: agent, env: {}, source: 'config' }
    const environment = { PATH: process.env['PATH'] ?? '' }
    const starting = { host, clock: systemClock, limits: CONNECT_LIMITS, version: '0', versions: new SpokenVersions() }
    const ports = {
      ...starting,
      environmentOf: () => environment,
      idleDirectory: () => home,
      findDefinition: () => undefined,
      ownPlaces: { directories: [], files: [] },
    }
    this.#events = createEventLog(store)
    const sessions = openSessions({
      store,
      events: this.#events,
      clock: systemClock,
      ids: systemIds,
      node: node.id,
      limits: LIMITS,
      logger: log.logger('session'),
      connector: createAgentConnector(ports),
      lanes: new Lanes({ interactive: 0, background: 0, scheduled: 0 }),
      slots: new AgentSlots({ liveMax: AGENTS_MAX, startingMax: 4, waitMs: 60_000 }, systemClock),
      spares: undefined,
      warmLimits: { agentIdleMs: 0 },
      promptRules: { promptBytesMax: 1024 * 1024, attachmentBytesMax: 0 },
      family: { depthMax: 4, childrenMax: 32 },
      checkAgent: () => Promise.resolve(),
      checkCwd: (cwd) => Promise.resolve(cwd),
      findDefinition: () => definition,
      findMcpServer: () => undefined,
    })
    this.#service = this.#scope.use(sessions).service
    return { pid: process.pid, readyMs: performance.now() - from }
  }

  async coldStart(): Promise<{ session: string; readyMs: number; endMs: number }> {
    const from = performance.now()
    const { status } = await this.#service!.ensure({ agent: 'bench', cwd: this.#cwd })
    const { no, id } = status.session
    using stream = this.#events!.subscribe(no, 0)
    const watch = new Watch(stream, from)
    await this.#service!.prompt(id, { prompt: [{ type: 'text', text: 'turn' }] })
    const { endMs } = await watch.turn()
    return { session: id, readyMs: watch.readyMs, endMs }
  }

  async prompt(session: string, text: string, count: number): Promise<TurnBatch> {
    const id = session as SessionId
    const { no, lastSeq } = (await this.#service!.get(id)).session
    using stream = this.#events!.subscribe(no, lastSeq)
    const before = process.cpuUsage()
    const turns: TurnTimes[] = []
    for (let i = 0; i < count; i++) {
      const ended = new Watch(stream, performance.now()).turn()
      await Promise.all([this.#service!.prompt(id, { prompt: [{ type: 'text', text }] }), ended])
      turns.push(await ended)
    }
    const { user, system } = process.cpuUsage(before)
    return { turns, cpuMs: (user + system) / 1000 }
  }

  async close(): Promise<void> {
    await this.#scope.disposeAsync()
  }
}

/** Reads a stream to the end of one turn. */
class Watch {
  readyMs = 0
  readonly #stream: EventStream
  readonly #from: number

  constructor(stream: EventStream, from: number) {
    this.#stream = stream
    this.#from = from
  }

  async turn(): Promise<TurnTimes> {
    const reader = this.#stream[Symbol.asyncIterator]()
    const times = { firstMs: 0, lastMs: 0, endMs: 0, updates: 0 }
    while (times.endMs === 0) {
      const { value, done } = await reader.next()
      if (done) throw new Error('the event stream ended')
      const now = performance.now() - this.#from
      for (const { type } of value) {
        if (type === 'agent.ready') this.readyMs = now
        if (type === 'turn.ended') times.endMs = now
        if (type !== 'update') continue
        times.lastMs = now
        if (times.updates++ === 0) times.firstMs = now
      }
    }
    return times
  }
}

serveSide(new InProcessSide())
