// One schedule: a session, its agents and its callers in virtual time, driven by a seed, with a gateway that may die at every step.
// Interprets the reducer's transitions as the actor does: commit, publish, then the effects one by one. Mostly a keeper holds the
// agents: they go on while the gateway is away, and the next life takes them over as held-agents.ts and agent-link.ts do.

import { HoldfastError, toStoredError } from '../../src/base/errors.ts'
import type { ErrorCode } from '../../src/base/errors.ts'
import type { ElicitationId, PermissionId, TurnId } from '../../src/base/ids.ts'
import { deadlinesOf } from '../../src/session/deadlines.ts'
import { next } from '../../src/session/next.ts'
import { fullGraceMs } from '../../src/session/turns/cancel-grace.ts'
import { modelOf } from '../../src/session/model.ts'
import type { ReplyTo, SessionModel } from '../../src/session/state.ts'
import type { AgentInput, AttachedAgent, Input } from '../../src/session/input.ts'
import type { Effect } from '../../src/session/effect.ts'
import type { ResumeAction } from '../../src/session/service.ts'
import type { OnInterrupt } from '../../src/store/records.ts'
import type { SessionWrite } from '../../src/store/store.ts'
import { checkRest } from './at-rest.ts'
import { checkReplaced, controlId, heardBy, loginChange, openConversation, tuning, Tunings } from './conversations.ts'
import { Deliveries } from './deliveries.ts'
import { LIMITS } from './limits.ts'
import { must } from './invariant.ts'
import { ModelStore } from './model-store.ts'
import type { Mutation } from './mutation.ts'
import { newSession } from './new-session.ts'
import { READY_LINE, type Pipe } from './pipe.ts'
import { seededRandom, type Random } from './random.ts'
import { ScriptedProcess } from './scripted-process.ts'
import type { ProcessWorld } from './scripted-process.ts'
import { Timeline } from './timeline.ts'
import { WorldCancels } from './world-cancels.ts'
import { attachedTo, isStored } from './take-over.ts'
import { answerTo, isRequest } from './world-elicitations.ts'
import { WorldPermissions } from './world-permissions.ts'
import { WorldQueue } from './world-queue.ts'

/** Ends the life of the gateway from inside a transition. */
class Death extends Error {}

const END_OF_TIME = 3_600_000

const passed = (no: number) => ({ kind: 'lane.passed', no }) as const

export class World {
  readonly store: ModelStore
  readonly random: Random
  readonly #mutation: Mutation
  readonly #accepted = new Set<TurnId>()
  readonly #deliveries = new Deliveries()
  readonly #unread = new Set<TurnId>()
  readonly #tunings = new Tunings()
  readonly #time = new Timeline()
  readonly #cancels = new WorldCancels()
  readonly #queue: WorldQueue
  readonly #permissions: WorldPermissions
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
    this.store = new ModelStore(newSession(this.random), LIMITS.silenceMs + fullGraceMs(LIMITS))
    this.#queue = new WorldQueue(this.random, this.store)
    this.#permissions = new WorldPermissions(this.random, this.store)
  }

  /** Runs the schedule; throws InvariantBroken with the rule that does not hold. */
  run(): void {
    this.#open()
    const calls = 4 + this.random.int(16)
    for (let i = 0; i < calls; i++) this.#time.after(this.random.int(120_000), () => this.#call())
    this.#time.spin(300_000)
    this.#quiet = true // no more crashes: from here on everything must come to rest by itself
    this.#open()
    if (this.store.session.blockedBy !== undefined)
      this.#give({ kind: 'resume', reply: this.#reply(), action: 'discard', draft: undefined })
    this.#time.spin(END_OF_TIME)
    if (this.#state !== undefined) this.#tunings.checkRest()
    this.#permissions.checkRest()
    this.store.elicitations.checkRest()
    this.#queue.checkRest(this.#state, this.#life)
    checkRest({
      store: this.store,
      accepted: this.#accepted,
      deliveries: this.#deliveries,
      unread: this.#unread,
      processes: this.#processes,
    })
  }

  #call(): void {
    const what = this.random.int(46)
    if (this.random.chance(this.store.session.terms.login === undefined ? 0.04 : 0.4))
      return this.#give(loginChange(this.random, this.#reply()))
    if (what < 24) return this.#prompt()
    if (what < 29) return this.#give({ kind: 'cancel', reply: this.#reply(), turnId: this.#someTurn() })
    if (what < 33) return this.#answerSome()
    if (what === 39 || this.random.chance(0.1)) return this.#tune()
    if (this.random.chance(0.15)) return this.#give(this.#permissions.change(this.#reply()))
    if (what < 35) return this.#die()
    if (what === 38 && this.#state !== undefined) return this.#leave() // to a successor: nothing is under way
    if (what === 35) return this.#give({ kind: 'close', reply: this.#reply() })
    if (what === 36) return this.#drain()
    if (what === 37) return this.#give({ kind: 'evict' })
    if (what >= 40)
      return this.#queue.edit(this.#state, this.#time.now, (edit) => this.#give({ ...edit, reply: this.#reply() }))
    const action = this.random.pick<ResumeAction>(['continue', 'retry', 'discard'])
    this.#give({ kind: 'resume', reply: this.#reply(), action, draft: { ...this.#draft(), idempotencyKey: undefined } })
  }

  #prompt(): void {
    const draft = this.#draft()
    this.#give({ kind: 'prompt', reply: this.#reply(), ...this.#queue.asked(draft) })
  }

  #draft(): Extract<Input, { kind: 'prompt' }>['draft'] {
    const onInterrupt = this.random.pick<OnInterrupt | undefined>([undefined, 'hold', 'continue', 'retry'])
    const expiresAt = this.random.chance(0.1) ? this.#time.now + this.random.int(20_000) : undefined
    const policies = { onInterrupt, unattended: this.#permissions.unattended() }
    return { turnId: this.#turnId(), prompt: '[]', bodyHash: '', idempotencyKey: undefined, ...policies, expiresAt }
  }

  /** One change is often followed by another. */
  #tune(): void {
    if (this.#state === undefined) return
    this.#give(this.#tunings.ask(tuning(this.random, this.#reply())))
    if (this.random.chance(0.5)) this.#time.after(this.random.int(3_000), () => this.#tune())
  }

  #answerSome(): void {
    const open = this.#state?.permissions[0]
    if (open === undefined) return
    const optionId = this.random.pick(['yes', 'no', 'never offered'])
    this.#give({ kind: 'answer', reply: this.#reply(), permissionId: open.id, optionId, answeredBy: 'sim' })
  }

  #drain(): void {
    const budgetAt = this.#time.now + this.random.int(10_000)
    const graceAtMax = budgetAt + this.random.int(10_000)
    this.#give({ kind: 'drain', reply: this.#reply(), budgetAt, graceAtMax, spareTurnId: this.#turnId() })
  }

  #open(): void {
    if (this.#state !== undefined || this.store.session.state === 'closed') return
    this.#life++
    this.#state = modelOf(this.store.session, 'sim')
    const openPermissions = [...this.store.permissions.values()].filter((permission) => permission.state === 'open')
    const closing = this.store.session.state === 'closing'
    const attached = attachedTo(this.store, this.#processes, this.random)
    this.#give({
      kind: 'opened',
      reply: this.#reply(),
      turns: this.store.unsettledTurns(),
      openPermissions,
      elicitations: this.store.elicitations.unsettled(this.store.session.no),
      closing,
      attached,
      spareTurnId: this.#turnId(),
    })
    const lost = attached && [...this.store.outcomes].find(([id, { state }]) => this.#isLost(id, state, attached))
    must(lost === undefined, 'S15', `turn ${lost?.[0]} is interrupted, but its agent is here`)
  }

  #isLost(turnId: string, state: string, attached: AttachedAgent): boolean {
    const turn = this.store.turns.get(turnId)
    const isNew = turn?.outcome?.endedAt === this.#time.now && turn.cancelling === undefined
    return isNew && state === 'interrupted' && turn.generation === attached.generation
  }

  /** Lines that an earlier life has stored but not acknowledged are read again: what was asked and needed no row gets its answer. */
  #listen(generation: number): void {
    const process = this.#process(generation)
    const line = this.store.session.agentLine ?? 0
    for (const again of process?.pipe.between(process.pipe.acknowledged, line) ?? []) {
      if (isRequest(again) && !isStored(this.store, again)) process?.answered(again.requestId, 'cancel')
    }
    process?.pipe.listen(this.#life, line)
  }

  /** The gateway is gone, its memory with it. Its agents live on, or one of them ends meanwhile, or all end with their keeper. */
  #die(): void {
    if (this.#quiet) return
    this.#leave()
    const fate = this.random.int(10)
    if (fate < 3) this.#loseKeeper()
    else if (fate < 5) this.#time.after(this.random.int(3_000), () => this.#processes.at(-1)?.kill())
  }

  #loseKeeper(): void {
    for (const process of this.#processes) process.kill()
    this.#processes = []
  }

  #leave(): void {
    this.#state = undefined
    this.#tunings.forget()
    this.#life++
    const awayMs = 1 + this.random.int(3_000)
    this.store.awayMs += awayMs
    this.#time.after(awayMs, () => this.#open())
  }

  /** What is read at once. Lines of a process that are heard are acknowledged when all that they caused is done. */
  #hear(inputs: readonly AgentInput[], pipe: Pipe): void {
    const fresh = inputs.filter((input) => !isRequest(input) || !pipe.wasWritten(`a${input.line}`))
    const life = this.#life
    this.#giveAll(fresh.map((input) => this.#permissions.judge(heardBy(life, input))))
    const last = inputs.at(-1)
    if (this.#life === life && last !== undefined && 'line' in last) pipe.acknowledged = last.line
  }

  #give(raw: Input): void {
    this.#giveAll([raw])
  }

  /** One batch of the mailbox: one commit, then all effects. */
  #giveAll(batch: readonly Input[]): void {
    if (this.#state === undefined) return
    let state = this.#state
    const writes: SessionWrite[] = []
    const effects: Effect[] = []
    const rest = [...batch]
    for (let raw = rest.shift(); raw !== undefined; raw = rest.shift()) {
      this.steps++
      this.#queue.hear(raw)
      const input = this.#mutation.input?.(raw, state) ?? raw
      if (state.spareTurnId === undefined) state = { ...state, spareTurnId: this.#turnId() }
      const transition = next(state, this.#witnessed(input, state), LIMITS, this.#time.now)
      state = transition.state
      this.#queue.look(state, transition.effects)
      this.#cancels.look(input, transition, this.#time.now)
      writes.push(...transition.writes)
      effects.push(...transition.effects)
      if (this.#mutation.promptsLate !== true && transition.effects.some(({ kind }) => kind === 'agent.prompt')) break
    }
    const life = this.#life
    try {
      if (this.#mutation.effectsFirst === true) this.#perform(effects)
      this.#commit(state, writes)
      if (this.#mutation.effectsFirst !== true) this.#perform(effects)
      this.#armTimer()
    } catch (error) {
      if (!(error instanceof Death)) throw error
      this.#die()
    }
    if (rest.length > 0 && this.#life === life) this.#giveAll(rest)
  }

  /** What the actor adds: whether a lost process was given the prompt that is out. */
  #witnessed(input: Input, { active }: SessionModel): Input {
    if (input.kind !== 'agent.lost' || active === undefined) return input
    const isUnsent = this.#process(input.generation)?.pipe.wasWritten(active.turnId) === false
    return isUnsent ? { ...input, unsent: active.turnId } : input
  }

  #commit(state: SessionModel, writes: readonly SessionWrite[]): void {
    this.#mayDie()
    const before = this.store.session
    const stored = writes.filter((write) => this.#mutation.loses?.(write, writes) !== true)
    this.store.commit(stored)
    this.#state = state
    checkReplaced(before, this.store.session, stored)
    this.#permissions.check(before, stored)
    this.#checkLines()
    this.#deliveries.checkUnsent(this.store.unsettledTurns())
    this.#mayDie()
  }

  /** S13: with the position, everything before it is stored. */
  #checkLines(): void {
    const { generation, agentLine } = this.store.session
    const process = this.#process(generation)
    if (agentLine === undefined || process === undefined) return
    const said = process.pipe.updatesUpTo(agentLine)
    const stored = this.store.updateLines.get(generation)?.length ?? 0
    must(said === stored, 'S13', `${stored} of ${said} updates up to line ${agentLine} are stored`)
  }

  #perform(effects: readonly Effect[]): void {
    for (const effect of effects) {
      this.#effect(effect)
      this.#mayDie()
    }
    this.#tunings.check(this.store.session, this.#mode())
  }

  #mayDie(): void {
    if (!this.#quiet && this.random.chance(this.#mutation.deathChance ?? 0.01)) throw new Death()
  }

  #effect(effect: Effect): void {
    this.#permissions.hear(effect)
    switch (effect.kind) {
      case 'reply':
        if (effect.value.kind === 'prompt') this.#accepted.add(effect.value.turn.id)
        return this.#tunings.answered(effect.to, effect.value)
      case 'agent.start':
        return this.#start(effect)
      case 'agent.listen':
        return this.#listen(effect.generation)
      case 'agent.prompt':
        return this.#prompted(effect)
      case 'agent.control':
        return this.#process(effect.generation)?.control(controlId(effect.no, this.#life), effect.request)
      case 'agent.cancel':
      case 'agent.withdraw':
        return this.#process(effect.generation)?.cancel(effect)
      case 'agent.permission':
        return this.#process(effect.generation)?.answered(effect.requestId, effect.outcome.outcome)
      case 'agent.elicitation':
        return this.#answerElicitation(effect)
      case 'agent.stop':
        return this.#stop(effect.generation)
      case 'lane.enter':
        if (effect.isTaken) return this.#queue.hear(passed(effect.no))
        return this.#letIn(effect.no)
      case 'lane.leave':
        return this.#queue.leave(effect.no)
      case 'end':
        this.#state = undefined
        this.#tunings.forget()
        if (this.store.session.state !== 'closed') this.#time.after(this.random.int(2_000), () => this.#open())
        return
      case 'rule.learn':
      case 'rule.forget':
      case 'count':
      case 'task.due':
        return
      default:
        return effect satisfies never
    }
  }

  #letIn(no: number): void {
    const life = this.#life
    this.#time.after(this.random.int(3_000), () => this.#life === life && this.#give(passed(no)))
  }

  #prompted({ generation, turnId }: Extract<Effect, { kind: 'agent.prompt' }>): void {
    const process = this.#process(generation)
    // Its end is on its way to the gateway: who writes may know, and does not, or cannot know that nobody reads.
    if (process?.alive !== true) return this.#unheard(turnId, process)
    process.prompt(turnId)
  }

  #unheard(turnId: TurnId, process: ScriptedProcess | undefined): void {
    this.#unread.add(turnId)
    if (this.random.chance(0.5)) process?.pipe.write(turnId)
  }

  #start(effect: Extract<Effect, { kind: 'agent.start' }>): void {
    const { generation } = effect
    const living = this.#processes.filter((process) => process.alive)
    must(living.length === 0, 'S7', `process ${generation} started while ${living.length} live`)
    must(this.store.session.terms.login === undefined, 'S31', `process ${generation} started before anybody logged in`)
    const process = new ScriptedProcess(generation, this.#ground())
    this.#processes.push(process)
    const fate = this.random.int(10)
    if (fate === 0) return // a command that never answers the handshake
    if (fate === 1) {
      const code = this.random.pick<ErrorCode>(['AGENT_NOT_ACP', 'AGENT_EXITED', 'AGENT_AUTH_REQUIRED'])
      const error = toStoredError(new HoldfastError(code, { agent: 'sim' }))
      process.kill()
      this.#processes.pop()
      return this.#deliver({ kind: 'agent.failed', generation, error })
    }
    const opening = openConversation(this.random, effect)
    if (opening.kind === 'lost') {
      process.kill()
      this.#processes.pop()
      return this.#deliver({ kind: 'agent.failed', generation, error: opening.error })
    }
    process.begin(opening.agentSessionId, effect.options)
    const { agentSessionId, continuity } = opening
    const history = effect.wantsHistory && continuity === 'loaded' ? { updates: [], leftOut: 0 } : undefined
    const offers = { controls: process.controls, refused: [], definitionDigest: '', capabilities: '{}' }
    const agent = { pid: generation, agentSessionId, continuity, history, isRetiring: false, ...offers }
    this.#time.after(this.random.int(2_000), () => {
      if (!process.alive) return
      this.#deliver({ kind: 'agent.ready', generation, ...agent, line: READY_LINE }, () =>
        process.pipe.listen(this.#life, READY_LINE),
      )
    })
  }

  /** What a process of this world stands on. */
  #ground(): ProcessWorld {
    const time = this.#time
    return {
      random: this.random,
      forgetsFrames: this.#mutation.forgetsFrames === true,
      get now() {
        return time.now
      },
      isHeard: (life) => life === this.#life,
      after: (ms, run) => time.after(ms, run),
      hear: (inputs, pipe) => this.#hear(inputs, pipe),
      received: (turnId, by) => this.#received(turnId, by),
      elicitationId: () => this.#questionId(),
      refused: (turnId) => this.#deliveries.refused(turnId),
      permissionId: () => `perm_${this.#ids++}` as PermissionId,
    }
  }

  /** Of a question that somebody may answer when it was asked. */
  #questionId(): ElicitationId {
    const id = `elic_${this.#ids++}` as ElicitationId
    const answer = (): void => this.#give(answerTo(this.random, id, this.#reply()))
    if (this.random.chance(0.6)) this.#time.after(this.random.int(10_000), answer)
    return id
  }

  /** What is written is with whoever holds the process; that it is, is heard a little later. */
  #answerElicitation({ generation, requestId, answer, keptFor }: Extract<Effect, { kind: 'agent.elicitation' }>): void {
    this.#process(generation)?.answered(requestId, answer.action)
    if (keptFor !== undefined) this.#deliver({ kind: 'agent.answer_left', generation, elicitationId: keptFor })
  }

  #stop(generation: number): void {
    const life = this.#life
    const process = this.#process(generation)
    this.#time.after(this.random.int(4_000), () => {
      process?.kill()
      this.#processes = this.#processes.filter((other) => other !== process || this.#life !== life)
      const report = { forced: false, swept: 0, survivors: [], ms: 1, exit: undefined }
      if (this.#life === life) this.#give({ kind: 'agent.stopped', generation, report })
    })
  }

  /** What the gateway learns of a start; it dies with the gateway. */
  #deliver(input: AgentInput, then = (): void => {}): void {
    const life = this.#life
    this.#time.after(this.random.chance(0.1) ? this.random.int(8_000) : 1, () => {
      if (this.#life !== life) return
      this.#give(input)
      then()
    })
  }

  #received(turnId: TurnId, generation: number): void {
    this.#deliveries.received(turnId)
    const conversation = this.#process(generation)?.conversation
    must(conversation === this.store.session.agentSessionId, 'S16', `turn ${turnId} went into ${conversation}`)
    const turn = this.store.turns.get(turnId)
    must(
      turn?.generation === generation,
      'S3',
      `turn ${turnId} reached process ${generation} before its dispatch was stored`,
    )
  }

  #armTimer(): void {
    const at = Math.min(...this.#deadlines())
    if (at === Infinity) return
    const life = this.#life
    this.#time.after(Math.max(at - this.#time.now, 0), () => {
      if (this.#life === life && this.#deadlines().some((due) => due <= this.#time.now)) this.#give({ kind: 'tick' })
    })
  }

  #deadlines(): number[] {
    const all = this.#state === undefined ? [] : deadlinesOf(this.#state, LIMITS)
    return all.filter(({ kind }) => kind !== this.#mutation.forgets).map(({ at }) => at)
  }

  /** What the agent that can be heard is set to. */
  #mode(): string | undefined {
    const { agent } = this.#state ?? {}
    const process = agent?.kind === 'ready' ? this.#process(agent.generation) : undefined
    return process?.alive ? process.mode : undefined
  }

  #process(generation: number): ScriptedProcess | undefined {
    return this.#processes.find((process) => process.generation === generation)
  }

  #someTurn(): TurnId | undefined {
    return this.random.chance(0.6) ? undefined : this.store.unsettledTurns()[0]?.id
  }

  #turnId(): TurnId {
    return `turn_${this.#ids++}` as TurnId
  }

  #reply(): ReplyTo {
    return this.#ids++ as ReplyTo
  }
}
