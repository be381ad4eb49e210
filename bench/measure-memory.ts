// Resident memory of the gateway with 1, 20 and 50 live agents, after a few turns in each session.

import { pause } from '../src/base/deadline.ts'
import type { Plan } from './measure.ts'
import { keepersOf } from './gateway-process.ts'
import { rssMbOf } from './proc.ts'
import type { Row } from './result.ts'

const BAR = { on: 'value', kind: 'at most', limit: 160 } as const
const KEEPER_BAR = { on: 'value', kind: 'at most', limit: 60 } as const

const SESSIONS = [1, 20, 50]
const TURNS = 5
/** Garbage of the starts is gone by then, or it belongs to the number. */
const SETTLE_MS = 1_000

export async function measureMemory({ world }: Plan): Promise<Row[]> {
  await using scope = new AsyncDisposableStack()
  const home = world.newHome()
  const { side, pid, session } = await world.openSide('gateway', home, { scope })
  const rows: Row[] = []
  let open = 1
  await side.prompt(session, 'turn', TURNS)
  for (const sessions of SESSIONS) {
    for (; open < sessions; open++) await side.prompt((await side.coldStart()).session, 'turn', TURNS)
    await pause(SETTLE_MS)
    const keeper = keepersOf(home).reduce((sum, each) => sum + rssMbOf(each), 0)
    const gateway = rssMbOf(pid)
    rows.push({ name: `gateway RSS, ${sessions} live sessions`, unit: 'MB', holdfast: gateway })
    rows.push({ name: `keeper RSS, ${sessions} agents`, unit: 'MB', holdfast: keeper, bar: KEEPER_BAR })
    rows.push({
      name: `gateway and keeper, ${sessions} live sessions`,
      unit: 'MB',
      holdfast: gateway + keeper,
      bar: BAR,
    })
  }
  return rows
}
