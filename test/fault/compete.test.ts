// A short competition in every run of the tests; `npm run compete` is the long one.

import { expect, test } from 'vitest'

import { runCompete } from './compete/run-compete.ts'

test(
  'W5 to W8: one writer at a time and a whole file over 18 rounds of SIGKILL, SIGSTOP, hung and torn writers',
  { timeout: 120_000 },
  async () => {
    const { takenOver, holds } = await runCompete({ rounds: 18, seed: 26 })
    // A competition in which little happened proves little.
    expect(holds).toBeGreaterThan(40)
    expect(takenOver).toBeGreaterThan(5)
  },
)
