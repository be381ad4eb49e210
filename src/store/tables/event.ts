// Event rows: the chained append and the page read.
// The caller holds the fence and gives the head; nothing here decides who may write.

import { crc32 } from 'node:zlib'

import type { TurnId } from '../../base/ids.ts'
import type { EventRecord, NewEvent, SessionNo } from '../records.ts'
import type { EventTable } from '../schema.ts'
import { statementsOf } from '../statement.ts'
import type { Executor, SqlValue, Statement, StatementsOf, TextsOf } from '../statement.ts'
import type { EventQueries } from './event-queries.ts'
import type { Head } from './session.ts'

type Append = Statement<readonly SqlValue[], unknown>

/** Rows per statement, largest first. Cost per event: 1.4 us in rows of 64, 1.5 of 16, 2.4 of 4, 3.4 alone. */
const APPEND_SIZES = [64, 16, 4, 1] as const
const COLUMNS = 7
/** An agent may send updates of megabytes: a page of them must not fill the memory. */
const PAGE_CHARS_MAX = 4 * 1024 * 1024

export class EventRows {
  readonly #statements: StatementsOf<EventQueries>
  readonly #appends: readonly { size: number; statement: Append }[]

  constructor(texts: TextsOf<EventQueries>) {
    this.#statements = statementsOf('event', texts)
    this.#appends = APPEND_SIZES.map((size) => ({ size, statement: toAppend(this.#statements[`append${size}`]) }))
  }

  /** Appends `chained` to the session's log. */
  async append(tx: Executor, no: SessionNo, chained: Chained): Promise<void> {
    let next = 0
    for (const { size, statement: append } of this.#appends) {
      while (chained.events.length - next >= size) {
        await tx.run(append, flatten(no, chained, next, next + size))
        next += size
      }
    }
  }

  /** Rows as they are, with what a check of the chain needs. */
  async read(db: Executor, no: SessionNo, after: number, limit: number): Promise<EventTable[]> {
    let chars = 0
    const isEnough = ({ data }: { data: string }): boolean => (chars += data.length) >= PAGE_CHARS_MAX
    return db.all(this.#statements.read, { no, after, limit }, isEnough)
  }

  /** The value of the chain after event `seq`; undefined when there is no such event. */
  async crcAt(db: Executor, no: SessionNo, seq: number): Promise<number | undefined> {
    const [row] = await db.all(this.#statements.crc, { no, seq })
    return row?.crc
  }

  async lastSeq(db: Executor, no: SessionNo): Promise<number> {
    const [row] = await db.all(this.#statements.lastSeq, { no })
    return row?.seq ?? 0
  }

  statements(): StatementsOf<EventQueries> {
    return this.#statements
  }
}

/** Events with their numbers, and the chain's value after each. */
export interface Chained {
  readonly events: EventRecord[]
  readonly crcs: number[]
  readonly head: Head
}

/** Numbers `events` on from `head` and computes the chain. */
export function chain(head: Head, events: readonly NewEvent[]): Chained {
  const records: EventRecord[] = []
  const crcs: number[] = []
  let { seq, crc } = head
  for (const { type, turnId, at, data } of events) {
    seq += 1
    const record = { seq, type, turnId, at, data }
    crc = chainedCrc(record, crc)
    records.push(record)
    crcs.push(crc)
  }
  return { events: records, crcs, head: { seq, crc } }
}

/** CRC-32 over one event, started with the value of the event before it; 0 before the first. */
export function chainedCrc(event: EventRecord, before: number): number {
  return crc32(`${event.seq} ${event.type} ${event.turnId ?? ''} ${event.at} ${event.data}`, before)
}

export function toEvent(row: Omit<EventTable, 'session_no' | 'crc'>): EventRecord {
  return {
    seq: row.seq,
    type: row.type,
    turnId: (row.turn_id as TurnId | null) ?? undefined,
    at: row.at,
    data: row.data,
  }
}

function flatten(no: SessionNo, { events, crcs }: Chained, from: number, to: number): SqlValue[] {
  const values: SqlValue[] = Array.from({ length: (to - from) * COLUMNS })
  let at = 0
  for (let i = from; i < to; i++) {
    const event = events[i]!
    values[at++] = no
    values[at++] = event.seq
    values[at++] = event.turnId ?? null
    values[at++] = event.type
    values[at++] = event.at
    values[at++] = event.data
    values[at++] = crcs[i]!
  }
  return values
}

/** Arguments by position, so that a long list costs no lookups by name. */
function toAppend({ name, sql }: Statement<readonly SqlValue[], unknown>): Append {
  return { name, sql, bind: (values) => values as SqlValue[] }
}
