// `npm run compete -- --rounds=200 --seed=N`: real processes compete for one transcript under SIGKILL and SIGSTOP. Exit 1 with what is wrong.

import { parseArgs } from 'node:util'

import { medianAndWorst, runCompete } from './run-compete.ts'

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { rounds: { type: 'string' }, seed: { type: 'string' } } })
  const rounds = Number(values.rounds ?? 200)
  const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000))
  if (!Number.isSafeInteger(rounds) || rounds < 1 || !Number.isSafeInteger(seed)) {
    console.error('usage: npm run compete -- [--rounds=N] [--seed=N]')
    return 2
  }
  const startedAt = performance.now()
  console.log(`compete: ${rounds} rounds, seed ${seed}`)
  try {
    const onRound = (round: number): void => void (round % 20 === 0 && console.log(`round ${round}`))
    const { waitsMs, ...totals } = await runCompete({ rounds, seed, onRound })
    console.log(`one writer at a time, file whole: ${JSON.stringify(totals)}`)
    console.log(`wait after a dead holder: ${summary(waitsMs.dead)}`)
    console.log(`wait after the cleanup of a hung holder: ${summary(waitsMs.hung)}`)
    console.log(`seed ${seed}, ${((performance.now() - startedAt) / 1000).toFixed(0)} s`)
    return 0
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    console.error(`seed ${seed}`)
    return 1
  }
}

function summary(waitsMs: readonly number[]): string {
  const [median, worst] = medianAndWorst(waitsMs)
  return `median ${median.toFixed(1)} ms, worst ${worst.toFixed(1)} ms of ${waitsMs.length}`
}

process.exitCode = await main()
