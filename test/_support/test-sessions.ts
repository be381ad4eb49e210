// A session service on a real store in a directory of its own, with fake agents; `restart` is a new life on the same rows.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { systemClock } from '../../src/base/clock.ts'
import { systemIds } from '../../src/base/ids.ts'
import { createEventLog } from '../../src/events/log.ts'
import type { EventLog } from '../../src/events/event-log.ts'
import type { Logger } from '../../src/observe/logger.ts'
import { AgentSlots } from '../../src/session/agents/agent-slots.ts'
import { Lanes } from '../../src/session/agents/lanes.ts'
import { openSessions } from '../../src/session/open-sessions.ts'
import type { Sessions, SessionsPorts } from '../../src/session/open-sessions.ts'
import type { SessionService } from '../../src/session/service.ts'
import type { SessionLimits } from '../../src/session/state.ts'
import { openSqliteStore } from '../../src/store/open-sqlite-store.ts'
import type { EventRecord } from '../../src/store/records.ts'
import type { Store } from '../../src/store/store.ts'
import { TaskKeeper } from '../../src/tasks/task-keeper.ts'
import { createTaskService } from '../../src/tasks/task-service.ts'
import type { TaskService } from '../../src/tasks/task-service.ts'
import { fakeConnector } from './fake-connector.ts'
import type { FakeConnector } from './fake-connector.ts'

export const QUICK_LIMITS: SessionLimits = {
  startMs: 2_000,
  silenceMs: 2_000,
  turnMs: 5_000,
  cancelGraceMs: 100,
  permissionMs: 2_000,
  stopMs: 2_000,
  controlMs: 1_000,
  queueDepthMax: 8,
  queuedMax: 1_000,
  startPauseMs: 1,
  agentQuietMs: 100,
  lateOutputMs: 50,
  boundLanes: [],
  permissionsOpenMax: 4,
  turnBytesMax: 100_000,
  turnEventsMax: 1_000,
}

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

export class TestSessions implements AsyncDisposable {
  readonly dir: string
  readonly limits: SessionLimits
  readonly #ports: Partial<SessionsPorts>
  connector: FakeConnector = fakeConnector()
  store!: Store
  events!: EventLog
  #sessions!: Sessions
  #keeper!: TaskKeeper

  private constructor(dir: string, limits: SessionLimits, ports: Partial<SessionsPorts>) {
    this.dir = dir
    this.limits = limits
    this.#ports = ports
  }

  /** `ports` replaces what the sessions get from outside; also in later lives. */
  static async start(limits: Partial<SessionLimits> = {}, ports: Partial<SessionsPorts> = {}): Promise<TestSessions> {
    const dir = await mkdtemp(join(tmpdir(), 'holdfast-test-'))
    const sessions = new TestSessions(dir, { ...QUICK_LIMITS, ...limits }, ports)
    await sessions.#open()
    return sessions
  }

  get service(): SessionService {
    return this.#sessions.service
  }

  get sessions(): Sessions {
    return this.#sessions
  }

  get tasks(): TaskService {
    return createTaskService({ store: this.store, sessions: this.service, limits: { retentionMs: 60_000 } })
  }

  /** The process dies and another starts: nothing of the old life is told anything. `keepAgents`: as with a keeper. */
  async restart({ keepAgents = false }: { keepAgents?: boolean } = {}): Promise<void> {
    if (keepAgents) this.connector.cut()
    await this.#close()
    const { onPrompt, agents } = this.connector
    this.connector = fakeConnector(onPrompt, keepAgents ? agents.filter(({ stops }) => stops === 0) : [])
    await this.#open()
    await this.#sessions.recover()
    this.#keeper.look()
  }

  /** All events of a session, as `type` or `type:state`. */
  async history(no: number): Promise<string[]> {
    const events = await this.store.readEvents(no, 0, 10_000)
    return events.map((event) => nameOf(event))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close()
    await rm(this.dir, { recursive: true })
  }

  async #open(): Promise<void> {
    this.store = await openSqliteStore({ file: join(this.dir, 'test.db') })
    const node = await this.store.openNode('local', Date.now())
    this.events = createEventLog(this.store)
    const definition = { name: 'fake', title: 'Fake', argv: ['fake'] as const, env: {}, source: 'config' as const }
    this.#sessions = openSessions({
      store: this.store,
      events: this.events,
      clock: systemClock,
      ids: systemIds,
      node: node.id,
      limits: this.limits,
      logger: silent,
      connector: this.connector,
      slots: new AgentSlots({ liveMax: 4, startingMax: 4, waitMs: 1_000 }, systemClock),
      lanes: new Lanes({ interactive: 0, background: 0, scheduled: 0 }),
      spares: undefined,
      warmLimits: { agentIdleMs: 0 },
      findDefinition: (name) => (name === 'fake' ? definition : undefined),
      checkCwd: (cwd) => Promise.resolve(cwd),
      checkAgent: () => Promise.resolve(),
      findMcpServer: () => undefined,
      promptRules: { promptBytesMax: 10_000, attachmentBytesMax: 100_000 },
      family: { depthMax: 4, childrenMax: 100 },
      ...this.#ports,
    })
    this.#openKeeper()
  }

  #openKeeper(): void {
    const ports = { store: this.store, sessions: this.#sessions, limits: { retentionMs: 60_000 } }
    const keeper = new TaskKeeper({ ...ports, clock: systemClock, logger: silent })
    this.#sessions.onTaskDue = () => keeper.look()
    this.#keeper = keeper
  }

  async #close(): Promise<void> {
    await this.#keeper[Symbol.asyncDispose]()
    await this.#sessions[Symbol.asyncDispose]()
    await this.store[Symbol.asyncDispose]()
  }
}

function nameOf(event: EventRecord): string {
  const { state } = JSON.parse(event.data) as { state?: string }
  return state === undefined ? event.type : `${event.type}:${state}`
}
