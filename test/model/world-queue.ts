// The queue's part of a schedule: prompts for a busy session, changes to prompts that wait, lanes, and work of the agent's own; and
// what must hold for them.

import type { SessionModel } from '../../src/session/state.ts'
import type { CallerInput, Input, TurnDraft } from '../../src/session/input.ts'
import type { Effect } from '../../src/session/effect.ts'
import type { WhenBusy } from '../../src/session/service.ts'
import type { Lane } from '../../src/store/records.ts'
import { LIMITS } from './limits.ts'
import type { ModelStore } from './model-store.ts'
import { must } from './invariant.ts'
import type { Random } from './random.ts'

type Edit = Extract<CallerInput, { kind: 'edit' }>
type Asked = Pick<Extract<CallerInput, { kind: 'prompt' }>, 'draft' | 'whenBusy' | 'isGatewayFull'>

export class WorldQueue {
  readonly #random: Random
  readonly #store: ModelStore
  /** Passes that were given and not given back, in this life. */
  readonly #passes = new Set<number>()

  constructor(random: Random, store: ModelStore) {
    this.#random = random
    this.#store = store
  }

  /** A prompt as somebody may ask for it. */
  asked(draft: TurnDraft): Asked {
    const { chance, pick, int } = this.#random
    const lane = pick<Lane | undefined>([undefined, undefined, 'interactive', 'background'])
    const deadlineMs = chance(0.2) ? 1_000 + int(LIMITS.turnMs - 1_000) : undefined
    const whenBusy = pick<WhenBusy | undefined>([undefined, undefined, undefined, 'interrupt', 'steer', 'reject'])
    return { draft: { ...draft, lane, deadlineMs }, whenBusy, isGatewayFull: chance(0.05) }
  }

  /** A change to a prompt that waits, or to one that does not any more. */
  edit(state: SessionModel | undefined, now: number, give: (edit: Omit<Edit, 'reply'>) => void): void {
    if (state === undefined) return
    const { chance, int } = this.#random
    const turns = [...state.queue, ...(state.active === undefined ? [] : [state.active])]
    const turn = turns[int(turns.length)]
    const other = turns[int(turns.length)]
    if (turn === undefined || other === undefined) return
    const to = chance(0.5)
      ? ({ kind: 'position', position: int(6) } as const)
      : ({ kind: 'before', turnId: other.turnId } as const)
    const expiresAt = chance(0.2) ? (chance(0.5) ? null : now + int(20_000)) : undefined
    const prompt = chance(0.3) ? '["edited"]' : undefined
    give({ kind: 'edit', turnId: turn.turnId, prompt, expiresAt, to: chance(0.8) ? to : undefined })
  }

  hear(input: Input): void {
    if (input.kind === 'opened') this.#passes.clear()
    if (input.kind === 'lane.passed') this.#passes.add(input.no)
  }

  leave(no: number): void {
    this.#passes.delete(no)
  }

  /** After each transition. */
  look(state: SessionModel, effects: readonly Effect[]): void {
    const { active, lanePass, queue, phase, blockedBy } = state
    for (const effect of effects) {
      if (effect.kind !== 'agent.prompt') continue
      must(active?.origin !== 'agent', 'S21', `turn ${effect.turnId}, which the agent began, is sent to it`)
      const isBound = active !== undefined && LIMITS.boundLanes.includes(active.lane)
      const hasPass = lanePass !== undefined && this.#passes.has(lanePass.no)
      must(!isBound || hasPass, 'S22', `turn ${effect.turnId} goes out without a pass of its lane`)
    }
    const isHeldUp = active?.origin === 'agent' && phase.kind === 'open' && blockedBy === undefined
    const waits = queue[0] !== undefined && !(lanePass !== undefined && !lanePass.isHeld)
    must(!isHeldUp || !waits || state.agent.kind !== 'ready', 'S21', `turn ${active?.turnId} holds up the queue`)
    const isUser = active !== undefined && active.origin !== 'agent'
    must(lanePass === undefined || isUser || queue.length > 0, 'S22', 'a pass is held for nothing')
  }

  /** At the end of a schedule of so many lives. */
  checkRest(state: SessionModel | undefined, lives: number): void {
    must(state?.lanePass === undefined || state.blockedBy !== undefined, 'S22', 'a pass is never given back')
    const tries = new Map<string, number>()
    for (const { type, turnId = '', data } of this.#store.events)
      if (type === 'turn.requeued' && data.includes('was lost before')) tries.set(turnId, (tries.get(turnId) ?? 0) + 1)
    for (const [turnId, count] of tries)
      must(count <= lives, 'S23', `turn ${turnId} was given ${count + 1} processes in ${lives} lives`)
  }
}

/** A session update as JSON text: work, or something that an agent says without working. */
export function updateText(random: Random, tag: object): string {
  const toolCallId = `call${random.int(3)}`
  const update = random.pick<object>([
    { sessionUpdate: 'agent_message_chunk' },
    { sessionUpdate: 'agent_message_chunk' },
    { sessionUpdate: 'usage_update' },
    { sessionUpdate: 'tool_call', toolCallId, status: 'in_progress' },
    { sessionUpdate: 'tool_call_update', toolCallId, status: 'completed' },
  ])
  return JSON.stringify({ ...update, ...tag })
}
