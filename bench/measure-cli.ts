// The command line: whole processes, from spawn to exit, beside a Node that does nothing.

import { spawn } from 'node:child_process'

import { deadline } from '../src/base/deadline.ts'
import { childEnvironment } from './child-environment.ts'
import { inRounds } from './measure.ts'
import type { Plan } from './measure.ts'
import type { Row } from './result.ts'
import { median } from './stats.ts'

const RUNS_PER_ROUND = 4
const RUN_MS_MAX = 30_000

export async function measureCli({ world, rounds }: Plan): Promise<Row[]> {
  const { home, session } = await world.side('gateway')
  const results = await inRounds(rounds * RUNS_PER_ROUND, async () => ({
    node: await timed(['-e', '0'], home),
    version: await timed([world.launcher, '--version'], home),
    prompt: await timed([world.launcher, 'prompt', '--session', session, 'turn'], home),
  }))
  const of = (pick: (result: (typeof results)[number]) => number): number => median(results.map(pick))
  const floor = of(({ node }) => node)
  const note = 'floor: node -e 0'
  return [
    {
      name: 'holdfast --version',
      unit: 'ms',
      floor,
      holdfast: of(({ version }) => version),
      bar: { on: 'ratio', kind: 'at most', limit: 2, later: 1.6 },
      note,
    },
    {
      name: 'holdfast prompt, warm',
      unit: 'ms',
      floor,
      holdfast: of(({ prompt }) => prompt),
      bar: { on: 'ratio', kind: 'at most', limit: 2.5 },
      note,
    },
  ]
}

/** Ms from spawn to exit. Rejects when the command fails: a fast failure is not a result. */
async function timed(args: readonly string[], home: string): Promise<number> {
  const from = performance.now()
  const child = spawn(process.execPath, args, {
    env: childEnvironment({ HOLDFAST_HOME: home }),
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const code = await deadline(exited, { ms: RUN_MS_MAX, stage: args.join(' ') })
  if (code !== 0) throw new Error(`node ${args.join(' ')}: exit code ${code}`)
  return performance.now() - from
}
