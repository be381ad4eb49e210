// The sweep of a tree of 2,000 processes: from the call to the proof that nothing is left, and how long it held the event loop.

import { monitorEventLoopDelay } from 'node:perf_hooks'

import { until } from '../test/_support/until.ts'
import { ProcessScanner } from '../src/process/process-scanner.ts'
import { sweep } from '../src/process/sweep.ts'
import { probeTagging } from '../src/process/tag.ts'
import { spawnTagged } from '../src/process/tagged-spawn.ts'
import type { Plan } from './measure.ts'
import { inRounds } from './measure.ts'
import type { Row } from './result.ts'
import { median } from './stats.ts'

const PROCESSES = 2_000
const ROUNDS_MAX = 5
/** Its own number, so that it can never meet processes of a gateway. */
const INSTANCE = 0xbe_4c40
const STORM = `i=0; while [ $i -lt ${PROCESSES - 1} ]; do sleep 600 & i=$((i+1)); done; echo done; wait`

interface Swept {
  readonly ms: number
  readonly heldMs: number
}

export async function measureSweep({ rounds }: Plan): Promise<Row[]> {
  let epoch = 0
  const results = await inRounds(Math.min(rounds, ROUNDS_MAX), () => sweepStorm(++epoch))
  return [
    {
      name: `sweep of ${PROCESSES} processes`,
      unit: 'ms',
      holdfast: median(results.map(({ ms }) => ms)),
      bar: { on: 'value', kind: 'at most', limit: 200 },
    },
    {
      name: 'longest hold of the event loop in it',
      unit: 'ms',
      holdfast: median(results.map(({ heldMs }) => heldMs)),
      bar: { on: 'value', kind: 'at most', limit: 10 },
    },
  ]
}

async function sweepStorm(epoch: number): Promise<Swept> {
  const owner = { instance: INSTANCE, lease: 1, epoch }
  const tagging = await probeTagging(INSTANCE, epoch)
  const env = { PATH: '/usr/bin:/bin' }
  const spec = { agent: 'storm', argv: ['/bin/sh', '-c', STORM] as const, env, cwd: '/' }
  const child = await spawnTagged({ tagging, outerMarkers: [] }, { ...spec, argv: [...spec.argv] }, owner)
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => (said += String(chunk)))
  await until(() => said.includes('done'), { ms: 60_000, what: () => 'the storm to be up' })
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const scanner = new ProcessScanner()
  delay.enable()
  const from = performance.now()
  const { swept, survivors } = await sweep({ owner, root: child.birth }, scanner, { msMax: 30_000 })
  const ms = performance.now() - from
  delay.disable()
  if (survivors.length > 0 || swept < PROCESSES - 1) throw new Error(`${swept} swept, ${survivors.length} survived`)
  return { ms, heldMs: delay.max / 1e6 }
}
