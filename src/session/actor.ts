// The one owner of one session: a mailbox in front of the reducer. Reduce, commit, publish, then effects, in that order, always.
// Modes: living -> resting (nothing to do, may be forgotten) | ended (closed, drained or handed over) | failed (a write was refused, or a fault of ours; nothing more is written).

import type { AgentConnection } from '../agent/connection.ts'
import type { ExtensionCall } from '../agent/link/extension-calls.ts'
import type { Clock, Timer } from '../base/clock.ts'
import { HoldfastError, LeaseLostError, isHoldfastError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { startPatientTimer } from '../base/patient-timer.ts'
import type { EventLog } from '../events/event-log.ts'
import type { Logger } from '../observe/logger.ts'
import type { SessionRecord, TurnRecord } from '../store/records.ts'
import type { Fence, SessionWrite, Store } from '../store/store.ts'
import { AgentRunner } from './agents/agent-runner.ts'
import type { RunnerPorts } from './agents/agent-runner.ts'
import { nextDeadline } from './deadlines.ts'
import { durabilityOf } from './durability.ts'
import { findKnown, isKeyed } from './turns/known-requests.ts'
import type { KeyedInput } from './turns/known-requests.ts'
import { overviewOf } from './insight/overview.ts'
import type { SessionOverview } from './insight/overview.ts'
import { explainSession } from './insight/explain.ts'
import type { Explanation } from './insight/explain.ts'
import { liveOf } from './live.ts'
import { modelOf } from './model.ts'
import { next } from './next.ts'
import type { SessionLive } from './service.ts'
import type { PermissionJudge } from './permissions/session-permissions.ts'
import type { SessionStatistics } from './insight/statistics.ts'
import type { ReplyTo, SessionLimits, SessionModel } from './state.ts'
import { waitsForPerson } from './waits-for-person.ts'
import type { Input } from './input.ts'
import type { Effect, ReplyValue } from './effect.ts'

export interface ActorPorts extends Omit<RunnerPorts, 'record' | 'judge' | 'post' | 'mark'> {
  readonly judge: PermissionJudge
  readonly store: Store
  readonly events: EventLog
  readonly clock: Clock
  readonly limits: SessionLimits
  readonly logger: Logger
  /** Told of everything that was committed. */
  readonly statistics: Pick<SessionStatistics, 'committed' | 'evicted'>
  /** A task of a parent has something to tell; the row says what. */
  onTaskDue?(): void
  /** So many prompts are queued now; told after each change. */
  onQueued(count: number): void
  /** The mailbox is empty; the actor may have become idle. */
  onPause(): void
  /** The actor has nothing to do and no process; whoever holds it may forget it. */
  onRest(actor: SessionActor): void
  /** The actor is over: closed, drained, or failed. */
  onEnd(actor: SessionActor): void
  /** It has failed by itself, while session and store are still this gateway's. `gone`: its process is ended. Told after `onEnd`. */
  onFailed(actor: SessionActor, gone: Promise<void>): void
}

/** What waits in the mailbox: an input of the reducer, the mark that a batch of the agent's lines ends here, or the end of this life. */
type Item =
  | Input
  | { readonly kind: 'mark'; readonly generation: number; readonly line: number }
  | { readonly kind: 'hand_over'; readonly reply: ReplyTo }

interface Waiting {
  resolve(value: ReplyValue): void
  reject(error: Error): void
}

const BATCH_MAX = 128
/** A transaction of more would hold the loop for too long. */
const WRITES_MAX = 256

export class SessionActor {
  readonly record: SessionRecord
  readonly #ports: ActorPorts
  readonly #fence: Fence
  readonly #runner: AgentRunner
  readonly #mailbox: Item[] = []
  readonly #replies = new Map<ReplyTo, Waiting>()
  #state: SessionModel
  #isRunning = false
  #failure: Error | undefined
  #hasEnded = false
  #replyCount = 0
  #queued = 0
  #idleSince: number
  #timer: { at: number; handle: Timer } | undefined

  constructor(ports: ActorPorts, record: SessionRecord) {
    this.record = record
    this.#ports = ports
    this.#fence = { sessionNo: record.no, node: record.node, epoch: record.epoch }
    this.#state = modelOf(record, record.agent)
    this.#idleSince = ports.clock.now()
    this.#runner = new AgentRunner({
      ...ports,
      record,
      post: (input) => this.post(input),
      mark: (generation, line) => this.#mark(generation, line),
    })
  }

  /** First call of a life, if an agent process of an earlier one goes on; `opened` says so to the reducer. */
  takeOver(generation: number, connection: AgentConnection): void {
    this.#runner.takeOver(generation, connection)
  }

  get state(): SessionModel {
    return this.#state
  }

  get live(): SessionLive {
    return liveOf(this.#state, this.#ports.limits, this.#runner.waitingFor)
  }

  get overview(): SessionOverview {
    return overviewOf(this.#state, this.#ports.limits, this.#idleSince)
  }

  explain(): Explanation {
    return explainSession(this.#state, this.#ports.limits, this.#runner.waitingFor)
  }

  /** Asks its agent by a method of the agent's own; undefined when none is ready. Moves nothing in the session. */
  extension(call: ExtensionCall): Promise<Json> | undefined {
    return this.#state.agent.kind === 'ready' ? this.#runner.extension(call) : undefined
  }

  /** Epoch ms of the last input; orders eviction. */
  get idleSince(): number {
    return this.#idleSince
  }

  get isOver(): boolean {
    return this.#hasEnded || this.#failure !== undefined
  }

  /** Nothing runs and nothing waits: this object may be forgotten. */
  get isResting(): boolean {
    return !this.#isRunning && this.#mailbox.length === 0 && isAtRest(this.#state)
  }

  /** Puts an input into the mailbox. After the end nothing is taken. */
  post(input: Input): void {
    this.#enqueue(input)
  }

  /** Puts an input in and waits for its answer. Rejects with the refusal's code, or with the actor's failure. */
  ask(build: (reply: ReplyTo) => Input): Promise<ReplyValue> {
    return this.#ask(build)
  }

  /**
   * Leaves without ending anything: what was put in before is stored and done, nothing after it. The agent lives on for another
   * gateway. Rejects with the actor's failure when it comes first.
   */
  async handOver(): Promise<void> {
    if (!this.isOver) await this.#ask((reply) => ({ kind: 'hand_over', reply }))
  }

  #ask(build: (reply: ReplyTo) => Item): Promise<ReplyValue> {
    if (this.isOver)
      return Promise.reject(this.#failure ?? new HoldfastError('SESSION_CLOSED', { session: this.record.id }))
    return new Promise((resolve, reject) => {
      const reply = ++this.#replyCount as ReplyTo
      this.#replies.set(reply, { resolve, reject })
      this.#enqueue(build(reply))
    })
  }

  #mark(generation: number, line: number): void {
    this.#enqueue({ kind: 'mark', generation, line })
  }

  #enqueue(item: Item): void {
    if (this.isOver) return
    this.#mailbox.push(item)
    this.#idleSince = this.#ports.clock.now()
    if (this.#isRunning) return
    this.#isRunning = true
    queueMicrotask(() => void this.#run())
  }

  async #run(): Promise<void> {
    try {
      while (this.#mailbox.length > 0 && !this.isOver) await this.#step()
    } catch (error) {
      this.#fail(error as Error)
    }
    this.#isRunning = false
    if (this.isOver) return
    this.#ports.onPause()
    if (this.isResting) this.#ports.onRest(this)
  }

  /** One batch of the mailbox as one transaction: what arrived together is stored together (group commit). */
  async #step(): Promise<void> {
    const first = this.#mailbox[0]
    if (first !== undefined && isKeyed(first) && (await this.#isKnown(first))) return
    const { clock, limits, store, events, judge, statistics } = this.#ports
    const writes: SessionWrite[] = []
    const effects: Effect[] = []
    let state = this.#state
    let mark: Extract<Item, { kind: 'mark' }> | undefined
    let handOver: Extract<Item, { kind: 'hand_over' }> | undefined
    for (let taken = 0; taken < BATCH_MAX; taken++) {
      const item = this.#mailbox[0]
      if (item === undefined || writes.length >= WRITES_MAX || (taken > 0 && isKeyed(item))) break
      this.#mailbox.shift()
      if (item.kind === 'mark') {
        mark = item
        continue
      }
      if (item.kind === 'hand_over') {
        handOver = item
        break
      }
      const transition = next(this.#withSpareId(state), this.#witnessed(item, state), limits, clock.now())
      state = transition.state
      if (item.kind === 'evict' && transition.effects.some(isStop)) statistics.evicted(clock.now())
      writes.push(...transition.writes)
      effects.push(...transition.effects)
      if (transition.effects.some(isPrompt)) break
    }
    if (writes.length > 0) {
      const stored = await store.commit(this.#fence, durabilityOf(writes), writes)
      this.#state = state
      if (stored.length > 0) events.publish(this.record.no, stored)
      judge.stored(stored)
      statistics.committed(writes)
    }
    if (state.queue.length !== this.#queued) this.#ports.onQueued((this.#queued = state.queue.length))
    this.#state = state
    for (const effect of effects) this.#perform(effect)
    if (mark !== undefined) this.#runner.acknowledge(mark.generation, mark.line)
    if (handOver !== undefined) return this.#letGo(handOver.reply)
    this.#armTimer()
  }

  /** The reducer makes no ids: there is always one for a turn that nobody asks for. */
  #withSpareId(state: SessionModel): SessionModel {
    return state.spareTurnId === undefined ? { ...state, spareTurnId: this.#ports.ids.turn() } : state
  }

  /** Who writes to the agent knows whether the prompt of the turn that is out has left. */
  #witnessed(input: Input, { active }: SessionModel): Input {
    if (input.kind !== 'agent.lost' || active === undefined) return input
    const isUnsent = this.#runner.isUnsent(input.generation, active.turnId)
    return isUnsent ? { ...input, unsent: active.turnId } : input
  }

  #letGo(reply: ReplyTo): void {
    this.#runner.letGo()
    this.#answer(reply, { kind: 'gone', stopped: undefined, turns: [] })
    this.#end(new HoldfastError('GATEWAY_DRAINING'))
  }

  /** What was asked before is answered as it was; see known-requests.ts. */
  async #isKnown(input: KeyedInput): Promise<boolean> {
    const known = await findKnown(this.#ports.store, this.record.no, input)
    if (known === undefined) return false
    if (known.kind === 'key_used' && input.kind === 'notice') {
      this.#mailbox[0] = { ...input, notice: { ...input.notice, prompt: undefined } }
      return false
    }
    this.#mailbox.shift()
    if (known.kind !== 'turn') this.#answer(input.reply, { kind: 'noticed' })
    else if (known.isSame)
      this.#answer(input.reply, { kind: 'replay', turn: known.turn, position: this.#positionOf(known.turn) })
    else this.#answer(input.reply, { kind: 'error', code: 'IDEMPOTENCY_KEY_REUSED', details: { turn: known.turn.id } })
    return true
  }

  #positionOf(turn: TurnRecord): number {
    const index = this.#state.queue.findIndex((queued) => queued.turnId === turn.id)
    return index < 0 ? 0 : index + (this.#state.active === undefined ? 0 : 1)
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case 'reply':
        return this.#answer(effect.to, effect.value)
      case 'count':
        return this.#ports.logger.debug({ sessionId: this.record.id, drop: effect.name }, 'input dropped')
      case 'task.due':
        return this.#ports.onTaskDue?.()
      case 'rule.learn':
        return this.#ports.judge.learn(effect.rule)
      case 'rule.forget':
        return this.#ports.judge.forget(effect.ruleId)
      case 'end':
        return this.#end()
      default:
        return this.#runner.perform(effect)
    }
  }

  #answer(to: ReplyTo, value: ReplyValue): void {
    const waiting = this.#replies.get(to)
    this.#replies.delete(to)
    if (value.kind === 'error') waiting?.reject(new HoldfastError(value.code, value.details))
    else waiting?.resolve(value)
  }

  /** One timer for the nearest deadline. A deadline that moved away costs one early tick, not a timer per update. */
  #armTimer(): void {
    if (this.isOver) return
    const nearest = nextDeadline(this.#state, this.#ports.limits)
    if (nearest === undefined) return this.#disarm()
    if (this.#timer !== undefined && this.#timer.at <= nearest.at) return
    this.#disarm()
    const handle = startPatientTimer(this.#ports.clock, nearest.at, () => {
      this.#timer = undefined
      this.post({ kind: 'tick' })
    })
    this.#timer = { at: nearest.at, handle }
  }

  #disarm(): void {
    this.#timer?.handle.cancel()
    this.#timer = undefined
  }

  #end(reason = new HoldfastError('SESSION_CLOSED', { session: this.record.id })): void {
    this.#hasEnded = true
    this.#disarm()
    this.#rejectAll(reason)
    this.#ports.onEnd(this)
  }

  /** A write was refused, or a rule threw: this actor may not act any more. Its process is ended, its callers are told, the rows stay as they are. */
  #fail(error: Error): void {
    this.#failure = error
    this.#disarm()
    const fields = { sessionId: this.record.id, epoch: this.record.epoch, err: error }
    if (error instanceof LeaseLostError) this.#ports.logger.warn(fields, 'session lost its lease')
    else this.#ports.logger.error(fields, 'session actor failed')
    this.#rejectAll(error)
    // The gateway ends with its store: its host stops the agent then, or leaves it to the next life.
    const isStoreGone = isHoldfastError(error) && error.code === 'STORE_FAILED'
    const gone = isStoreGone ? this.#runner.letGo() : this.#runner.abandon()
    this.#ports.onEnd(this)
    if (gone !== undefined && !(error instanceof LeaseLostError)) this.#ports.onFailed(this, gone)
  }

  #rejectAll(error: Error): void {
    for (const waiting of this.#replies.values()) waiting.reject(error)
    this.#replies.clear()
    this.#mailbox.length = 0
  }

  /** For the drain: ends the process without a word, because the gateway is going. Resolves when it is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#failure ??= new HoldfastError('GATEWAY_DRAINING')
    this.#disarm()
    this.#rejectAll(this.#failure)
    await this.#runner.abandon()
  }
}

/** What the agent says next is said after the prompt only if that has left: it may not be stored together with the dispatch (S11). */
function isStop(effect: Effect): boolean {
  return effect.kind === 'agent.stop'
}

function isPrompt({ kind }: Effect): boolean {
  return kind === 'agent.prompt'
}

/** Nothing runs, nothing waits that this actor could move: the rows say everything. */
function isAtRest(state: SessionModel): boolean {
  const { phase, agent, active, queue, blockedBy } = state
  const isFree = agent.kind === 'none' && active === undefined && !waitsForPerson(state)
  const isQueueHeld =
    queue.length === 0 || (blockedBy !== undefined && queue.every((turn) => turn.expiresAt === undefined))
  return (phase.kind === 'open' || phase.kind === 'closed') && isFree && isQueueHeld
}
