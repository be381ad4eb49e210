// An agent process of the simulator: does what its seed says, in virtual time, and remembers what it was given.

import type { AgentRequestId } from '../../src/agent/connection.ts'
import type { TurnId } from '../../src/base/ids.ts'
import type { AgentInput } from '../../src/session/state.ts'
import type { Random } from './random.ts'

export interface ProcessWorld {
  readonly random: Random
  after(ms: number, run: () => void): void
  /** Puts a message of this process on its way to the gateway; it may arrive late. */
  say(input: AgentInput): void
  received(turnId: TurnId, generation: number): void
  permissionId(): Extract<AgentInput, { kind: 'agent.permission' }>['permissionId']
}

type Habit =
  | 'answer'
  | 'hang'
  | 'deaf'
  | 'late'
  | 'crash_early'
  | 'crash_late'
  | 'ask'
  | 'twice'
  | 'wrong_id'
  | 'chatty'
  | 'drone'

const HABITS: readonly [Habit, ...Habit[]] = [
  'answer',
  'answer',
  'answer',
  'hang',
  'deaf',
  'late',
  'crash_early',
  'crash_late',
  'ask',
  'twice',
  'wrong_id',
  'chatty',
  'drone',
]

export class ScriptedProcess {
  readonly generation: number
  alive = true
  #turnId: TurnId | undefined
  #habit: Habit = 'answer'
  #waitsFor: AgentRequestId | undefined
  readonly #world: ProcessWorld

  constructor(generation: number, world: ProcessWorld) {
    this.generation = generation
    this.#world = world
  }

  prompt(turnId: TurnId): void {
    if (!this.alive) return
    const { random } = this.#world
    this.#world.received(turnId, this.generation)
    this.#turnId = turnId
    this.#habit = random.pick(HABITS)
    this.#after(random.int(200), () => this.#work(turnId))
  }

  cancel(turnId: TurnId): void {
    if (!this.alive || this.#habit === 'deaf' || this.#turnId !== turnId) return
    this.#after(this.#world.random.int(3_000), () => this.#answer(turnId, 'cancelled'))
  }

  permissionOutcome(requestId: AgentRequestId): void {
    if (this.#waitsFor !== requestId || this.#turnId === undefined) return
    this.#waitsFor = undefined
    const turnId = this.#turnId
    this.#after(10, () => this.#answer(turnId, 'end_turn'))
  }

  /** The host ends it. What is on its way still arrives, as from a real pipe. */
  kill(): void {
    this.alive = false
  }

  #work(turnId: TurnId): void {
    const { random } = this.#world
    if (this.#habit === 'crash_early') return this.#crash()
    for (let i = random.int(4); i > 0; i--) this.#chunk(turnId)
    switch (this.#habit) {
      case 'hang':
      case 'deaf':
        return
      case 'crash_late':
        return this.#crash()
      case 'ask':
        return this.#ask()
      case 'late':
        return this.#after(random.int(60_000), () => this.#answer(turnId, 'end_turn'))
      case 'wrong_id':
        return this.#say({
          kind: 'agent.answered',
          generation: this.generation,
          turnId: `${turnId}x` as TurnId,
          answer: { kind: 'stopped', stopReason: 'end_turn', usage: undefined },
        })
      case 'twice':
        this.#answer(turnId, 'end_turn')
        return this.#after(random.int(100), () => this.#answer(turnId, 'end_turn'))
      case 'chatty':
        this.#answer(turnId, 'end_turn')
        return this.#after(random.int(5_000), () => this.#chunk(turnId))
      case 'drone':
        return this.#drone(turnId)
      default:
        return this.#answer(turnId, 'end_turn')
    }
  }

  #ask(): void {
    const requestId = `r${this.generation}-${this.#world.random.int(1e9)}`
    this.#waitsFor = requestId
    const permissionId = this.#world.permissionId()
    const options = [
      { optionId: 'yes', kind: 'allow_once' },
      { optionId: 'no', kind: 'reject_once' },
    ]
    this.#say({
      kind: 'agent.permission',
      generation: this.generation,
      permissionId,
      requestId,
      toolCall: '{}',
      options,
    })
    if (this.#world.random.chance(0.1)) {
      this.#after(500, () => this.#say({ kind: 'agent.request_cancelled', generation: this.generation, requestId }))
    }
  }

  /** Never silent for long, never done. */
  #drone(turnId: TurnId): void {
    if (this.#turnId !== turnId) return
    this.#chunk(turnId)
    this.#after(5_000, () => this.#drone(turnId))
  }

  #chunk(turnId: TurnId): void {
    this.#say({
      kind: 'agent.updates',
      generation: this.generation,
      data: [JSON.stringify({ generation: this.generation, turnId })],
    })
  }

  #answer(turnId: TurnId, stopReason: string): void {
    this.#say({
      kind: 'agent.answered',
      generation: this.generation,
      turnId,
      answer: { kind: 'stopped', stopReason, usage: undefined },
    })
  }

  #crash(): void {
    if (!this.alive) return
    this.#say({ kind: 'agent.lost', generation: this.generation, error: { code: 'AGENT_EXITED', message: 'gone' } })
    this.alive = false
  }

  #say(input: AgentInput): void {
    if (this.alive) this.#world.say(input)
  }

  #after(ms: number, run: () => void): void {
    this.#world.after(ms, () => {
      if (this.alive) run()
    })
  }
}
