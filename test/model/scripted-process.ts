// An agent process of the simulator: does what its seed says, in virtual time, and remembers what it was given.

import type { AgentRequestId } from '../../src/agent/connection.ts'
import type { ControlRequest, Controls, WantedOption } from '../../src/agent/control-plan.ts'
import type { AgentSessionId, ElicitationId, PermissionId, TurnId } from '../../src/base/ids.ts'
import type { Effect } from '../../src/session/effect.ts'
import { answerControl, CONTROLS, modeOf } from './conversations.ts'
import { must } from './invariant.ts'
import { Pipe } from './pipe.ts'
import type { Line, PipeWorld } from './pipe.ts'
import { question } from './world-elicitations.ts'
import { updateText } from './world-queue.ts'

export interface ProcessWorld extends PipeWorld {
  /** A planted bug: whoever holds the process writes what it has written before. */
  readonly forgetsFrames: boolean
  received(turnId: TurnId, generation: number): void
  /** It would not take the prompt, for want of a login. */
  refused(turnId: TurnId): void
  permissionId(): PermissionId
  elicitationId(): ElicitationId
}

type Habit =
  | 'answer'
  | 'hang'
  | 'deaf'
  | 'stubborn'
  | 'late'
  | 'crash_early'
  | 'crash_late'
  | 'ask'
  | 'ask_nothing'
  | 'elicit'
  | 'twice'
  | 'wrong_id'
  | 'chatty'
  | 'drone'
  | 'login'

const HABITS: readonly [Habit, ...Habit[]] = [
  'answer',
  'answer',
  'answer',
  'hang',
  'deaf',
  'stubborn',
  'late',
  'crash_early',
  'crash_late',
  'ask',
  'ask_nothing',
  'elicit',
  'twice',
  'wrong_id',
  'chatty',
  'drone',
  'login',
]

const OPTIONS = [
  { optionId: 'yes', kind: 'allow_once' },
  { optionId: 'no', kind: 'reject_once' },
]

/** With a way to say yes for once, and without: then nobody says it for a person. */
const OFFERS: readonly [typeof OPTIONS, ...(typeof OPTIONS)[]] = [
  OPTIONS,
  OPTIONS,
  [
    { optionId: 'yes', kind: 'allow_always' },
    { optionId: 'no', kind: 'reject_once' },
  ],
  [
    { optionId: 'yes', kind: 'allow_once' },
    { optionId: 'yes', kind: 'allow_always' },
  ],
]

export class ScriptedProcess {
  readonly generation: number
  readonly pipe: Pipe
  alive = true
  /** What it goes on with, and what it is set to. */
  conversation: AgentSessionId | undefined
  mode = 'ask'
  #turnId: TurnId | undefined
  #habit: Habit = 'answer'
  #controlAt = 0
  #waitsFor: AgentRequestId | undefined
  readonly #world: ProcessWorld
  readonly #answers = new Map<AgentRequestId, number>()
  readonly #heard = new Map<AgentRequestId, string>()

  constructor(generation: number, world: ProcessWorld) {
    this.generation = generation
    this.#world = world
    this.pipe = new Pipe(world, world.forgetsFrames)
  }

  prompt(turnId: TurnId): void {
    if (!this.alive || !this.pipe.write(turnId)) return
    const { random } = this.#world
    this.#world.received(turnId, this.generation)
    this.#turnId = turnId
    this.#habit = random.pick(HABITS)
    this.#after(random.int(200), () => this.#work(turnId))
  }

  /** Its start is over: it has a conversation, and what was wanted of it. */
  begin(conversation: AgentSessionId, options: readonly WantedOption[]): void {
    this.conversation = conversation
    for (const { option, value } of options)
      if (option === 'mode' && value !== 'never offered') this.mode = String(value)
  }

  get controls(): Controls {
    return { ...CONTROLS, modes: { available: [], ...CONTROLS.modes, current: this.mode } }
  }

  control(no: number, request: ControlRequest): void {
    const taken = answerControl(this.#world.random)
    if (taken === undefined) return
    const { generation } = this
    // One after the other, as agents read.
    const { now } = this.#world
    this.#controlAt = Math.max(this.#controlAt, now + taken.ms)
    this.#after(this.#controlAt - now, () => {
      if (taken.answer.kind === 'accepted') this.mode = modeOf(request)
      this.#say((line) => ({ kind: 'agent.controlled', generation, no, answer: taken.answer, line }))
    })
  }

  /** A deaf one hears nothing, a stubborn one ends only what is taken back. */
  cancel({ kind, turnId }: Extract<Effect, { kind: 'agent.cancel' | 'agent.withdraw' }>): void {
    const isHeard = this.#habit !== 'deaf' && (this.#habit !== 'stubborn' || kind === 'agent.withdraw')
    if (!this.alive || !isHeard || this.#turnId !== turnId) return
    this.#after(this.#world.random.int(3_000), () => this.#answer(turnId, 'cancelled'))
  }

  /** `how`: an outcome of a permission request, or an action. */
  answered(requestId: AgentRequestId, how: string): void {
    const line = this.pipe.lineOf(requestId)
    if (!this.alive || line === undefined || !this.pipe.write(`a${line}`)) return
    const answers = this.answersTo(requestId) + 1
    this.#answers.set(requestId, answers)
    must(answers === 1, 'S14', `request ${requestId} was answered ${answers} times`)
    this.#heard.set(requestId, how)
    if (this.#waitsFor !== requestId || this.#turnId === undefined) return
    this.#waitsFor = undefined
    const turnId = this.#turnId
    this.#after(10, () => this.#answer(turnId, 'end_turn'))
  }

  answersTo(requestId: AgentRequestId): number {
    return this.#answers.get(requestId) ?? 0
  }

  /** How the request was answered, in the words of the answer. */
  heardOf(requestId: AgentRequestId): string | undefined {
    return this.#heard.get(requestId)
  }

  /** It ends, or is ended. What is on its way still arrives, as from a real pipe. */
  kill(): void {
    if (!this.alive) return
    this.alive = false
    this.pipe.end({
      kind: 'agent.lost',
      generation: this.generation,
      error: { code: 'AGENT_EXITED', message: 'gone' },
    })
  }

  #work(turnId: TurnId): void {
    const { random } = this.#world
    if (this.#habit === 'crash_early') return this.kill()
    if (this.#habit === 'login' && random.chance(0.7)) return this.#wantLogin(turnId)
    for (let i = random.int(4); i > 0; i--) this.#chunk(turnId)
    switch (this.#habit) {
      case 'hang':
      case 'deaf':
      case 'stubborn':
        return
      case 'crash_late':
        return this.kill()
      case 'ask':
        return this.#ask(this.#world.random.pick(OFFERS))
      case 'elicit':
        return this.#elicit()
      case 'ask_nothing':
        this.#ask([])
        return this.#chunk(turnId)
      case 'late':
        return this.#after(random.int(60_000), () => this.#answer(turnId, 'end_turn'))
      case 'wrong_id':
        return this.#answer(`${turnId}x` as TurnId, 'end_turn')
      case 'twice':
        this.#answer(turnId, 'end_turn')
        return this.#after(random.int(100), () => this.#answer(turnId, 'end_turn'))
      case 'chatty':
        this.#answer(turnId, 'end_turn')
        return this.#after(random.chance(0.5) ? 0 : random.int(5_000), () => this.#chunk(turnId))
      case 'drone':
        return this.#drone(turnId)
      default:
        return this.#answer(turnId, 'end_turn')
    }
  }

  #ask(options: typeof OPTIONS): void {
    const requestId = `r${this.generation}-${this.#world.random.int(1e9)}`
    this.#waitsFor = requestId
    const permissionId = this.#world.permissionId()
    const { generation } = this
    const asked = {
      kind: 'agent.permission',
      generation,
      permissionId,
      requestId,
      toolCall: '{}',
      options,
      ruling: undefined,
      isAttended: true,
    } as const
    this.#say((line) => ({ ...asked, line }))
    this.#withdraw(requestId)
  }

  #elicit(): void {
    const { random } = this.#world
    const { generation } = this
    const requestId = `e${generation}-${random.int(1e9)}`
    this.#waitsFor = requestId
    const elicitationId = this.#world.elicitationId()
    const elicitation = question(random, requestId)
    const isAttended = random.chance(0.8)
    const asked = { kind: 'agent.elicitation', generation, elicitationId, requestId, elicitation, isAttended } as const
    this.#say((line) => ({ ...asked, line }))
    this.#withdraw(requestId)
    if (random.chance(0.5))
      this.#after(random.int(3_000), () =>
        this.#say((line) => ({ kind: 'agent.elicitation_completed', generation, id: requestId, line })),
      )
  }

  #withdraw(requestId: AgentRequestId): void {
    if (!this.#world.random.chance(0.1)) return
    const withdrawn = { kind: 'agent.request_cancelled', generation: this.generation, requestId } as const
    this.#after(500, () => this.#say((line) => ({ ...withdrawn, line })))
  }

  /** Never silent for long, and not done before every deadline of the turn is over. */
  #drone(turnId: TurnId, chunks = 40): void {
    if (this.#turnId !== turnId || chunks === 0) return
    this.#chunk(turnId)
    this.#after(5_000, () => this.#drone(turnId, chunks - 1))
  }

  #chunk(turnId: TurnId): void {
    const { generation } = this
    this.#say((line) => {
      const data = [updateText(this.#world.random, { generation, turnId, line })]
      return { kind: 'agent.updates', generation, data, line }
    })
  }

  /** Without a word before; else, further up, it has begun and then goes on. */
  #wantLogin(turnId: TurnId): void {
    if (!this.alive) return
    const { generation } = this
    const error = { code: 'AGENT_AUTH_REQUIRED', message: 'who are you' } as const
    this.#world.refused(turnId)
    this.#say((line) => ({ kind: 'agent.answered', generation, turnId, answer: { kind: 'error', error }, line }))
  }

  #answer(turnId: TurnId, stopReason: string): void {
    const { generation } = this
    const answer = { kind: 'stopped', stopReason, usage: undefined } as const
    this.#say((line) => ({ kind: 'agent.answered', generation, turnId, answer, line }))
  }

  #say(build: (line: number) => Line): void {
    if (this.alive) this.pipe.say(build)
  }

  #after(ms: number, run: () => void): void {
    this.#world.after(ms, () => {
      if (this.alive) run()
    })
  }
}
