// What a gateway costs while nobody wants anything of it: CPU time of gateway and keeper over a minute, with one agent that waits.

import { pause } from '../src/base/deadline.ts'
import { keepersOf } from './gateway-process.ts'
import type { Plan } from './measure.ts'
import { cpuMsOfAll } from './proc.ts'
import type { Row } from './result.ts'

const BAR = { on: 'value', kind: 'at most', limit: 0.2 } as const

/** What the start left to do is done by then. */
const SETTLE_MS = 5_000
/** A tick of the kernel's clock is 10 ms: 0.2 % of this are 12 of them. */
const IDLE_MS = 60_000

export async function measureIdle({ world }: Plan): Promise<Row[]> {
  if (world.main !== 'gateway') return []
  await using scope = new AsyncDisposableStack()
  const home = world.newHome()
  const { side, pid, session } = await world.openSide('gateway', home, { scope })
  await side.prompt(session, 'turn', 1)
  await pause(SETTLE_MS)
  const keepers = keepersOf(home)
  const before = { gateway: cpuMsOfAll([pid]), keeper: cpuMsOfAll(keepers), at: performance.now() }
  await pause(IDLE_MS)
  const share = (ms: number): number => (100 * ms) / (performance.now() - before.at)
  const gateway = share(cpuMsOfAll([pid]) - before.gateway)
  const keeper = share(cpuMsOfAll(keepers) - before.keeper)
  return [
    { name: 'idle gateway', unit: '%', holdfast: gateway },
    { name: 'idle keeper', unit: '%', holdfast: keeper },
    { name: 'idle gateway and keeper', unit: '%', holdfast: gateway + keeper, bar: BAR },
  ]
}
