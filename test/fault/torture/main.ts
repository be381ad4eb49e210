// `npm run torture -- --rounds=200 --seed=N`: kills a real gateway again and again and checks its history. Exit 1 with the broken rule.

import { parseArgs } from 'node:util'

import { runTorture } from './run-torture.ts'

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { rounds: { type: 'string' }, seed: { type: 'string' } } })
  const rounds = Number(values.rounds ?? 200)
  const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000))
  if (!Number.isSafeInteger(rounds) || rounds < 1 || !Number.isSafeInteger(seed)) {
    console.error('usage: npm run torture -- [--rounds=N] [--seed=N]')
    return 2
  }
  const startedAt = performance.now()
  const seconds = (): string => `${((performance.now() - startedAt) / 1000).toFixed(0)} s`
  console.log(`torture: ${rounds} rounds, seed ${seed}`)
  try {
    const totals = await runTorture({
      rounds,
      seed,
      onRound: (world, { round, kills, keepers, turns, events, shown, received }) =>
        console.log(
          `world ${world} (seed ${seed + world}) ${round === 0 ? 'at rest' : `round ${round}`}: ${kills} kills, ${keepers} keepers, ${turns} turns, ${received} received, ` +
            `${events} events, ${shown} shown, ${seconds()}`,
        ),
    })
    console.log(`every rule held: ${JSON.stringify(totals)}, seed ${seed}, ${seconds()}`)
    return 0
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    console.error(`seed ${seed}`)
    return 1
  }
}

process.exitCode = await main()
