// A running turn outlives the gateway: killed at random moments, once or twice, in the stream, with a question open, at its end.

import { expect, test } from 'vitest'

import { runSurvival } from './survival/run-survival.ts'

test('a turn whose gateway is killed at a random moment ends completed and whole, in the same agent process', async () => {
  const { rounds, hits } = await runSurvival({ rounds: 10, seed: 7, agent: 'scripted' })
  expect(hits).toBeGreaterThan(rounds / 2)
}, 240_000)
