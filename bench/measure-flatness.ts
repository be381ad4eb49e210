// The same warm turn in an empty store, in a full one, and in a session with a long past: nothing may depend on either.
// Two gateways at once, asked in turn.

import { pause } from '../src/base/deadline.ts'
import { assertUpdates, inRounds } from './measure.ts'
import type { Plan } from './measure.ts'
import { startGateway } from './gateway-process.ts'
import { prefill } from './prefill.ts'
import type { Bar, Row } from './result.ts'
import { median, quantile } from './stats.ts'
import type { OpenSide, World } from './world.ts'

const TURNS = 250
const STARTS = 3
const PAST = { sessions: 100_000, eventsPerSession: 10, longSessionEvents: 50_000 }
/** A gateway's checkpoint after its turns must not be in the numbers of the next. */
const CHECKPOINT_MS = 700
const BAR: Bar = { on: 'ratio', kind: 'at most', limit: 1.2 }
const NOTE = 'floor: holdfast with an empty store'

export async function measureFlatness({ world, rounds }: Plan): Promise<Row[]> {
  await using scope = new AsyncDisposableStack()
  const fullHome = world.newHome()
  const long = await prefill(fullHome, PAST)
  const emptyHome = world.newHome()
  const starts = await inRounds(STARTS, async () => ({
    empty: await startMs(world, emptyHome),
    full: await startMs(world, fullHome),
  }))
  const empty = await world.openSide('gateway', emptyHome, { scope })
  const full = await world.openSide('gateway', fullHome, { scope })
  const places = [
    { name: 'empty', side: empty, session: empty.session },
    { name: 'full', side: full, session: full.session },
    { name: 'long', side: full, session: long! },
  ] as const
  const results = await inRounds(rounds, async () => {
    const result = { empty: 0, full: 0, long: 0 }
    for (const { name, side, session } of places) {
      result[name] = await p50(side, session)
      await pause(CHECKPOINT_MS)
    }
    return result
  })
  const of = (pick: (result: (typeof results)[number]) => number): number => median(results.map(pick))
  const floor = of((result) => result.empty)
  return [
    row(
      'warm turn p50, 100,000 sessions, 1,050,000 events',
      floor,
      of((result) => result.full),
    ),
    row(
      'warm turn p50, session with 50,000 events',
      floor,
      of((result) => result.long),
    ),
    {
      name: 'gateway start to ready, 100,000 sessions',
      unit: 'ms',
      floor: median(starts.map((start) => start.empty)),
      holdfast: median(starts.map((start) => start.full)),
      bar: { on: 'value', kind: 'at most', limit: 400 },
      note: NOTE,
    },
  ]
}

function row(name: string, floor: number, holdfast: number): Row {
  return { name, unit: 'ms', floor, holdfast, bar: BAR, note: NOTE }
}

/** One life of a gateway: ms from its spawn until it says that it is ready. */
async function startMs({ agent, launcher }: World, home: string): Promise<number> {
  await using gateway = await startGateway({ home, agent, launcher })
  return gateway.readyMs
}

async function p50({ side }: OpenSide, session: string): Promise<number> {
  const batch = await side.prompt(session, 'turn', TURNS)
  assertUpdates('gateway', batch, 1)
  return quantile(
    batch.turns.map(({ endMs }) => endMs),
    0.5,
  )
}
