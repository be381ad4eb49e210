// Performs the effects that concern an agent process, and turns what the process does into inputs that carry its generation.
// Owns the connection and the attempt to get one; decides nothing.

import type { AgentConnection, AgentConnector, AgentListener } from '../../agent/connection.ts'
import type { AgentDefinition } from '../../agent/definition.ts'
import type { ExtensionCall } from '../../agent/link/extension-calls.ts'
import type { SparePool } from '../../agent/spares.ts'
import { ignore } from '../../base/deadline.ts'
import { CancelledError, HoldfastError, toStoredError } from '../../base/errors.ts'
import type { Json } from '../../base/json.ts'
import type { Ids, TurnId } from '../../base/ids.ts'
import type { StopReport } from '../../keeper/agent-host.ts'
import type { SessionEquipment, SessionRecord } from '../../store/records.ts'
import type { AgentSlot, AgentSlots } from './agent-slots.ts'
import type { Lanes } from './lanes.ts'
import type { Equipper } from '../equipment/equipper.ts'
import { rootsOfSession } from '../equipment/equipper.ts'
import { ForkSource } from '../history/fork-source.ts'
import type { ForkReader } from '../history/fork-source.ts'
import type { LogReader } from '../history/known-conversation.ts'
import { learnFrom } from '../history/learn-from.ts'
import type { LearnedReplay } from '../history/learn-replay.ts'
import type { PermissionJudge } from '../permissions/session-permissions.ts'
import type { AgentInput, Input } from '../input.ts'
import type { Effect } from '../effect.ts'

export interface RunnerPorts {
  readonly connector: AgentConnector
  readonly slots: AgentSlots
  readonly lanes: Lanes
  readonly spares: SparePool | undefined
  readonly ids: Ids
  readonly record: SessionRecord
  /** The log of the session, for what a replay tells beyond it. */
  readonly store: LogReader & ForkReader
  readonly judge: Pick<PermissionJudge, 'judge' | 'isAttended'>
  readonly equipper: Pick<Equipper, 'equip' | 'digestOf'>
  findDefinition(name: string): AgentDefinition | undefined
  post(input: AgentInput | LanePassed): void
  /** Told after everything a batch of lines caused: when it is stored, the lines can be acknowledged. */
  mark(generation: number, line: number): void
}

type LanePassed = Extract<Input, { kind: 'lane.passed' }>
type ElicitationEffect = Extract<Effect, { kind: 'agent.elicitation' }>
type StartEffect = Extract<Effect, { kind: 'agent.start' }>

export type AgentEffect = Exclude<
  Effect,
  { kind: 'reply' | 'count' | 'task.due' | 'rule.learn' | 'rule.forget' | 'end' }
>

interface Attempt {
  readonly generation: number
  readonly abort: AbortController
  /** Settles when the attempt is over and, if it failed, its process is gone. */
  readonly settled: Promise<AgentConnection | undefined>
  connection: AgentConnection | undefined
  /** For a slot. */
  isWaiting: boolean
  readonly started: StartedAs
}

/** The definition and equipment that a process was started with, once it is, and what its start has told. */
interface StartedAs {
  digest: string
  readonly equipment: SessionEquipment
  /** What its replay of the conversation has taught. */
  learned?: LearnedReplay | undefined
}

const NOTHING_TO_STOP: StopReport = { forced: false, swept: 0, survivors: [], ms: 0, exit: undefined }

export class AgentRunner {
  readonly #ports: RunnerPorts
  #attempt: Attempt | undefined
  #lanePass: { readonly no: number; readonly place: Disposable } | undefined

  constructor(ports: RunnerPorts) {
    this.#ports = ports
  }

  perform(effect: AgentEffect): void {
    if (effect.kind === 'agent.start') return this.#start(effect)
    if (effect.kind === 'lane.enter') return this.#enterLane(effect)
    if (effect.kind === 'lane.leave') return this.#leaveLane(effect.no)
    const attempt = this.#attempt
    if (attempt === undefined || attempt.generation !== effect.generation) return
    switch (effect.kind) {
      case 'agent.listen':
        return attempt.connection?.listen(this.#listener(effect.generation))
      case 'agent.prompt':
        return attempt.connection?.prompt(effect.turnId, effect.prompt, effect.meta)
      case 'agent.control':
        return attempt.connection?.control(effect.no, effect.request)
      case 'agent.cancel':
        return attempt.connection?.cancel()
      case 'agent.withdraw':
        return attempt.connection?.withdraw(effect.turnId)
      case 'agent.permission':
        return attempt.connection?.answerPermission(effect.requestId, effect.outcome)
      case 'agent.elicitation':
        return void this.#answer(attempt.connection, effect).catch(ignore('answerElicitation() does not reject'))
      case 'agent.stop':
        return void this.#stop(attempt, effect.isClosed)
      default:
        return effect satisfies never
    }
  }

  /** What a start of this session waits for, if it does. */
  get waitingFor(): 'slot' | 'memory' | undefined {
    return this.#attempt?.isWaiting === true ? this.#ports.slots.scarce : undefined
  }

  /** Whether the prompt of the turn is provably not written to the process. */
  isUnsent(generation: number, turnId: TurnId): boolean {
    const attempt = this.#attempt
    return attempt?.generation === generation && attempt.connection?.hasPrompt(turnId) === false
  }

  /** Asks the living agent by a method of its own; undefined when there is none. */
  extension(call: ExtensionCall): Promise<Json> | undefined {
    return this.#attempt?.connection?.extension(call)
  }

  acknowledge(generation: number, line: number): void {
    if (this.#attempt?.generation === generation) this.#attempt.connection?.acknowledge(line)
  }

  /** Goes on with the process of an earlier life. First call, if at all. */
  takeOver(generation: number, connection: AgentConnection): void {
    const adopted = releasing(connection, this.#ports.slots.adopt())
    const settled = Promise.resolve(adopted)
    this.#attempt = {
      generation,
      abort: new AbortController(),
      settled,
      connection: adopted,
      isWaiting: false,
      started: { digest: '', equipment: this.#ports.record.terms.equipment },
    }
  }

  /**
   * Forgets the process without ending it: another gateway goes on with it. One that is still starting is given up, because nobody can go
   * on with a handshake: its deadline, its place in the row for a slot and its process belong to this life.
   */
  letGo(): void {
    if (this.#attempt?.connection === undefined) this.#attempt?.abort.abort()
    this.#attempt = undefined
    this.#lanePass?.place[Symbol.dispose]()
  }

  /** Ends whatever process there is, without telling the actor. */
  async abandon(): Promise<void> {
    const attempt = this.#attempt
    this.#attempt = undefined
    this.#lanePass?.place[Symbol.dispose]()
    if (attempt !== undefined) await this.#endProcess(attempt)
  }

  #enterLane({ no, lane, isTaken }: Extract<Effect, { kind: 'lane.enter' }>): void {
    const { lanes, post } = this.#ports
    const place = isTaken ? lanes.take(lane) : lanes.enter(lane, () => post({ kind: 'lane.passed', no }))
    this.#lanePass = { no, place }
  }

  #leaveLane(no: number): void {
    if (this.#lanePass?.no !== no) return
    this.#lanePass.place[Symbol.dispose]()
    this.#lanePass = undefined
  }

  #start(start: StartEffect): void {
    const { generation, equipment } = start
    const abort = new AbortController()
    const started: StartedAs = { digest: '', equipment }
    const settled = this.#connect(start, started, abort.signal).catch((error: unknown) => {
      this.#ports.post({ kind: 'agent.failed', generation, error: toStoredError(error) })
      return undefined
    })
    this.#attempt = { generation, abort, settled, connection: undefined, isWaiting: false, started }
    settled.then((connection) => this.#connected(generation, connection)).catch(ignore('connected() does not throw'))
  }

  async #connect(start: StartEffect, started: StartedAs, signal: AbortSignal): Promise<AgentConnection> {
    const { generation, begunAt, whenLost, wantsHistory, isFork, options, lane } = start
    const { record, connector, slots, spares, equipper } = this.#ports
    const wanted = this.#definition()
    // A spare brings its slot along.
    const spare = spares?.take(wanted)
    const slot = spare?.slot ?? (await this.#waitFor(generation, slots.acquire(signal, lane)))
    try {
      const definition = this.#definition() // it may have waited for long
      started.digest = equipper.digestOf(definition, start.equipment)
      const equipment = await equipper.equip(record.no, start.equipment)
      if (signal.aborted) throw new CancelledError('start')
      const fork = isFork ? await ForkSource.of(this.#ports.store, record.no) : undefined
      const connection = await connector.connect(
        {
          definition,
          sessionId: record.id,
          generation,
          cwd: record.cwd,
          roots: rootsOfSession(record.cwd, start.equipment),
          equipment,
          resume: fork?.conversation ?? start.resume,
          begunAt,
          isFork,
          whenLost,
          wantsHistory,
          options,
          spare: spare?.agent,
        },
        signal,
      )
      slot.started()
      if (fork !== undefined)
        started.learned = await fork.finish().catch((error: unknown) => endWith(connection, error))
      else if (!wantsHistory) started.learned = await learnFrom(this.#ports.store, record.no, connection.history)
      return releasing(connection, slot)
    } catch (error) {
      slot[Symbol.dispose]()
      throw error
    }
  }

  async #waitFor(generation: number, slot: Promise<AgentSlot>): Promise<AgentSlot> {
    await Promise.resolve() // the attempt is there from now on
    const attempt = this.#attempt?.generation === generation ? this.#attempt : undefined
    if (attempt !== undefined) attempt.isWaiting = true
    try {
      return await slot
    } finally {
      if (attempt !== undefined) attempt.isWaiting = false
    }
  }

  #connected(generation: number, connection: AgentConnection | undefined): void {
    const attempt = this.#attempt
    if (connection === undefined || attempt?.generation !== generation || attempt.abort.signal.aborted) return
    attempt.connection = connection
    const { pid, agentSessionId, continuity, capabilities, controls, refused, line } = connection
    const { digest, learned } = attempt.started
    const isRetiring = connection.isRetiring || digest !== this.#digestNow(attempt.started)
    const agent = { pid, agentSessionId, continuity, capabilities, controls, refused, isRetiring, line }
    const { history } = connection
    this.#ports.post({ kind: 'agent.ready', generation, ...agent, history, learned, definitionDigest: digest })
    connection.listen(this.#listener(generation))
  }

  /** AGENT_UNKNOWN. */
  #definition(): AgentDefinition {
    const { record, findDefinition } = this.#ports
    const definition = findDefinition(record.agent)
    if (definition === undefined) throw new HoldfastError('AGENT_UNKNOWN', { agent: record.agent })
    return definition
  }

  /** A reload may have changed it since the start; empty when it is gone. */
  #digestNow({ equipment }: StartedAs): string {
    const definition = this.#ports.findDefinition(this.#ports.record.agent)
    return definition === undefined ? '' : this.#ports.equipper.digestOf(definition, equipment)
  }

  #listener(generation: number): AgentListener {
    const { mark, ids, judge, record } = this.#ports
    // Updates of one read go in together: one transition for all of them. Anything else comes after those before it.
    let updates: string[] = []
    let lastLine = 0
    const flush = (): void => {
      if (updates.length > 0) this.#ports.post({ kind: 'agent.updates', generation, data: updates, line: lastLine })
      updates = []
    }
    const post = (input: AgentInput): void => {
      flush()
      this.#ports.post(input)
    }
    return {
      update: (data, line) => {
        updates.push(data)
        lastLine = line
      },
      answered: (turnId, answer, line) => post({ kind: 'agent.answered', generation, turnId, answer, line }),
      permissionAsked: (asked) => {
        const judgement = judge.judge(record, asked.toolCall)
        post({ kind: 'agent.permission', generation, permissionId: ids.permission(), ...asked, ...judgement })
      },
      elicitationAsked: (asked) => {
        const isAttended = judge.isAttended(record)
        post({ kind: 'agent.elicitation', generation, elicitationId: ids.elicitation(), ...asked, isAttended })
      },
      elicitationCompleted: (id, line) => post({ kind: 'agent.elicitation_completed', generation, id, line }),
      described: (update, line) => post({ kind: 'agent.described', generation, update, line }),
      controlled: (no, answer, line) => post({ kind: 'agent.controlled', generation, no, answer, line }),
      requestCancelled: (requestId, line) => post({ kind: 'agent.request_cancelled', generation, requestId, line }),
      extension: (data, line) => post({ kind: 'agent.extension', generation, data, line }),
      warning: (data, line) => post({ kind: 'agent.warning', generation, data, line }),
      alive: () => post({ kind: 'agent.alive', generation }),
      lost: (error) => post({ kind: 'agent.lost', generation, error }),
      batchEnd: (line) => {
        flush()
        mark(generation, line)
      },
    }
  }

  async #answer(connection: AgentConnection | undefined, effect: ElicitationEffect): Promise<void> {
    const { generation, requestId, answer, keptFor: elicitationId } = effect
    const hasLeft = await connection?.answerElicitation(requestId, answer)
    if (hasLeft === true && elicitationId !== undefined)
      this.#ports.post({ kind: 'agent.answer_left', generation, elicitationId })
  }

  async #stop(attempt: Attempt, isClosed: boolean): Promise<void> {
    const report = await this.#endProcess(attempt, isClosed)
    this.#ports.post({ kind: 'agent.stopped', generation: attempt.generation, report })
  }

  /** An attempt that succeeds after it was given up is undone: its session, which nobody was told of, is closed. */
  async #endProcess(attempt: Attempt, isClosed = false): Promise<StopReport> {
    attempt.abort.abort()
    const connection = await attempt.settled
    return (await connection?.stop(isClosed || attempt.connection === undefined)) ?? NOTHING_TO_STOP
  }
}

/** It is of no use to its session, which nobody was told of. */
async function endWith(connection: AgentConnection, error: unknown): Promise<never> {
  await connection.stop(true)
  throw error
}

/** The slot is free again when the process is gone, not when somebody asked for that. */
function releasing(connection: AgentConnection, slot: Disposable): AgentConnection {
  const stop = async (isClosed?: boolean): Promise<StopReport> => {
    const report = await connection.stop(isClosed)
    slot[Symbol.dispose]()
    return report
  }
  return { ...connection, stop }
}
