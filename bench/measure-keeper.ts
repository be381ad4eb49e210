// What the keeper costs: the same gateway with its agents in a keeper and inside itself, side by side. The floor is inline.

import { inRounds, prompts } from './measure.ts'
import type { Plan, Prompting } from './measure.ts'
import type { Row } from './result.ts'
import type { TurnBatch } from './side.ts'
import { median, quantile } from './stats.ts'

const TURN: Prompting = { text: 'turn', count: 400, updates: 1 }
const UPDATES = 10_000
const STREAM: Prompting = { text: `stream ${UPDATES}`, count: 3, updates: UPDATES }
const NOTE = 'floor: the same gateway with keeper.hosting inline'

interface Round {
  readonly inline: TurnBatch
  readonly keeper: TurnBatch
}

export async function measureKeeper(plan: Plan): Promise<Row[]> {
  if (plan.world.main !== 'gateway') return []
  const turns = await measure(plan, TURN)
  const stream = await measure(plan, STREAM)
  return [
    {
      name: 'keeper adds to a warm turn p50',
      unit: 'ms',
      holdfast: median(turns.map(({ inline, keeper }) => p50(keeper) - p50(inline))),
      bar: { on: 'value', kind: 'at most', limit: 0.15 },
      note: 'median over rounds of the difference',
    },
    { ...row(turns, 'warm turn p50, keeper', p50), unit: 'ms', note: NOTE },
    { ...row(stream, 'stream, keeper', rateOf), unit: 'events/s', note: NOTE },
    {
      ...row(stream, 'CPU of gateway and keeper per event', cpuOf),
      unit: 'us/event',
      bar: { on: 'ratio', kind: 'at most', limit: 1.2 },
      note: NOTE,
    },
  ]
}

function measure({ world, rounds }: Plan, prompting: Prompting): Promise<Round[]> {
  return inRounds(rounds, async () => ({
    inline: await prompts(world, 'inline', prompting),
    keeper: await prompts(world, 'gateway', prompting),
  }))
}

function row(rounds: readonly Round[], name: string, valueOf: (batch: TurnBatch) => number): Omit<Row, 'unit'> {
  return {
    name,
    floor: median(rounds.map(({ inline }) => valueOf(inline))),
    holdfast: median(rounds.map(({ keeper }) => valueOf(keeper))),
  }
}

function p50({ turns }: TurnBatch): number {
  return quantile(
    turns.map(({ endMs }) => endMs),
    0.5,
  )
}

function rateOf({ turns }: TurnBatch): number {
  return median(turns.map(({ updates, lastMs }) => (updates / lastMs) * 1000))
}

function cpuOf({ turns, cpuMs }: TurnBatch): number {
  return (cpuMs * 1000) / turns.reduce((sum, { updates }) => sum + updates, 0)
}
