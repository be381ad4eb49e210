// One schedule: a session, its agents and its callers in virtual time, driven by a seed, with a gateway that may die at every step.
// Interprets the reducer's transitions as the actor does: commit, publish, then the effects one by one.

import { HoldfastError, toStoredError } from '../../src/base/errors.ts'
import type { AgentSessionId, PermissionId, SessionId, TurnId } from '../../src/base/ids.ts'
import { deadlinesOf } from '../../src/session/deadlines.ts'
import type { DeadlineKind } from '../../src/session/deadlines.ts'
import { next } from '../../src/session/next.ts'
import { modelOf } from '../../src/session/model.ts'
import type {
  AgentInput,
  Effect,
  Input,
  ReplyTo,
  SessionLimits,
  SessionModel,
  Transition,
} from '../../src/session/state.ts'
import type { ResumeAction } from '../../src/session/service.ts'
import type { OnInterrupt, SessionRecord } from '../../src/store/records.ts'
import { DOWNTIME_MS_MAX, ModelStore, must } from './model-store.ts'
import { seededRandom } from './random.ts'
import type { Random } from './random.ts'
import { ScriptedProcess } from './scripted-process.ts'

export const LIMITS: SessionLimits = {
  startMs: 30_000,
  silenceMs: 20_000,
  turnMs: 90_000,
  cancelGraceMs: 5_000,
  permissionMs: 15_000,
  stopMs: 10_000,
  queueDepthMax: 4,
  permissionsOpenMax: 4,
  turnBytesMax: 1_000_000,
  turnEventsMax: 1_000,
}

/** A planted bug: how the world differs from the honest one. */
export interface Mutation {
  /** Rewrites what reaches the reducer. */
  readonly input?: (input: Input, state: SessionModel) => Input
  /** Deadlines that the actor forgets. */
  readonly forgets?: DeadlineKind
  /** Effects leave before the commit. */
  readonly effectsFirst?: boolean
}

interface Task {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/** Ends the life of the gateway from inside a transition. */
class Death extends Error {}

const END_OF_TIME = 3_600_000

export class World {
  readonly store: ModelStore
  readonly random: Random
  readonly #mutation: Mutation
  readonly #accepted = new Set<TurnId>()
  readonly #deliveries = new Map<TurnId, number>()
  readonly #sent: TurnId[] = []
  #now = 0
  #order = 0
  #tasks: Task[] = []
  #life = 0
  #state: SessionModel | undefined
  #processes: ScriptedProcess[] = []
  #ids = 0
  #quiet = false
  /** Transitions made, for the judge of the simulator itself. */
  steps = 0

  constructor(seed: number, mutation: Mutation = {}) {
    this.random = seededRandom(seed)
    this.#mutation = mutation
    this.store = new ModelStore(newSession(this.random), LIMITS.silenceMs + LIMITS.cancelGraceMs + DOWNTIME_MS_MAX)
  }

  /** Runs the schedule; throws InvariantBroken with the rule that does not hold. */
  run(): void {
    this.#open()
    const calls = 4 + this.random.int(16)
    for (let i = 0; i < calls; i++) this.#after(this.random.int(120_000), () => this.#call())
    this.#spin(300_000)
    this.#quiet = true // no more crashes: from here on everything must come to rest by itself
    this.#open()
    if (this.store.session.blockedBy !== undefined)
      this.#give({ kind: 'resume', reply: this.#reply(), action: 'continue', draft: undefined })
    this.#spin(END_OF_TIME)
    this.#checkRest()
  }

  #call(): void {
    const what = this.random.int(40)
    if (what < 24) return this.#prompt()
    if (what < 29) return this.#give({ kind: 'cancel', reply: this.#reply(), turnId: this.#someTurn() })
    if (what < 33) return this.#answerSome()
    if (what < 35) return this.#die()
    if (what === 35) return this.#give({ kind: 'close', reply: this.#reply() })
    if (what === 36) return this.#drain()
    if (what === 37) return this.#give({ kind: 'evict' })
    const action = this.random.pick<ResumeAction>(['continue', 'retry', 'discard'])
    this.#give({ kind: 'resume', reply: this.#reply(), action, draft: { ...this.#draft(), idempotencyKey: undefined } })
  }

  #prompt(): void {
    const draft = this.#draft()
    this.#give({ kind: 'prompt', reply: this.#reply(), draft })
  }

  #draft(): Extract<Input, { kind: 'prompt' }>['draft'] {
    const onInterrupt = this.random.pick<OnInterrupt | undefined>([undefined, 'hold', 'continue', 'retry'])
    const expiresAt = this.random.chance(0.1) ? this.#now + this.random.int(20_000) : undefined
    return { turnId: this.#turnId(), prompt: '[]', bodyHash: '', idempotencyKey: undefined, onInterrupt, expiresAt }
  }

  #answerSome(): void {
    const open = this.#state?.permissions[0]
    if (open === undefined) return
    const optionId = this.random.pick(['yes', 'no', 'never offered'])
    this.#give({ kind: 'answer', reply: this.#reply(), permissionId: open.id, optionId, answeredBy: 'sim' })
  }

  #drain(): void {
    this.#give({
      kind: 'drain',
      reply: this.#reply(),
      budgetAt: this.#now + this.random.int(10_000),
      spareTurnId: this.#turnId(),
    })
  }

  #open(): void {
    if (this.#state !== undefined || this.store.session.state === 'closed') return
    this.#life++
    this.#state = modelOf(this.store.session, 'sim')
    const openPermissions = [...this.store.permissions.values()].filter((permission) => permission.state === 'open')
    const closing = this.store.session.state === 'closing'
    this.#give({
      kind: 'opened',
      reply: this.#reply(),
      turns: this.store.unsettledTurns(),
      openPermissions,
      closing,
      spareTurnId: this.#turnId(),
    })
  }

  /** The gateway is gone: its memory with it. The warden ends the agents a moment later; the next life waits for that. */
  #die(): void {
    if (this.#quiet) return
    this.#state = undefined
    this.#life++
    for (const process of this.#processes) process.kill()
    this.#processes = []
    this.#after(1 + this.random.int(3_000), () => this.#open())
  }

  #give(raw: Input): void {
    if (this.#state === undefined) return
    this.steps++
    const input = this.#mutation.input?.(raw, this.#state) ?? raw
    try {
      const transition = next(this.#state, input, LIMITS, this.#now)
      if (this.#mutation.effectsFirst === true) this.#perform(transition.effects)
      this.#commit(transition)
      if (this.#mutation.effectsFirst !== true) this.#perform(transition.effects)
      this.#armTimer()
    } catch (error) {
      if (!(error instanceof Death)) throw error
      this.#die()
    }
  }

  #commit({ state, writes }: Transition): void {
    this.#mayDie()
    this.store.commit(writes)
    this.#state = state
    this.#mayDie()
  }

  #perform(effects: readonly Effect[]): void {
    for (const effect of effects) {
      this.#effect(effect)
      this.#mayDie()
    }
  }

  #mayDie(): void {
    if (!this.#quiet && this.random.chance(0.01)) throw new Death()
  }

  #effect(effect: Effect): void {
    switch (effect.kind) {
      case 'reply':
        if (effect.value.kind === 'prompt') this.#accepted.add(effect.value.turn.id)
        return
      case 'agent.start':
        return this.#start(effect.generation)
      case 'agent.prompt':
        this.#sent.push(effect.turnId)
        return this.#process(effect.generation)?.prompt(effect.turnId)
      case 'agent.cancel':
        return this.#process(effect.generation)?.cancel(effect.turnId)
      case 'agent.permission':
        return this.#process(effect.generation)?.permissionOutcome(effect.requestId)
      case 'agent.stop':
        return this.#stop(effect.generation)
      case 'end':
        this.#state = undefined
        if (this.store.session.state !== 'closed') this.#after(this.random.int(2_000), () => this.#open())
        return
      case 'count':
        return
      default:
        return effect satisfies never
    }
  }

  #start(generation: number): void {
    const living = this.#processes.filter((process) => process.alive)
    must(living.length === 0, 'S7', `process ${generation} started while ${living.length} live`)
    const process = new ScriptedProcess(generation, {
      random: this.random,
      after: (ms, run) => this.#after(ms, run),
      say: (input) => this.#deliver(input),
      received: (turnId, by) => this.#received(turnId, by),
      permissionId: () => `perm_${this.#ids++}` as PermissionId,
    })
    this.#processes.push(process)
    const fate = this.random.int(10)
    if (fate === 0) return // a command that never answers the handshake
    if (fate === 1) {
      const error = toStoredError(new HoldfastError('AGENT_NOT_ACP', { agent: 'sim', reason: 'junk' }))
      process.kill()
      return this.#deliver({ kind: 'agent.failed', generation, error })
    }
    const agentSessionId = `as${generation}` as AgentSessionId
    this.#after(this.random.int(2_000), () => {
      if (process.alive)
        this.#deliver({ kind: 'agent.ready', generation, pid: generation, agentSessionId, continuity: 'new' })
    })
  }

  #stop(generation: number): void {
    const life = this.#life
    const process = this.#process(generation)
    this.#after(this.random.int(4_000), () => {
      process?.kill()
      const report = { forced: false, swept: 0, survivors: [], ms: 1, exit: undefined }
      if (this.#life === life) this.#give({ kind: 'agent.stopped', generation, report })
    })
  }

  /** Lines take time through the pipe and the mailbox, and die with the gateway that would have read them. */
  #deliver(input: AgentInput): void {
    const life = this.#life
    this.#after(this.random.chance(0.1) ? this.random.int(8_000) : 1, () => {
      if (this.#life === life) this.#give(input)
    })
  }

  #received(turnId: TurnId, generation: number): void {
    const count = (this.#deliveries.get(turnId) ?? 0) + 1
    this.#deliveries.set(turnId, count)
    must(count === 1, 'S5', `turn ${turnId} was delivered ${count} times`)
    const turn = this.store.turns.get(turnId)
    must(
      turn?.generation === generation,
      'S3',
      `turn ${turnId} reached process ${generation} before its dispatch was stored`,
    )
  }

  #armTimer(): void {
    if (this.#state === undefined) return
    const running = deadlinesOf(this.#state, LIMITS).filter(({ kind }) => kind !== this.#mutation.forgets)
    if (running.length === 0) return
    const at = Math.min(...running.map((deadline) => deadline.at))
    const life = this.#life
    this.#after(Math.max(at - this.#now, 0), () => {
      if (this.#life === life && this.#state !== undefined && this.#isDue()) this.#give({ kind: 'tick' })
    })
  }

  #isDue(): boolean {
    if (this.#state === undefined) return false
    const running = deadlinesOf(this.#state, LIMITS).filter(({ kind }) => kind !== this.#mutation.forgets)
    return running.some(({ at }) => at <= this.#now)
  }

  #checkRest(): void {
    const { store } = this
    for (const turnId of this.#accepted) must(store.turns.has(turnId), 'S1', `accepted turn ${turnId} is not stored`)
    const unsettled = store.unsettledTurns().map((turn) => `${turn.id}=${turn.state}`)
    must(unsettled.length === 0 || store.session.blockedBy !== undefined, 'S6', `never ended: ${unsettled.join(' ')}`)
    for (const [turnId, outcome] of store.outcomes) this.#checkDelivery(turnId as TurnId, outcome.delivery)
    const open = [...store.permissions.values()].filter((permission) => permission.state === 'open')
    must(open.length === 0, 'S9', `${open.length} permission requests stay open`)
    if (store.session.state === 'closed') {
      must(
        this.#processes.every((process) => !process.alive),
        'S7',
        'a process outlived its session',
      )
    }
    this.#checkOrder()
    this.#checkBounds()
  }

  /** No turn outlives its deadline by more than the grace, plus the time the gateway was away. */
  #checkBounds(): void {
    const boundMs = LIMITS.turnMs + LIMITS.cancelGraceMs + DOWNTIME_MS_MAX
    for (const [turnId, outcome] of this.store.outcomes) {
      const dispatchedAt = this.store.turns.get(turnId)?.dispatchedAt ?? outcome.endedAt
      const ms = outcome.endedAt - dispatchedAt
      must(ms <= boundMs, 'S6', `turn ${turnId} was out for ${ms} ms`)
    }
  }

  #checkDelivery(turnId: TurnId, delivery: string): void {
    const count = this.#deliveries.get(turnId) ?? 0
    must(delivery !== 'no' || count === 0, 'S11', `turn ${turnId} says delivery no, but an agent got it`)
    must(delivery !== 'yes' || count === 1, 'S11', `turn ${turnId} says delivery yes, but no agent got it`)
  }

  /** FIFO: prompts of users leave in the order of their accept numbers. */
  #checkOrder(): void {
    const numbers = this.#sent
      .map((turnId) => this.store.turns.get(turnId))
      .filter((turn) => turn?.origin === 'user')
      .map((turn) => turn?.n ?? 0)
    must(
      numbers.every((n, i) => i === 0 || n > (numbers[i - 1] ?? 0)),
      'S12',
      `sent out of order: ${numbers.join(' ')}`,
    )
  }

  #spin(until: number): void {
    for (let steps = 0; steps < 5_000; steps++) {
      const task = this.#takeNext(until)
      if (task === undefined) return
      this.#now = Math.max(this.#now, task.at)
      task.run()
    }
    must(false, 'N1', 'the schedule does not come to rest')
  }

  #takeNext(until: number): Task | undefined {
    let best = -1
    for (let i = 0; i < this.#tasks.length; i++) {
      const task = this.#tasks[i]
      const leader = this.#tasks[best]
      if (task === undefined || task.at > until) continue
      if (leader === undefined || task.at < leader.at || (task.at === leader.at && task.order < leader.order)) best = i
    }
    return best < 0 ? undefined : this.#tasks.splice(best, 1)[0]
  }

  #after(ms: number, run: () => void): void {
    this.#tasks.push({ at: this.#now + ms, order: this.#order++, run })
  }

  #process(generation: number): ScriptedProcess | undefined {
    return this.#processes.find((process) => process.generation === generation)
  }

  #someTurn(): TurnId | undefined {
    if (this.random.chance(0.6)) return undefined
    return this.store.unsettledTurns()[0]?.id
  }

  #turnId(): TurnId {
    return `turn_${this.#ids++}` as TurnId
  }

  #reply(): ReplyTo {
    return this.#ids++ as ReplyTo
  }
}

function newSession(random: Random): SessionRecord {
  return {
    no: 1,
    id: 'ses_1' as SessionId,
    key: undefined,
    agent: 'sim',
    cwd: '/',
    mode: random.chance(0.1) ? 'oneshot' : 'persistent',
    onInterrupt: random.pick(['hold', 'continue', 'retry']),
    state: 'open',
    blockedBy: undefined,
    agentSessionId: undefined,
    generation: 0,
    node: 'local',
    epoch: 1,
    lastSeq: 0,
    lastTurnN: 0,
    createdAt: 0,
    updatedAt: 0,
    closedAt: undefined,
  }
}
