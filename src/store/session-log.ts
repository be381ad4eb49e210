// Reads of a session's log that are checked against its chain, and the quarantine of a session whose rows are not as they were
// written. Owns no rows: what is damaged stays as it is, nobody appends to it, and what can be read is read.

import { HoldfastError, isHoldfastError } from '../base/errors.ts'
import type { EventRecord, SessionNo, SessionRecord } from './records.ts'
import type { EventTable } from './schema.ts'
import type { Executor } from './statement.ts'
import type { LostEvents, Salvaged } from './store.ts'
import type { Tables } from './tables.ts'
import { chainedCrc, toEvent } from './tables/event.ts'

export interface SessionLogPorts {
  readonly tables: Tables
  readonly reader: Executor
  /** Puts a session into quarantine; false when it was. Rejects when nothing can be written. */
  quarantine(no: SessionNo, damage: string): Promise<boolean>
  /** Told once for each session. */
  damaged(session: SessionRecord, damage: string): void
}

export class SessionLog {
  readonly #ports: SessionLogPorts

  constructor(ports: SessionLogPorts) {
    this.#ports = ports
  }

  /** As `Store.readEvents`: up to the first event that is not as it was written; when that is the next one, SESSION_DAMAGED. */
  async read(no: SessionNo, after: number, limit: number): Promise<EventRecord[]> {
    const { tables, reader } = this.#ports
    return this.guard(no, async () => {
      const rows = await this.#readRows(no, after, limit)
      if (rows.length === 0) return this.#expectEnd(no, after)
      const before = after === 0 ? 0 : await tables.events.crcAt(reader, no, after)
      const events = wholePrefix(rows, after, before)
      if (events.length === 0) throw damage(lossOf(rows[0]!, after, before))
      return events
    })
  }

  /** As `Store.salvageEvents`. Bounded: about one page, or `limit` events that cannot be read. */
  async salvage(no: SessionNo, after: number, limit: number): Promise<Salvaged> {
    const { tables, reader } = this.#ports
    const last = (await tables.sessions.findByNo(reader, no))?.lastSeq ?? 0
    const entries: (EventRecord | LostEvents)[] = []
    let at = { seq: after, crc: after === 0 ? 0 : await tables.events.crcAt(reader, no, after).catch(ignoreDamage) }
    while (at.seq < last && entries.length < limit) {
      const rows = await this.#readRows(no, at.seq, limit).catch(ignoreDamage)
      const [first] = rows ?? []
      if (first === undefined) {
        const to = rows === undefined ? at.seq + 1 : last
        entries.push({ from: at.seq + 1, to, reason: rows === undefined ? 'cannot be read' : 'missing' })
        at = { seq: to, crc: undefined }
        continue
      }
      for (const row of rows!) at = sort(row, at, entries)
      break
    }
    return { entries: merged(entries), nextAfter: at.seq, isEnd: at.seq >= last }
  }

  /** Runs what reads or writes rows of one session; damage that it meets puts the session into quarantine and is SESSION_DAMAGED. */
  async guard<T>(no: SessionNo, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (!isDamage(error)) throw error
      throw await this.quarantine(no, String(error.details['reason']), error)
    }
  }

  /** The error to throw. A row that cannot be written either is said in the log and refused each time it is met. */
  async quarantine(no: SessionNo, reason: string, cause?: unknown): Promise<HoldfastError> {
    const { tables, reader } = this.#ports
    const session = await tables.sessions.findByNo(reader, no).catch(ignoreDamage)
    const known = session?.damage
    if (session !== undefined && known === undefined) {
      const isNew = await this.#ports.quarantine(no, reason).catch(() => true)
      if (isNew) this.#ports.damaged(session, reason)
    }
    return new HoldfastError('SESSION_DAMAGED', { session: session?.id ?? no, reason: known ?? reason }, { cause })
  }

  /** A page of rows that is cut short before rows that cannot be read. STORE_DAMAGED when that is the first one. */
  async #readRows(no: SessionNo, after: number, limit: number): Promise<EventTable[]> {
    const { tables, reader } = this.#ports
    for (let rows = limit; ; rows = Math.floor(rows / 2)) {
      try {
        return await tables.events.read(reader, no, after, rows)
      } catch (error) {
        if (!isDamage(error) || rows <= 1) throw error
      }
    }
  }

  /** Nothing after `after`: the session's row agrees, or what was committed between the two looks is there now. */
  async #expectEnd(no: SessionNo, after: number): Promise<EventRecord[]> {
    const { tables, reader } = this.#ports
    const last = (await tables.sessions.findByNo(reader, no))?.lastSeq ?? 0
    if (last <= after || (await tables.events.read(reader, no, after, 1)).length > 0) return []
    throw damage(`event ${after + 1} is missing`)
  }
}

interface Place {
  readonly seq: number
  /** The value of the chain there; undefined: not known. */
  readonly crc: number | undefined
}

/** The events that follow `after` without a gap and match the chain. */
function wholePrefix(rows: readonly EventTable[], after: number, before: number | undefined): EventRecord[] {
  const events: EventRecord[] = []
  let crc = before
  for (const row of rows) {
    const event = toEvent(row)
    if (crc === undefined || row.seq !== after + events.length + 1) break
    crc = chainedCrc(event, crc)
    if (crc !== row.crc) break
    events.push(event)
  }
  return events
}

function lossOf(first: EventTable, after: number, before: number | undefined): string {
  if (before === undefined) return `event ${after} is missing`
  if (first.seq !== after + 1) return `event ${after + 1} is missing`
  return `event ${first.seq} does not match its checksum`
}

/** Adds a row as an event or as lost. Each is proved by the stored value before it; the first after a gap cannot be. */
function sort(row: EventTable, { seq, crc }: Place, entries: (EventRecord | LostEvents)[]): Place {
  const hasGap = row.seq > seq + 1
  if (hasGap) entries.push({ from: seq + 1, to: row.seq - 1, reason: 'missing' })
  const event = toEvent(row)
  const isProved = hasGap || crc === undefined || chainedCrc(event, crc) === row.crc
  entries.push(isProved ? event : { from: row.seq, to: row.seq, reason: 'changed' })
  return { seq: row.seq, crc: row.crc }
}

/** Neighbours that were lost for the same reason as one. */
function merged(entries: readonly (EventRecord | LostEvents)[]): (EventRecord | LostEvents)[] {
  const all: (EventRecord | LostEvents)[] = []
  for (const entry of entries) {
    const last = all.at(-1)
    if (last !== undefined && 'from' in entry && 'from' in last && last.reason === entry.reason) {
      all[all.length - 1] = { ...last, to: entry.to }
    } else all.push(entry)
  }
  return all
}

function damage(reason: string): HoldfastError {
  return new HoldfastError('STORE_DAMAGED', { reason })
}

function isDamage(error: unknown): error is HoldfastError {
  return isHoldfastError(error) && error.code === 'STORE_DAMAGED'
}

function ignoreDamage(error: unknown): undefined {
  if (!isDamage(error)) throw error
}
