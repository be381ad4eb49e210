// What ACP costs beside the API: the same gateway and agent, prompted by an API client and by an editor, side by side. The floor is the API.

import { inRounds, prompts } from './measure.ts'
import type { Plan, Prompting } from './measure.ts'
import type { Row } from './result.ts'
import type { TurnBatch } from './side.ts'
import { median, quantile } from './stats.ts'

const TURN: Prompting = { text: 'turn', count: 300, updates: 1 }
const UPDATES = 10_000
const STREAM: Prompting = { text: `stream ${UPDATES}`, count: 3, updates: UPDATES }
const NOTE = 'floor: the same gateway over its API'

interface Round {
  readonly api: TurnBatch
  readonly facade: TurnBatch
  readonly bridge: TurnBatch
}

export async function measureFacade(plan: Plan): Promise<Row[]> {
  if (plan.world.main !== 'gateway') return []
  const turns = await measure(plan, TURN)
  const stream = await measure(plan, STREAM)
  const bar = { on: 'value', kind: 'at most', limit: 1 } as const
  return [
    { ...adds(turns, 'an editor adds to the first update p50', ({ facade }) => facade), bar },
    { ...adds(turns, 'and through holdfast acp', ({ bridge }) => bridge), bar },
    { ...row(turns, 'warm turn p50, editor', ends, ({ facade }) => facade), unit: 'ms' },
    { ...row(turns, 'warm turn p50, holdfast acp', ends, ({ bridge }) => bridge), unit: 'ms' },
    { ...row(stream, 'stream, editor', rateOf, ({ facade }) => facade), unit: 'events/s' },
    { ...row(stream, 'stream, holdfast acp', rateOf, ({ bridge }) => bridge), unit: 'events/s' },
  ]
}

function measure({ world, rounds }: Plan, prompting: Prompting): Promise<Round[]> {
  return inRounds(rounds, async () => ({
    api: await prompts(world, 'gateway', prompting),
    facade: await prompts(world, 'facade', prompting),
    bridge: await prompts(world, 'bridge', prompting),
  }))
}

function adds(rounds: readonly Round[], name: string, sideOf: (round: Round) => TurnBatch): Row {
  const differences = rounds.map((round) => firstOf(sideOf(round)) - firstOf(round.api))
  return { name, unit: 'ms', holdfast: median(differences), note: 'median over rounds of the difference' }
}

function row(
  rounds: readonly Round[],
  name: string,
  valueOf: (batch: TurnBatch) => number,
  sideOf: (round: Round) => TurnBatch,
): Omit<Row, 'unit'> {
  const floor = median(rounds.map(({ api }) => valueOf(api)))
  return { name, floor, holdfast: median(rounds.map((round) => valueOf(sideOf(round)))), note: NOTE }
}

function firstOf({ turns }: TurnBatch): number {
  return quantile(
    turns.map(({ firstMs }) => firstMs),
    0.5,
  )
}

function ends({ turns }: TurnBatch): number {
  return quantile(
    turns.map(({ endMs }) => endMs),
    0.5,
  )
}

function rateOf({ turns }: TurnBatch): number {
  return median(turns.map(({ updates, endMs }) => (updates / endMs) * 1_000))
}
