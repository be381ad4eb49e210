// B 40: what is left when everybody who could end it is gone, and the database with them.

import { fileURLToPath } from 'node:url'

import { expect } from 'vitest'

import { hasPidNamespace, runInPidNamespace } from '../_support/pid-namespace.ts'
import { testWhere } from '../_support/where-it-works.ts'
import { ZOO_SIZE } from '../_support/zoo.ts'

testWhere(
  [{ name: 'a pid namespace', works: hasPidNamespace(), reason: 'unshare is missing or refused' }],
  'B 40: without database, doctor --orphans lists what nobody owns by its tag; --kill ends that and nothing else, asks first, not while the gateway runs',
  async () => {
    const main = fileURLToPath(new URL('orphans/main.ts', import.meta.url))
    expect(runInPidNamespace(main, 80_000)).toEqual({
      listed: { code: 1, isExact: true, isMany: true },
      unasked: 2,
      refused: 75,
      untouched: true,
      killed: { code: 0, alive: [] },
      others: { alive: ZOO_SIZE, turn: 'completed' },
      stranger: true,
    })
  },
  90_000,
)
