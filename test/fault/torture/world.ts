// What a rule looks at, and the few readings of it that several rules share.

import type { TurnRecord } from '../../../src/store/records.ts'
import type { Facts, JournalEntry } from './facts.ts'
import type { History } from './history.ts'

export interface World {
  readonly history: History
  readonly facts: Facts
}

/** One line per break. */
export type Rule = (world: World) => Iterable<string>

export function turnsOf(facts: Facts): TurnRecord[] {
  return facts.sessions.flatMap(({ turns }) => turns)
}

/** The prompts that agents received, in the order of the journal. */
export function receivedBy(facts: Facts): JournalEntry[] {
  return facts.journal.filter(({ kind }) => kind === 'recv')
}

/** The text of a stored prompt. */
export function promptOf({ prompt }: TurnRecord): string {
  return (JSON.parse(prompt) as { text?: string }[]).map(({ text }) => text ?? '').join('\n')
}
