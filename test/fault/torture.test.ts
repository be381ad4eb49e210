// A short torture in every run of the tests; `npm run torture` is the long one.

import { expect, test } from 'vitest'

import { runTorture } from './torture/run-torture.ts'

const SEED = 39

test(
  'B 39: no rule is broken by 10 rounds of SIGKILL of gateway, keeper and warden under load (D 91)',
  { timeout: 240_000 },
  async () => {
    const totals = await runTorture({ rounds: 10, seed: SEED, onRound: () => {} })
    // A torture in which little happened proves little.
    expect(totals.kills).toBeGreaterThanOrEqual(10)
    expect(totals.keepers).toBeGreaterThan(2)
    expect(totals.received).toBeGreaterThan(50)
    expect(totals.shown).toBeGreaterThan(500)
  },
)
