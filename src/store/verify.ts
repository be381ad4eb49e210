// The walk of `verify`: every session's events are gapless, chained, and end where the session row says.
// Reads in pages and lets the loop run between them; changes nothing.

import type { SessionNo } from './records.ts'
import type { Executor } from './statement.ts'
import type { Tables } from './tables.ts'
import { chainedCrc, toEvent } from './tables/event.ts'
import type { SessionRow } from './tables/session-queries.ts'

const SESSIONS_PER_PAGE = 200
const EVENTS_PER_PAGE = 500
const PROBLEMS_MAX = 1_000

export interface VerifyOptions {
  /** Told of each session that has a problem. */
  found?(no: SessionNo, problem: string): Promise<unknown>
  /** Whether a session is to be passed over. */
  isKnown?(session: SessionRow): boolean
}

/** One line per problem, at most 1,000. Sessions may be written to meanwhile: each is checked up to its row as first read. */
export async function verifyChains(
  db: Executor,
  tables: Tables,
  { found, isKnown }: VerifyOptions = {},
): Promise<string[]> {
  const problems: string[] = []
  let after = 0
  for (;;) {
    const sessions = await tables.sessions.walk(db, after, SESSIONS_PER_PAGE)
    if (sessions.length === 0) return problems
    for (const session of sessions) {
      const problem = isKnown?.(session) === true ? undefined : await verifyChain(db, tables, session)
      if (problem !== undefined) {
        problems.push(`session ${session.id}: ${problem}`)
        await found?.(session.no, problem)
      }
      if (problems.length >= PROBLEMS_MAX) return problems
    }
    after = sessions.at(-1)!.no
  }
}

/** The first break of one chain. Later events are not looked at: after a break every checksum is in doubt. */
async function verifyChain(db: Executor, tables: Tables, session: SessionRow): Promise<string | undefined> {
  let head = { seq: 0, crc: 0 }
  while (head.seq < session.last_seq) {
    const page = await readPage(db, tables, session.no, head.seq)
    if (page.length === 0) return `events end at ${head.seq}, the session row says ${session.last_seq}`
    for (const row of page) {
      if (row.seq > session.last_seq) break
      if (row.seq !== head.seq + 1) return `event ${head.seq + 1} is missing`
      const crc = chainedCrc(toEvent(row), head.crc)
      if (crc !== row.crc) return `event ${row.seq} does not match its checksum`
      head = { seq: row.seq, crc }
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  if (head.crc !== session.last_crc) return 'the checksum of the session row does not match its last event'
  return findStray(db, tables, session.no)
}

/** An event beyond the session row. The row is read second, so that a commit in between cannot look like one. */
async function findStray(db: Executor, tables: Tables, no: SessionNo): Promise<string | undefined> {
  const lastEvent = await tables.events.lastSeq(db, no)
  const lastSeq = (await tables.sessions.findByNo(db, no))?.lastSeq ?? 0
  return lastEvent > lastSeq ? `there is event ${lastEvent}, the session row says ${lastSeq}` : undefined
}

function readPage(db: Executor, tables: Tables, no: SessionNo, after: number) {
  return tables.events.read(db, no, after, EVENTS_PER_PAGE)
}
