// The sweep of a small tree among 2,000 processes, and of a tree of 2,000: from the call to the proof that nothing is left, and how
// long it held the event loop. What the second takes is mostly the kernel's end of 2,000 processes.

import { monitorEventLoopDelay } from 'node:perf_hooks'

import { pause } from '../src/base/deadline.ts'
import { until } from '../test/_support/until.ts'
import type { Birth } from '../src/base/birth.ts'
import { ProcessScanner } from '../src/process/process-scanner.ts'
import { sweep } from '../src/process/sweep.ts'
import { probeTagging } from '../src/process/tag.ts'
import type { Ownership } from '../src/process/tag-value.ts'
import { spawnTagged } from '../src/process/tagged-spawn.ts'
import type { Plan } from './measure.ts'
import { inRounds } from './measure.ts'
import type { Row } from './result.ts'
import { median } from './stats.ts'

const PROCESSES = 2_000
const ROUNDS_MAX = 5
const SETTLED_MS = 2_500
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
    row(
      `sweep of a tree among ${PROCESSES} processes`,
      200,
      results.map(({ small }) => small.ms),
    ),
    row(
      'longest hold of the event loop in it',
      10,
      results.map(({ small }) => small.heldMs),
    ),
    row(
      `sweep of a tree of ${PROCESSES} processes`,
      200,
      results.map(({ large }) => large.ms),
    ),
    row(
      'longest hold of the event loop in that',
      10,
      results.map(({ large }) => large.heldMs),
    ),
  ]
}

function row(name: string, limit: number, values: readonly number[]): Row {
  return { name, unit: 'ms', holdfast: median([...values]), bar: { on: 'value', kind: 'at most', limit } }
}

async function sweepStorm(epoch: number): Promise<{ small: Swept; large: Swept }> {
  const storm = await startTree({ instance: INSTANCE, lease: 1, epoch }, STORM)
  await pause(SETTLED_MS) // most processes of a machine are older than a moment
  const tree = await startTree(
    { instance: INSTANCE, lease: 2, epoch },
    'setsid sleep 600 & sleep 600 & echo done; wait',
  )
  return { small: await sweepTree(tree, 3), large: await sweepTree(storm, PROCESSES) }
}

interface Tree {
  readonly owner: Ownership
  readonly root: Birth | undefined
}

async function startTree(owner: Ownership, script: string): Promise<Tree> {
  const tagging = await probeTagging(INSTANCE, owner.epoch)
  const env = { PATH: '/usr/bin:/bin' }
  const spec = { agent: 'storm', argv: ['/bin/sh', '-c', script] as [string, ...string[]], env, cwd: '/' }
  const child = await spawnTagged({ tagging, outerMarkers: [] }, spec, owner)
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => (said += String(chunk)))
  await until(() => said.includes('done'), { ms: 60_000, what: () => 'the tree to be up' })
  return { owner, root: child.birth }
}

async function sweepTree(tree: Tree, processesMin: number): Promise<Swept> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const scanner = new ProcessScanner()
  await scanner.scan() // a holder that swept before remembers who is not its own
  delay.enable()
  const from = performance.now()
  const { swept, survivors } = await sweep(tree, scanner, { msMax: 30_000 })
  const ms = performance.now() - from
  delay.disable()
  if (survivors.length > 0 || swept < processesMin - 1) throw new Error(`${swept} swept, ${survivors.length} survived`)
  return { ms, heldMs: delay.max / 1e6 }
}
