// The command line of the benchmark.

import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

export interface BenchArgs {
  readonly json: boolean
  /** Name of one measure, or all. */
  readonly only: string | undefined
  readonly rounds: number
  readonly acpx: boolean
  /** `bin/holdfast.cjs` of an installed package; without it that of this checkout, which runs TypeScript. */
  readonly launcher: string | undefined
}

const ROUNDS = 5
const ROUNDS_MAX = 50

export function readArgs(argv: readonly string[]): BenchArgs {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      json: { type: 'boolean', default: false },
      only: { type: 'string' },
      rounds: { type: 'string', default: String(ROUNDS) },
      launcher: { type: 'string' },
      'no-acpx': { type: 'boolean', default: false },
    },
  })
  const rounds = Math.min(Math.max(1, Math.trunc(Number(values.rounds)) || ROUNDS), ROUNDS_MAX)
  return {
    json: values.json,
    only: values.only,
    rounds,
    acpx: !values['no-acpx'],
    launcher: values.launcher && resolve(values.launcher),
  }
}
