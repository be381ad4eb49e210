// Resident memory of the gateway with 1, 20 and 50 live agents, after a few turns in each session.

import { pause } from '../src/base/deadline.ts'
import type { Plan } from './measure.ts'
import { rssMbOf } from './proc.ts'
import type { Row } from './result.ts'

const SESSIONS = [1, 20, 50]
const TURNS = 5
/** Garbage of the starts is gone by then, or it belongs to the number. */
const SETTLE_MS = 1_000

export async function measureMemory({ world }: Plan): Promise<Row[]> {
  await using scope = new AsyncDisposableStack()
  const { side, pid, session } = await world.openSide('gateway', world.newHome(), { scope })
  const rows: Row[] = []
  let open = 1
  await side.prompt(session, 'turn', TURNS)
  for (const sessions of SESSIONS) {
    for (; open < sessions; open++) await side.prompt((await side.coldStart()).session, 'turn', TURNS)
    await pause(SETTLE_MS)
    rows.push({ name: `gateway RSS, ${sessions} live sessions`, unit: 'MB', holdfast: rssMbOf(pid) })
  }
  const last = rows.at(-1)!
  return [...rows.slice(0, -1), { ...last, bar: { on: 'value', kind: 'at most', limit: 160 } }]
}
