// What is stored and what the agents received, read while no gateway lives.

import { readFile } from 'node:fs/promises'

import type { EventRecord, PermissionRecord, SessionRecord, TurnRecord } from '../../../src/store/records.ts'
import type { Store } from '../../../src/store/store.ts'
import { readStored } from '../../_support/stored-database.ts'

export interface SessionFacts {
  readonly record: SessionRecord
  /** In accept order. */
  readonly turns: readonly TurnRecord[]
  readonly events: readonly EventRecord[]
  readonly permissions: readonly PermissionRecord[]
}

/** One line of the scripted agent's journal. */
export type JournalEntry = Readonly<Record<string, unknown>> & { readonly kind: string; readonly pid: number }

export interface Facts {
  readonly sessions: readonly SessionFacts[]
  readonly journal: readonly JournalEntry[]
  /** What the store says of itself. */
  readonly verify: readonly string[]
}

const PAGE = 500
const PERMISSIONS_MAX = 100_000

export function readFacts(home: string, journal: string): Promise<Facts> {
  return readStored(home, async (store) => {
    const records = await store.listSessions({}, { limit: PAGE })
    const sessions = []
    for (const record of records) sessions.push(await readSession(store, record))
    return { sessions, journal: await readJournal(journal), verify: await store.verify() }
  })
}

async function readSession(store: Store, record: SessionRecord): Promise<SessionFacts> {
  const permissions = await store.listPermissions({ sessionNo: record.no }, PERMISSIONS_MAX)
  return { record, turns: await readTurns(store, record), events: await readEvents(store, record), permissions }
}

async function readTurns(store: Store, { no }: SessionRecord): Promise<TurnRecord[]> {
  const turns: TurnRecord[] = []
  for (;;) {
    const before = turns.at(-1)?.n
    const page = await store.listTurns(no, { limit: PAGE, ...(before === undefined ? {} : { before }) })
    if (page.length === 0) return turns.toReversed()
    turns.push(...page)
  }
}

async function readEvents(store: Store, { no }: SessionRecord): Promise<EventRecord[]> {
  const events: EventRecord[] = []
  for (;;) {
    const page = await store.readEvents(no, events.at(-1)?.seq ?? 0, PAGE)
    if (page.length === 0) return events
    events.push(...page)
  }
}

/** Whole lines only: an agent may still be writing the last one. */
async function readJournal(file: string): Promise<JournalEntry[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as JournalEntry)
}
