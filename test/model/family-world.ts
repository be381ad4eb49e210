// One schedule of a family: a parent and sessions that work for it, under one gateway that may die at every step. Each session is
// the real reducer; who tells the parent does as src/tasks does. The agents are simpler than in world.ts: they die with the gateway.

import type { PermissionId, SessionId, TurnId } from '../../src/base/ids.ts'
import { deadlinesOf } from '../../src/session/deadlines.ts'
import { fullGraceMs } from '../../src/session/turns/cancel-grace.ts'
import { modelOf } from '../../src/session/model.ts'
import { next } from '../../src/session/next.ts'
import type { ReplyTo, SessionModel } from '../../src/session/state.ts'
import type { Input, TurnDraft } from '../../src/session/input.ts'
import type { Effect, ReplyValue } from '../../src/session/effect.ts'
import type { NotifyPolicy, TaskRecord } from '../../src/store/records.ts'
import type { SessionWrite } from '../../src/store/store.ts'
import { answer, asked, failed, lost, ready, said, stopped } from './agent-inputs.ts'
import { LIMITS } from './limits.ts'
import { must } from './invariant.ts'
import { ModelStore } from './model-store.ts'
import { newSession } from './new-session.ts'
import { seededRandom } from './random.ts'
import type { Random } from './random.ts'
import { TaskTable } from './task-table.ts'
import { Timeline } from './timeline.ts'

/** A planted bug: how the world differs from the honest one. */
export interface FamilyMutation {
  /** Writes that do not reach the store. */
  readonly loses?: (write: SessionWrite) => boolean
  /** A notice is taken without a look at the row. */
  readonly takesBlindly?: boolean
  /** A new life does not look for what is due. */
  readonly forgetsOutbox?: boolean
}

interface Member {
  readonly store: ModelStore
  state: SessionModel | undefined
  /** Generation of the process that lives, if one does. */
  process: number | undefined
}

class Death extends Error {}

const PARENT = 'ses_1' as SessionId
const TELL_AGAIN_MS = 1_000
const END_OF_TIME = 3_600_000

export class FamilyWorld {
  readonly tasks = new TaskTable()
  readonly members: readonly Member[]
  readonly #random: Random
  readonly #mutation: FamilyMutation
  readonly #time = new Timeline()
  readonly #replies = new Map<ReplyTo, (value: ReplyValue) => void>()
  #life = 0
  #isAlive = false
  #ids = 0
  #quiet = false
  #retryAt = 0

  constructor(seed: number, mutation: FamilyMutation = {}) {
    this.#random = seededRandom(seed)
    this.#mutation = mutation
    const children = 1 + this.#random.int(3)
    this.members = Array.from({ length: children + 1 }, (_, i) => this.#member(i + 1))
  }

  /** Runs the schedule; throws InvariantBroken with the rule that does not hold. */
  run(): void {
    this.#start()
    const calls = 4 + this.#random.int(12)
    for (let i = 0; i < calls; i++) this.#time.after(this.#random.int(90_000), () => this.#call())
    this.#time.spin(250_000)
    this.#quiet = true // no more crashes: from here on everything must come to rest by itself
    this.#start()
    for (const member of this.members) {
      this.#open(member)
      if (member.store.session.blockedBy !== undefined)
        this.#give(member, { kind: 'resume', reply: this.#reply(), action: 'discard', draft: undefined })
    }
    this.#time.spin(END_OF_TIME)
    this.#checkRest()
  }

  #member(no: number): Member {
    const id = `ses_${no}` as SessionId
    const notify = this.#random.pick<NotifyPolicy>(['silent', 'done_only', 'state_changes', 'prompt'])
    const family = no === 1 ? {} : { family: { label: `child ${no}`, parent: PARENT, notify } }
    const session = { ...newSession(this.#random), no, id, mode: 'persistent' as const, ...family }
    return {
      store: new ModelStore(session, LIMITS.silenceMs + fullGraceMs(LIMITS)),
      state: undefined,
      process: undefined,
    }
  }

  #call(): void {
    const [parent, ...children] = this.members as [Member, Member, ...Member[]]
    const child = this.#random.pick(children)
    const what = this.#random.int(30)
    if (what < 18) return this.#ask(child, (reply) => ({ kind: 'prompt', reply, draft: this.#draft() }))
    if (what < 21) return this.#ask(parent, (reply) => ({ kind: 'prompt', reply, draft: this.#draft() }))
    if (what < 24) return this.#ask(child, (reply) => ({ kind: 'cancel', reply, turnId: undefined }))
    if (what < 28) return this.#die()
    this.#ask(what === 28 || this.#random.chance(0.7) ? child : parent, (reply) => ({ kind: 'close', reply }))
  }

  #draft(): TurnDraft {
    const turnId = `turn_${this.#ids++}` as TurnId
    return {
      turnId,
      prompt: '[]',
      bodyHash: '',
      idempotencyKey: undefined,
      onInterrupt: undefined,
      expiresAt: undefined,
    }
  }

  // The gateway ----------------------------------------------------------------------------------------------------

  /** Opens what was left open, then looks for what is due. */
  #start(): void {
    if (this.#isAlive) return
    this.#isAlive = true
    for (const member of this.members) {
      const { permissions, session } = member.store
      const isAsked = [...permissions.values()].some(({ state }) => state === 'open')
      const isUnsettled = member.store.unsettledTurns().length > 0 || isAsked || session.state === 'closing'
      if (isUnsettled) this.#open(member)
    }
    if (this.#mutation.forgetsOutbox !== true) this.#tellSoon()
  }

  #die(): void {
    if (this.#quiet || !this.#isAlive) return
    this.#isAlive = false
    this.#life++
    const awayMs = 1 + this.#random.int(3_000)
    for (const member of this.members) {
      member.state = undefined
      member.process = undefined
      member.store.awayMs += awayMs
    }
    this.#replies.clear()
    this.#time.after(awayMs, () => this.#start())
  }

  #open(member: Member): void {
    const { store } = member
    if (!this.#isAlive || member.state !== undefined || store.session.state === 'closed') return
    member.state = modelOf(store.session, 'sim')
    const openPermissions = [...store.permissions.values()].filter(({ state }) => state === 'open')
    const closing = store.session.state === 'closing'
    const turns = store.unsettledTurns()
    const spareTurnId = `turn_${this.#ids++}` as TurnId
    this.#give(member, {
      kind: 'opened',
      reply: this.#reply(),
      turns,
      openPermissions,
      elicitations: store.elicitations.unsettled(store.session.no),
      closing,
      attached: undefined,
      spareTurnId,
    })
  }

  #ask(member: Member, build: (reply: ReplyTo) => Input): void {
    this.#open(member)
    this.#give(member, build(this.#reply()))
  }

  #give(member: Member, input: Input): void {
    if (member.state === undefined) return
    const { state, writes, effects } = next(member.state, input, LIMITS, this.#time.now)
    try {
      this.#mayDie()
      const stored = writes.filter((write) => this.#mutation.loses?.(write) !== true)
      member.store.commit(stored)
      this.tasks.commit(stored)
      this.tasks.check(member.store)
      member.state = state
      this.#mayDie()
      for (const effect of effects) {
        this.#perform(member, effect)
        this.#mayDie()
      }
      this.#armTimer(member)
    } catch (error) {
      if (!(error instanceof Death)) throw error
      this.#die()
    }
  }

  #mayDie(): void {
    if (!this.#quiet && this.#random.chance(0.01)) throw new Death()
  }

  #armTimer(member: Member): void {
    const life = this.#life
    const due = (): number =>
      member.state === undefined ? Infinity : Math.min(...deadlinesOf(member.state, LIMITS).map(({ at }) => at))
    const at = due()
    if (at === Infinity) return
    this.#time.after(Math.max(at - this.#time.now, 0), () => {
      if (this.#life === life && due() <= this.#time.now) this.#give(member, { kind: 'tick' })
    })
  }

  #perform(member: Member, effect: Effect): void {
    switch (effect.kind) {
      case 'reply':
        return this.#replies.get(effect.to)?.(effect.value)
      case 'agent.start':
        return this.#startAgent(member, effect.generation)
      case 'agent.prompt':
        return this.#work(member, effect)
      case 'agent.cancel':
        return this.#from(
          member,
          effect.generation,
          3_000,
          () => this.#random.chance(0.7) && answer(effect, 'cancelled'),
        )
      case 'agent.stop':
        member.process = undefined
        return this.#later(3_000, () => this.#give(member, stopped(effect.generation)))
      case 'task.due':
        return this.#tellSoon()
      case 'end':
        member.state = undefined
        return
      default:
    }
  }

  // Who tells the parent -------------------------------------------------------------------------------------------

  #tellSoon(): void {
    this.#later(50, () => {
      for (const task of this.tasks.due()) this.#later(200, () => this.#tell(task))
    })
  }

  #tell(task: TaskRecord): void {
    const [parent] = this.members as [Member]
    const { id, end, notify } = task
    const row = this.tasks.rows.get(id)
    const isKnown = end === undefined ? (row?.announcedAt ?? row?.end) !== undefined : row?.toldAt !== undefined
    if (isKnown && this.#mutation.takesBlindly !== true) return
    if (parent.store.session.state !== 'open') return this.#nobody(task)
    this.#open(parent)
    const prompt = end !== undefined && notify === 'prompt' ? { ...this.#draft(), idempotencyKey: id } : undefined
    const data = JSON.stringify({ task_id: id })
    const what = end === undefined ? 'started' : 'ended'
    const reply = this.#reply((value) => {
      if (value.kind !== 'error') return
      if (value.code === 'SESSION_CLOSED') this.#nobody(task)
      else this.#tellAgain()
    })
    this.#give(parent, { kind: 'notice', reply, notice: { taskId: id, what, data, prompt } })
  }

  /** One retry for all that wait. */
  #tellAgain(): void {
    if (this.#retryAt > this.#time.now) return
    this.#retryAt = this.#time.now + TELL_AGAIN_MS
    this.#time.after(TELL_AGAIN_MS, () => this.#tellSoon())
  }

  #nobody({ id, end }: TaskRecord): void {
    if (end !== undefined) this.tasks.forgo(id, this.#time.now)
  }

  // Agents ---------------------------------------------------------------------------------------------------------

  #startAgent(member: Member, generation: number): void {
    const isGood = this.#random.chance(0.9)
    this.#later(2_000, () => {
      if (member.state?.agent.kind !== 'starting') return
      if (isGood) member.process = generation
      this.#give(member, isGood ? ready(generation) : failed(generation))
    })
  }

  #work(member: Member, { generation, turnId }: { generation: number; turnId: TurnId }): void {
    const fate = this.#random.int(20)
    const say = (ms: number, make: () => Input | false): void => this.#from(member, generation, ms, make)
    for (let i = this.#random.int(3); i > 0; i--) say(2_000, () => said(generation, turnId, this.#ids++))
    if (fate === 0) return // silent for ever
    if (fate === 1) return say(4_000, () => lost(generation))
    const isOut = (): boolean => member.state?.active?.turnId === turnId
    if (fate < 5) say(1_000, () => isOut() && asked(generation, `perm_${this.#ids++}` as PermissionId))
    say(6_000, () => answer({ generation, turnId }, this.#random.pick(['end_turn', 'refusal', 'max_tokens'])))
  }

  /** Something of a process, if that still lives then. */
  #from(member: Member, generation: number, msMax: number, make: () => Input | false): void {
    this.#later(msMax, () => {
      const input = member.process === generation && make()
      if (input !== false) this.#give(member, input)
    })
  }

  /** Within this life of the gateway. */
  #later(msMax: number, run: () => void): void {
    const life = this.#life
    this.#time.after(1 + this.#random.int(msMax), () => {
      if (this.#life === life) run()
    })
  }

  // ----------------------------------------------------------------------------------------------------------------

  #checkRest(): void {
    const [parent] = this.members as [Member]
    const isClosed = parent.store.session.state === 'closed'
    const ended = parent.store.events.filter(({ type }) => type === 'task.ended').map(({ data }) => data)
    for (const task of this.tasks.rows.values()) {
      must(task.end !== undefined, 'S18', `task ${task.id} is ${task.status} for ever`)
      const count = ended.filter((data) => data === JSON.stringify({ task_id: task.id })).length
      const isSilent = task.notify === 'silent'
      must(count === (task.delivery === 'delivered' ? 1 : 0), 'S19', `${task.id} ${task.delivery}, told ${count} times`)
      must(task.delivery !== 'parent_closed' || isClosed, 'S19', `${task.id} was given up though its parent is open`)
      must((task.delivery === 'not_applicable') === isSilent, 'S19', `${task.id} ${task.notify} is ${task.delivery}`)
      must(!task.isDue, 'S19', `the end of ${task.id} is never told`)
      this.#checkPrompt(parent, task)
    }
  }

  #checkPrompt({ store }: Member, { id, notify, delivery }: TaskRecord): void {
    const prompts = [...store.turns.values()].filter(({ idempotencyKey }) => idempotencyKey === (id as string)).length
    const wanted = notify === 'prompt' && delivery === 'delivered' ? 1 : 0
    must(prompts === wanted, 'S19', `${id} became ${prompts} prompts of its parent`)
  }

  #reply(then?: (value: ReplyValue) => void): ReplyTo {
    const reply = this.#ids++ as ReplyTo
    if (then !== undefined) this.#replies.set(reply, then)
    return reply
  }
}
