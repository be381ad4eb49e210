// Tests of what this machine may not be able to do: skipped by name with the reason, and the reason is printed, never swallowed.

import { test } from 'vitest'

import type { Capability } from '../../src/process/containment.ts'

export interface Ability extends Capability {
  /** What is needed, for the name of the skipped test. */
  readonly name: string
}

type Body = () => Promise<void>

/** Declares `name` as a test where all of `abilities` work; else as a skipped one whose name says which does not, and why. */
export function testWhere(abilities: readonly Ability[], name: string, body: Body, ms: number): void {
  const missing = whyNot(abilities)
  if (missing !== undefined) tellSkip(name, missing)
  const title = missing === undefined ? name : `${name} [not here: ${missing}]`
  // oxlint-disable-next-line vitest/valid-title, vitest/expect-expect -- the caller names it, and its body expects
  test.skipIf(missing !== undefined)(title, { timeout: ms }, body)
}

/** Undefined when all work. */
export function whyNot(abilities: readonly Ability[]): string | undefined {
  const missing = abilities.filter(({ works }) => !works)
  return missing.length === 0 ? undefined : missing.map(({ name, reason }) => `${name}: ${reason}`).join('; ')
}

/** One line on stderr for each skipped test. */
export function tellSkip(
  name: string,
  missing: string,
  print = (line: string) => void process.stderr.write(line),
): void {
  print(`skipped: ${name} [not here: ${missing}]\n`)
}
