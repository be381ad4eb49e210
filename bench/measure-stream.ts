// A turn of 10,000 small updates to one subscriber: rate to the last update, CPU per event, event-loop delay of the gateway.
// A pass of its own for the delay, so that its probe is in no other number.

import { loopDelayDuring } from './loop-delay.ts'
import type { LoopDelay } from './loop-delay.ts'
import { inRounds, prompts } from './measure.ts'
import type { Plan, Prompting } from './measure.ts'
import type { Bar, Row } from './result.ts'
import type { TurnBatch } from './side.ts'
import { median } from './stats.ts'

const UPDATES = 10_000
/** Turns that one sample of CPU time or of the event loop covers: /proc counts in steps of 10 ms. */
const TURNS = 3
const SINGLE: Prompting = { text: `stream ${UPDATES}`, count: TURNS, updates: UPDATES }
const BATCHED: Prompting = { text: `stream ${UPDATES} 32`, count: TURNS, updates: UPDATES }
const RATE_BAR: Bar = { on: 'ratio', kind: 'at least', limit: 0.25, later: 0.4 }

interface Round {
  readonly floor: TurnBatch
  readonly holdfast: TurnBatch
  readonly acpx: TurnBatch | undefined
}

export async function measureStream(plan: Plan): Promise<Row[]> {
  const single = await measure(plan, SINGLE)
  const batched = await measure({ ...plan, acpx: false }, BATCHED)
  return [
    { ...row(single, 'stream, one write each', rateOf), unit: 'events/s', bar: RATE_BAR },
    { ...row(batched, 'stream, 32 to a write', rateOf), unit: 'events/s' },
    { ...row(single, 'CPU per event', cpuOf), unit: 'us/event' },
    ...(await measureDelay(plan)),
  ]
}

function measure({ world, rounds, acpx }: Plan, prompting: Prompting): Promise<Round[]> {
  return inRounds(rounds, async () => ({
    floor: await prompts(world, 'floor', prompting),
    holdfast: await prompts(world, world.main, prompting),
    acpx: acpx ? await prompts(world, 'acpx', { ...prompting, count: 1 }) : undefined,
  }))
}

async function measureDelay({ world, rounds }: Plan): Promise<Row[]> {
  if (world.main !== 'gateway') return []
  const { pid, home } = await world.side('gateway')
  const delays = await inRounds(rounds, () => loopDelayDuring(pid, home, () => prompts(world, 'gateway', SINGLE)))
  const of = (pick: (delay: LoopDelay) => number): number => median(delays.map(pick))
  return [
    {
      name: 'event-loop delay p99',
      unit: 'ms',
      holdfast: of(({ p99Ms }) => p99Ms),
      bar: { on: 'value', kind: 'at most', limit: 20 },
      note: 'during the stream; about 1 ms is the probe',
    },
    { name: 'event-loop delay max', unit: 'ms', holdfast: of(({ maxMs }) => maxMs) },
  ]
}

function row(rounds: readonly Round[], name: string, valueOf: (batch: TurnBatch) => number): Omit<Row, 'unit'> {
  const peers = rounds.flatMap(({ acpx }) => (acpx === undefined ? [] : [valueOf(acpx)]))
  return {
    name,
    floor: median(rounds.map(({ floor }) => valueOf(floor))),
    holdfast: median(rounds.map(({ holdfast }) => valueOf(holdfast))),
    ...(peers.length === 0 ? {} : { acpx: median(peers) }),
  }
}

/** To the last update and not to the end of the turn: acpx waits a second after it. */
function rateOf({ turns }: TurnBatch): number {
  return median(turns.map(({ updates, lastMs }) => (updates / lastMs) * 1000))
}

function cpuOf({ turns, cpuMs }: TurnBatch): number {
  return (cpuMs * 1000) / turns.reduce((sum, { updates }) => sum + updates, 0)
}
