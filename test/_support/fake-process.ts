// An agent that is a function, behind the whole way from the spawn to the connection: what it is sent, and what it tells.

import { systemClock } from '../../src/base/clock.ts'
import type { Clock } from '../../src/base/clock.ts'
import type { AgentSessionId, SessionId, TurnId } from '../../src/base/ids.ts'
import type { JsonObject } from '../../src/base/json.ts'
import type { AgentHost, LocalProcess, ProcessListener, StopReport } from '../../src/keeper/agent-host.ts'
import { createAgentConnector } from '../../src/agent/start/connect-agent.ts'
import type { ConnectorPorts } from '../../src/agent/start/connect-agent.ts'
import type { AgentConnection, AgentListener, WhenLost } from '../../src/agent/connection.ts'
import { UNEQUIPPED } from '../../src/agent/equipment.ts'
import type { AgentEquipment } from '../../src/agent/equipment.ts'
import type { CommandAgent, ProtocolChoice } from '../../src/agent/definition.ts'
import type { WantedOption } from '../../src/agent/control-plan.ts'
import type { AgentOffer } from '../../src/agent/start/list-agent-sessions.ts'
import { SpokenVersions } from '../../src/agent/start/spoken-versions.ts'
import { startAgent } from '../../src/agent/start/start-agent.ts'

const REPORT: StopReport = { forced: false, swept: 0, survivors: [], ms: 0, exit: undefined }

export type Answering = (message: JsonObject, process: FakeProcess) => void

/** A process whose stdin is a function; it tells line by line, or many lines at once. */
export class FakeProcess implements LocalProcess {
  readonly leaseId = 1
  readonly pid = 42
  readonly startedAt = 0
  readonly isRetiring = false
  readonly sent: JsonObject[] = []
  /** As they were written. */
  readonly lines: string[] = []
  readonly pinned = []
  acknowledged = 0
  stops = 0
  #listener: ProcessListener | undefined
  #lines = 0
  readonly #answering: Answering

  constructor(answering: Answering) {
    this.#answering = answering
  }

  listen(listener: ProcessListener): void {
    this.#listener = listener
  }

  send(line: string): void {
    const message = JSON.parse(line) as JsonObject
    this.sent.push(message)
    this.lines.push(line)
    queueMicrotask(() => this.#answering(message, this))
  }

  flushed(): Promise<boolean> {
    return Promise.resolve(true)
  }

  wasWritten(): boolean {
    return false
  }

  tell(...messages: (JsonObject | string)[]): void {
    const lines = messages.map((message) => (typeof message === 'string' ? message : JSON.stringify(message)))
    const first = this.#lines + 1
    this.#lines += lines.length
    this.#listener?.onLines({ first, lines })
  }

  /** Lines that had bytes in them that were not UTF-8. */
  tellDamaged(...messages: JsonObject[]): void {
    const first = this.#lines + 1
    this.#lines += messages.length
    const damaged = messages.map((_, i) => first + i)
    this.#listener?.onLines({ first, lines: messages.map((message) => JSON.stringify(message)), damaged })
  }

  /** It closes its stdin and lives on. */
  closeInput(): void {
    this.#listener?.onInputLost('closed')
  }

  exit(code: number): void {
    this.#listener?.onExit({ code, signal: null })
  }

  pin(): void {}

  acknowledge(n: number): void {
    this.acknowledged = n
  }

  stderrTail(): string {
    return 'its last words'
  }

  stop(): Promise<StopReport> {
    this.stops++
    return Promise.resolve(REPORT)
  }
}

/** Answers the handshake; everything else goes to `rest`. */
export function polite(rest: Answering = () => {}, capabilities: JsonObject = {}): Answering {
  return (message, process) => {
    if (message['method'] === 'initialize') {
      return process.tell(result(message, { protocolVersion: 1, agentCapabilities: capabilities }))
    }
    if (message['method'] === 'session/new') return process.tell(result(message, { sessionId: 's1' }))
    rest(message, process)
  }
}

export function result(message: JsonObject, value: JsonObject): JsonObject {
  return { jsonrpc: '2.0', id: message['id'] ?? null, result: value }
}

export function chunk(text: string, sessionId = 's1'): JsonObject {
  const update = { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } }
  return { jsonrpc: '2.0', method: 'session/update', params: { sessionId, update } }
}

export interface Setup {
  readonly resume?: string
  /** When that began, epoch ms. */
  readonly begunAt?: number
  readonly clock?: Clock
  readonly signal?: AbortSignal
  readonly ms?: number
  readonly whenLost?: WhenLost
  readonly options?: readonly WantedOption[]
  readonly equipment?: AgentEquipment
  /** Files that the agent gets, and where its session works; none, and a directory that is not there. */
  readonly files?: CommandAgent['files']
  readonly cwd?: string
  readonly protocol?: ProtocolChoice
  readonly wantsHistory?: boolean
  /** What further spawns give, one after the other. */
  readonly next?: readonly FakeProcess[]
  readonly versions?: SpokenVersions
  /** Answers as a spare: it is initialised before the connection is asked for. */
  readonly spare?: FakeProcess
  /** What the host does when the spare is assigned. */
  readonly assign?: (to: { sessionId: string | undefined; generation: number }) => Promise<void>
}

const DEFINITION: CommandAgent = { name: 'fake', title: 'Fake', argv: ['fake'], env: {}, source: 'config' }
const never = new AbortController().signal

/** `process` is what a spawn gives. */
export async function connectWith(
  process: FakeProcess,
  { resume, begunAt, ms = 1_000, whenLost = 'fail', options = [], spare, assign, ...setup }: Setup,
): Promise<AgentConnection> {
  const { equipment = UNEQUIPPED, files, cwd = '/work', protocol, wantsHistory = false, next = [], versions } = setup
  const spawned = spare === undefined ? [process, ...next] : [spare, process]
  const { clock = systemClock, signal = never } = setup
  const ports = { ...portsTo(spawned, ms, assign), clock, ...(versions !== undefined && { versions }) }
  const definition = { ...DEFINITION, files, protocol }
  const ahead = { definition, sessionId: undefined, generation: 0, cwd: '/' }
  const request = {
    definition,
    wantsHistory,
    sessionId: 'ses_1' as SessionId,
    generation: 1,
    cwd,
    roots: [cwd],
    equipment,
    resume: resume as AgentSessionId | undefined,
    begunAt,
    whenLost,
    options,
    spare: spare === undefined ? undefined : await startAgent(ports, ahead, never),
  }
  return createAgentConnector(ports).connect(request, signal)
}

export function connect(process: FakeProcess, resume?: string, ms = 1_000): Promise<AgentConnection> {
  return connectWith(process, { ...(resume !== undefined && { resume }), ms })
}

/** Everything that is told, as short words in order. */
export function recorder(): { told: string[]; listener: AgentListener } {
  const told: string[] = []
  return {
    told,
    listener: {
      update: (data) => told.push(`update ${(JSON.parse(data) as { content: { text: string } }).content.text}`),
      answered: (turnId, answer) =>
        told.push(`answered ${turnId} ${answer.kind === 'stopped' ? answer.stopReason : answer.error.code}`),
      permissionAsked: ({ requestId, options }) => told.push(`permission ${requestId} ${options.length}`),
      elicitationAsked: ({ requestId, elicitation }) => told.push(`elicitation ${requestId} ${elicitation.mode}`),
      elicitationCompleted: (elicitationId) => told.push(`completed ${elicitationId}`),
      described: (update) => told.push(`described ${JSON.stringify(update['sessionUpdate'])}`),
      controlled: (no, { kind }) => told.push(`${kind} ${no}`),
      requestCancelled: (requestId) => told.push(`withdrawn ${requestId}`),
      extension: (data) => told.push(`extension ${data}`),
      warning: (data) => told.push(`warning ${(JSON.parse(data) as { warning: string }).warning}`),
      alive: () => told.push('alive'),
      lost: (error) => told.push(`lost ${error.code}`),
      batchEnd: (n) => told.push(`end ${n}`),
    },
  }
}

export const TURN = 'turn_1' as TurnId
export const TEXT = JSON.stringify([{ type: 'text', text: 'hi' }])

/** Asks the agent which sessions of its own it offers. */
export function offerOf(process: FakeProcess): Promise<AgentOffer> {
  return createAgentConnector(portsTo([process], 1_000)).offer({ definition: DEFINITION, cwd: '/work' }, never)
}

/** Has the agent delete a session of its own; `ready` as in ForgetRequest. */
export function forgetOn(process: FakeProcess, ready: () => Promise<void>): Promise<void> {
  const request = { definition: DEFINITION, cwd: '/work', agentSessionId: 's-old' as AgentSessionId, ready }
  return createAgentConnector(portsTo([process], 1_000)).forget(request, never)
}

/** Spawns give `processes`, one after the other. */
function portsTo(processes: readonly FakeProcess[], ms: number, assign?: Setup['assign']): ConnectorPorts {
  const left = [...processes]
  const host = {
    spawn: () => Promise.resolve(left.shift()),
    assign: (_: unknown, to: never) => assign?.(to) ?? Promise.resolve(),
  }
  return {
    host: host as unknown as AgentHost,
    clock: systemClock,
    limits: { initializeMs: ms, sessionMs: ms, lineBytesMax: 1_000_000 },
    version: '1.2.3',
    versions: new SpokenVersions(),
    environmentOf: () => ({}),
    findDefinition: () => undefined,
    ownPlaces: { directories: [], files: [] },
    idleDirectory: () => '/idle',
  }
}
