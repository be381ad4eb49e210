// `npm run simulate -- --schedules=200000 --seed=N [--world=session]`: so many schedules of every world of the simulator, and how
// fast they were. Exit 1 at the first broken rule, with the schedule and the command that runs it alone; 2 for wrong arguments.

import { parseArgs } from 'node:util'

import { simulate } from './simulate.ts'
import { WORLDS } from './worlds.ts'
import type { WorldKind } from './worlds.ts'

interface Args {
  readonly schedules: number
  readonly seed: number
  readonly worlds: readonly WorldKind[]
}

const PROGRESS_MS = 15_000

function main(): number {
  const args = readArgs(process.argv.slice(2))
  if (args === undefined) {
    const names = WORLDS.map(({ name }) => name).join('|')
    console.error(`usage: npm run simulate -- [--schedules=N] [--seed=N] [--world=${names}]`)
    return 2
  }
  const { schedules, seed, worlds } = args
  console.log(`simulate: ${schedules} schedules of ${worlds.map(({ name }) => name).join(', ')}, from seed ${seed}`)
  return worlds.every((world) => judge(world, args)) ? 0 : 1
}

function readArgs(argv: readonly string[]): Args | undefined {
  const options = { schedules: { type: 'string' }, seed: { type: 'string' }, world: { type: 'string' } } as const
  const { values } = parseArgs({ args: [...argv], options })
  const schedules = Number(values.schedules ?? 200_000)
  const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000_000))
  const worlds = WORLDS.filter(({ name }) => values.world === undefined || values.world === name)
  const isUsable = Number.isSafeInteger(schedules) && schedules > 0 && Number.isSafeInteger(seed) && worlds.length > 0
  return isUsable ? { schedules, seed, worlds } : undefined
}

/** True when every rule held. */
function judge(world: WorldKind, { schedules, seed }: Args): boolean {
  const startedAt = performance.now()
  let saidAt = startedAt
  const say = (done: number, words: string): void => {
    const seconds = (performance.now() - startedAt) / 1000
    const rate = Math.round(done / seconds)
    console.log(`${world.name}: ${done} schedules in ${seconds.toFixed(1)} s (${rate} a second), ${words}`)
  }
  const onSchedule = (done: number): void => {
    if (performance.now() - saidAt < PROGRESS_MS) return
    saidAt = performance.now()
    say(done, 'so far')
  }
  const verdict = simulate(world, { first: seed, schedules, onSchedule })
  if (verdict.kind === 'held') {
    say(schedules, 'every rule held')
    return true
  }
  if (verdict.kind === 'unreached') {
    console.error(`${world.name}: never reached: ${verdict.missing.join(', ')}`)
    return false
  }
  for (const line of verdict.story) console.error(line)
  console.error(`${world.name}: seed ${verdict.seed} breaks ${verdict.rule}`)
  console.error(`alone: npm run simulate -- --world=${world.name} --schedules=1 --seed=${verdict.seed}`)
  return false
}

process.exitCode = main()
