// What tests start Holdfast with: the package that the run built, or the checkout for a program that runs outside a test runner.

import { join } from 'node:path'

const CHECKOUT = join(import.meta.dirname, '../..')

export const LAUNCHER = join(process.env['HOLDFAST_TEST_PACKAGE'] ?? CHECKOUT, 'bin/holdfast.cjs')

const PACKED_AGENT = join(LAUNCHER, '../../dist/agent/main.js')

/** The built-in agent, as the gateway starts it. */
export const AGENT_MAIN =
  process.env['HOLDFAST_TEST_PACKAGE'] !== undefined ? PACKED_AGENT : join(CHECKOUT, 'builtin-agent/src/main.ts')
