// Which sessions have an actor in this process: opened on first need under a fresh epoch, forgotten at rest, drained together.

import type { Timer } from '../base/clock.ts'
import type { Ids } from '../base/ids.ts'
import { HoldfastError } from '../base/errors.ts'
import { deadline } from '../base/deadline.ts'
import type { SessionNo, SessionRecord } from '../store/records.ts'
import { SessionActor } from './actor.ts'
import type { ActorPorts } from './actor.ts'
import { readReport } from './family/read-report.ts'
import { HeldAgents } from './agents/held-agents.ts'
import { QueuedTotal } from './turns/queued-total.ts'
import { Reopenings } from './reopenings.ts'
import type { SessionOverview } from './insight/overview.ts'
import type { DrainTimes, ReplyTo } from './state.ts'
import type { Input } from './input.ts'
import type { RecoveredTurns, ReplyValue } from './effect.ts'
import { waitsForPerson } from './waits-for-person.ts'
import { SessionStatistics } from './insight/statistics.ts'
import { WarmPool } from './agents/warm-pool.ts'
import type { WarmPoolPorts } from './agents/warm-pool.ts'

export interface ActorsPorts
  extends Omit<ActorPorts, 'statistics' | 'onQueued' | 'onPause' | 'onRest' | 'onEnd' | 'onFailed'>, WarmPoolPorts {
  readonly ids: Ids
  readonly node: string
  /** Begin paused: see `goOn`. */
  readonly isPaused?: boolean
}

/** The steps of a drain. Neither promise rejects, and both may take longer than the times that were given. */
export interface Draining {
  /** No turn is out any more. */
  readonly turnsEnded: Promise<void>
  /** No agent process of a session is left. */
  readonly agentsGone: Promise<void>
}

const RECOVERIES_AT_ONCE = 8
const PERMISSIONS_MAX = 1_000
/** How long an actor with nothing to do is kept. */
const REST_MS = 1_000

export class Actors implements AsyncDisposable {
  readonly #ports: ActorsPorts
  readonly #open = new Map<SessionNo, Promise<SessionActor>>()
  readonly #live = new Map<SessionNo, SessionActor>()
  readonly #resting = new Map<SessionNo, Timer>()
  /** The prompts that wait, over all sessions. */
  readonly queued: QueuedTotal
  readonly #pool: WarmPool
  readonly #held: HeldAgents
  readonly #reopenings: Reopenings
  /** Of this life of the gateway. */
  readonly statistics: SessionStatistics
  #isDraining = false
  /** Of the drain, once it has begun. */
  #times: DrainTimes | undefined
  readonly #turnsEnded = Promise.withResolvers<void>()
  #isPaused: boolean
  #recovered: RecoveredTurns = { takenOver: 0, interrupted: 0 }

  constructor(ports: ActorsPorts) {
    this.#ports = ports
    this.#isPaused = ports.isPaused ?? false
    this.statistics = new SessionStatistics(ports.clock.now())
    this.#held = new HeldAgents(ports.store, ports.connector.held())
    this.#reopenings = new Reopenings({ clock: ports.clock, logger: ports.logger, open: (no) => this.open(no) })
    this.queued = new QueuedTotal(ports.limits)
    this.#pool = new WarmPool(ports, () => this.#live.values())
    ports.slots.onPressure = () => this.#pool.makeRoom()
  }

  get isDraining(): boolean {
    return this.#isDraining
  }

  /** No prompt is handed out and no agent is started for one; what runs goes on. */
  get isPaused(): boolean {
    return this.#isPaused
  }

  /** What became of the turns that earlier lives left with agents, in the sessions that were opened so far. */
  get recovered(): RecoveredTurns {
    return this.#recovered
  }

  /** Agents that are alive and wait for a prompt. */
  get idleAgents(): number {
    return this.#pool.idle
  }

  find(no: SessionNo): SessionActor | undefined {
    return this.#live.get(no)
  }

  /** Sessions of the agent with an actor in this process. */
  *numbersOf(agent: string): Generator<SessionNo> {
    for (const [no, { record }] of this.#live) if (record.agent === agent) yield no
  }

  /** Sessions with an actor in this process that wait for a person. */
  *waiting(): Generator<SessionNo> {
    for (const [no, { state }] of this.#live) if (waitsForPerson(state)) yield no
  }

  /** Asks the actor of a session, opened and recovered first if there is none. While draining only what is open can be asked. */
  async ask(no: SessionNo, build: (reply: ReplyTo) => Input): Promise<ReplyValue> {
    const actor = await this.#get(no)
    return actor.ask(build)
  }

  /** As `ask`, for what ends work: also while draining. A session that is opened for it begins nothing. */
  async askToEnd(no: SessionNo, build: (reply: ReplyTo) => Input): Promise<ReplyValue> {
    const actor = await (this.#times === undefined ? this.#get(no) : (this.#open.get(no) ?? this.#openNow(no)))
    return actor.ask(build)
  }

  /** Resolves when the session's actor is open and what an earlier life left is settled. */
  async open(no: SessionNo): Promise<void> {
    await this.#get(no)
  }

  /** One opening at a time for each session. */
  #get(no: SessionNo): Promise<SessionActor> {
    const known = this.#open.get(no)
    if (known !== undefined) return known
    if (this.#isDraining) return Promise.reject(new HoldfastError('GATEWAY_DRAINING'))
    return this.#openNow(no)
  }

  #openNow(no: SessionNo): Promise<SessionActor> {
    const opening = this.#openActor(no)
    this.#open.set(no, opening)
    opening.catch(() => this.#forget(no, opening))
    return opening
  }

  /**
   * Opens every session that an earlier life left with open work or with a living agent. Resolves with their number, when all
   * have been looked at and the agents that belong to none are gone, or `stopMs` are over.
   */
  async recover(): Promise<number> {
    const { store, limits, logger } = this.#ports
    const records = await store.listUnsettledSessions()
    const { sessions, strays } = await this.#held.divide()
    const all = new Set([...records.map((record) => record.no), ...sessions])
    const pending = [...all]
    const worker = async (): Promise<void> => {
      for (let no = pending.shift(); no !== undefined; no = pending.shift()) await this.#recoverOne(no)
    }
    const gone = deadline(strays, { ms: limits.stopMs, stage: 'stop of agents without a session' })
    const said = gone.catch((err: unknown) => logger.warn({ err }, 'agents without a session still stop'))
    await Promise.all([...Array.from({ length: RECOVERIES_AT_ONCE }, worker), said])
    return all.size
  }

  /** Ends the pause: every queue goes on. */
  goOn(): void {
    this.#isPaused = false
    for (const actor of this.#live.values()) actor.post({ kind: 'go_on' })
  }

  /**
   * The definitions of agents, lanes or slots have changed: agents of another definition are ended as soon as no turn is out, and
   * whoever waits for a place that there is now gets it.
   */
  redefine(): void {
    const { slots, lanes, spares } = this.#ports
    for (const actor of this.#live.values())
      if (this.#isOutdated(actor.record.agent, actor.state)) actor.post({ kind: 'redefined' })
    spares?.look()
    slots.recheck()
    lanes.recheck()
  }

  /** What every session with an actor does. */
  *overview(): Generator<SessionOverview> {
    for (const actor of this.#live.values()) yield actor.overview
  }

  /** No dispatch any more; active turns may run until their budget is over, then they are cut as `interrupted`. */
  drain(times: DrainTimes): Draining {
    this.#times = times
    this.#beginEnd()
    return { turnsEnded: this.#turnsEnded.promise, agentsGone: this.#drainAll(times) }
  }

  /**
   * As `drain`, for the sessions alone whose agents cannot be left to anybody: connections end with this process. Resolves when
   * no turn is out there and the connections are closed.
   */
  async drainConnections(times: DrainTimes): Promise<void> {
    this.#beginEnd()
    await this.#drainAll(times, ({ state: { agent } }) => agent.kind === 'ready' && agent.pid === undefined)
  }

  #beginEnd(): void {
    this.#isDraining = true
    this.#pool[Symbol.dispose]()
    this.#reopenings[Symbol.dispose]()
  }

  async #drainAll(times: DrainTimes, isMeant: (actor: SessionActor) => boolean = () => true): Promise<void> {
    const actors = await Promise.allSettled(this.#open.values())
    const drained = actors.map(async (opened) => {
      if (opened.status === 'rejected' || opened.value.isOver || !isMeant(opened.value)) return
      const spareTurnId = this.#ports.ids.turn()
      await opened.value.ask((reply) => ({ kind: 'drain', reply, spareTurnId, ...times }))
    })
    this.#lookForTurns()
    // An actor that fails on the way has ended its process itself and has said so.
    await Promise.allSettled(drained)
  }

  /**
   * Leaves everything to a gateway that comes after: nothing is handed out any more, what was accepted is stored, and no agent is
   * ended, also not by a later dispose. Resolves when no session of this process writes any more.
   */
  async handOver(): Promise<void> {
    this.#beginEnd()
    const left = [...this.#open.values()].map(async (opening) => (await opening).handOver())
    // One that cannot be opened, or fails on the way, has said so.
    await Promise.allSettled(left)
  }

  /** Ends what is left, without a word to the rows: recovery finds them. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#beginEnd()
    for (const timer of this.#resting.values()) timer.cancel()
    await Promise.all([...this.#live.values()].map((actor) => actor[Symbol.asyncDispose]()))
  }

  /** One session that cannot be opened never keeps the others from it; the next request for it says why. */
  async #recoverOne(no: SessionNo): Promise<void> {
    try {
      await this.#get(no)
    } catch (err) {
      this.#ports.logger.error({ sessionNo: no, err }, 'session cannot be recovered')
    }
  }

  async #openActor(no: SessionNo): Promise<SessionActor> {
    const { store, node, ids, judge } = this.#ports
    await judge.load()
    const record = await store.acquireSession(no, node)
    const turns = await store.listUnsettledTurns(no)
    this.statistics.known(turns)
    const openPermissions = await store.listPermissions({ sessionNo: no, state: 'open' }, PERMISSIONS_MAX)
    const elicitations = await store.elicitations.listUnsettled(no)
    const takenOver = await this.#held.takeOver({ record, turns, openPermissions, elicitations })
    const actor = new SessionActor(
      {
        ...this.#ports,
        statistics: this.statistics,
        onQueued: (count) => this.queued.set(no, count),
        // Who waits for a slot is not told again when a turn ends: its agent may be the one that makes room.
        onPause: () => {
          this.#pool.makeRoom()
          this.#lookForTurns()
        },
        onRest: (resting) => this.#rest(resting),
        onEnd: (ended) => this.#remove(ended),
        onFailed: ({ record: { no: failed } }, gone) => void this.#reopenings.after(failed, gone),
      },
      record,
    )
    this.#live.set(no, actor)
    if (takenOver !== undefined) actor.takeOver(record.generation, takenOver.connection)
    const isOutdated = this.#isOutdated(record.agent, record)
    const attached = takenOver && { ...takenOver.attached, isOutdated }
    const report = attached && (await readReport(store, record, attached.turnId))
    const closing = record.state === 'closing'
    const spareTurnId = ids.turn()
    const isPaused = this.#isPaused
    const left = { turns, openPermissions, elicitations, closing }
    const opened = { ...left, isPaused, draining: this.#times, attached, report, spareTurnId }
    this.#count(await actor.ask((reply) => ({ kind: 'opened', reply, ...opened })))
    if (isPaused && !this.#isPaused) actor.post({ kind: 'go_on' }) // the pause ended meanwhile
    if (waitsForPerson(actor.state)) judge.waiting(no)
    return actor
  }

  #count(reply: ReplyValue): void {
    if (reply.kind !== 'opened') return
    const { takenOver, interrupted } = this.#recovered
    this.#recovered = {
      takenOver: takenOver + reply.turns.takenOver,
      interrupted: interrupted + reply.turns.interrupted,
    }
  }

  /** A living process of it was started by a definition that is not in the configuration any more. */
  #isOutdated(agent: string, { terms }: Pick<SessionRecord, 'terms'>): boolean {
    const definition = this.#ports.findDefinition(agent)
    return (
      definition === undefined || this.#ports.equipper.digestOf(definition, terms.equipment) !== terms.definitionDigest
    )
  }

  /** Its rows say everything. Kept a moment longer, so that what is asked in a row does not open it again and again. */
  #rest(actor: SessionActor): void {
    const { no } = actor.record
    if (this.#resting.has(no)) return
    const forget = (): void => {
      this.#resting.delete(no)
      const current = this.#live.get(no) // another one, if this one failed meanwhile and was opened again
      if (current?.isResting) this.#remove(current)
    }
    this.#resting.set(no, this.#ports.clock.at(this.#ports.clock.now() + REST_MS, forget))
  }

  #remove(actor: SessionActor): void {
    const { no } = actor.record
    if (this.#live.get(no) !== actor) return
    this.#live.delete(no)
    this.#open.delete(no)
    this.#ports.judge.released(no)
    this.#lookForTurns()
  }

  /** An actor that has not heard of the drain may still hand a turn out. */
  #lookForTurns(): void {
    if (this.#times === undefined) return
    for (const { state } of this.#live.values()) if (state.active !== undefined || state.phase.kind === 'open') return
    this.#turnsEnded.resolve()
  }

  #forget(no: SessionNo, opening: Promise<SessionActor>): void {
    if (this.#open.get(no) === opening) this.#open.delete(no)
  }
}
