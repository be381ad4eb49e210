// A cold start: from nothing to an agent with an open session, and on to the end of the first turn.

import { inRounds } from './measure.ts'
import type { Plan } from './measure.ts'
import type { Row } from './result.ts'
import { median } from './stats.ts'

export async function measureColdStart({ world, rounds, acpx }: Plan): Promise<Row[]> {
  const floor = await world.side('floor')
  const main = await world.side(world.main)
  const peer = acpx ? await world.side('acpx') : undefined
  const results = await inRounds(rounds, async () => ({
    floor: await floor.side.coldStart(),
    holdfast: await main.side.coldStart(),
    acpx: await peer?.side.coldStart(),
  }))
  const row = (name: string, pick: 'readyMs' | 'endMs'): Row => {
    const peers = results.flatMap((round) => (round.acpx === undefined ? [] : [round.acpx[pick]]))
    return {
      name,
      unit: 'ms',
      floor: median(results.map((round) => round.floor[pick])),
      holdfast: median(results.map((round) => round.holdfast[pick])),
      ...(peers.length === 0 ? {} : { acpx: median(peers) }),
    }
  }
  return [
    { ...row('cold start to ready agent', 'readyMs'), bar: { on: 'ratio', kind: 'at most', limit: 1.3 } },
    row('cold start to end of turn', 'endMs'),
  ]
}
