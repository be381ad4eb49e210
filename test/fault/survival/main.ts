// `npm run survival -- --rounds=100 --seed=N --agent=scripted|pi|opencode|codex`: kills the gateway in the middle of turns that must end completed.
// `npm run survival -- --restarts=50 --seed=N`: restarts it under load instead.

import { parseArgs } from 'node:util'

import { runRestarts } from './run-restarts.ts'
import { runSurvival } from './run-survival.ts'

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string' },
      restarts: { type: 'string' },
      seed: { type: 'string' },
      agent: { type: 'string' },
    },
  })
  const rounds = Number(values.rounds ?? 100)
  const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000))
  const agent = values.agent ?? 'scripted'
  if (values.restarts !== undefined) return restart(Number(values.restarts), seed)
  if (!Number.isSafeInteger(rounds) || rounds < 1 || !Number.isSafeInteger(seed)) {
    console.error('usage: npm run survival -- [--rounds=N] [--seed=N] [--agent=scripted|pi|opencode|codex]')
    return 2
  }
  console.log(`survival: ${rounds} rounds, ${agent}, seed ${seed}`)
  const startedAt = performance.now()
  try {
    const totals = await runSurvival({
      rounds,
      seed,
      agent,
      onRound: (round, hits) => console.log(`round ${round}: ${hits} kills met a running turn`),
    })
    console.log(
      `every turn was whole: ${JSON.stringify(totals)}, ${((performance.now() - startedAt) / 1000).toFixed(0)} s`,
    )
    return 0
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    console.error(`seed ${seed}`)
    return 1
  }
}

async function restart(restarts: number, seed: number): Promise<number> {
  console.log(`survival: ${restarts} restarts under load, seed ${seed}`)
  try {
    const totals = await runRestarts({ restarts, seed, onRestart: (no, way) => console.log(`restart ${no}: ${way}`) })
    console.log(`nothing was lost: ${JSON.stringify(totals)}`)
    return 0
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    console.error(`seed ${seed}`)
    return 1
  }
}

process.exitCode = await main()
