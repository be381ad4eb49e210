// `npm run survival -- --rounds=100 --seed=N --agent=scripted|pi|opencode|codex`: kills the gateway in the middle of turns that must end completed.

import { parseArgs } from 'node:util'

import { runSurvival } from './run-survival.ts'

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { rounds: { type: 'string' }, seed: { type: 'string' }, agent: { type: 'string' } },
  })
  const rounds = Number(values.rounds ?? 100)
  const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000))
  const agent = values.agent ?? 'scripted'
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

process.exitCode = await main()
