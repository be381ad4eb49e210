// Session rows by label and parent: what people and parents see of a session, and the lists that ask for it.

import type { SessionId } from '../../base/ids.ts'
import type { SessionFamily, SessionNo, SessionRecord } from '../records.ts'
import type { PageRequest, SessionFilter } from '../store.ts'
import { statementsOf } from '../statement.ts'
import type { Executor, StatementsOf, TextsOf } from '../statement.ts'
import { toSession } from './session.ts'
import type { FamilyArgs, SessionFamilyQueries } from './session-family-queries.ts'

const FIRST_PAGE = Number.MAX_SAFE_INTEGER
/** Above every character that can follow in a label that begins alike. */
const LAST_CHARACTER = '\u{10FFFF}'

export class SessionFamilyRows {
  readonly #statements: StatementsOf<SessionFamilyQueries>

  constructor(texts: TextsOf<SessionFamilyQueries>) {
    this.#statements = statementsOf('session.family', texts)
  }

  async describe(tx: Executor, no: SessionNo, { label, parent, notify }: SessionFamily): Promise<void> {
    await tx.run(this.#statements.describe, { no, label: label ?? null, parent: parent ?? null, notify })
  }

  /** Newest first; `filter` has a parent or the beginning of a label. */
  async list(db: Executor, filter: SessionFilter, page: PageRequest): Promise<SessionRecord[]> {
    const { parent } = filter
    const args = toArgs(filter, page)
    const { listChildren, listLabelled } = this.#statements
    const rows = await (parent === undefined ? db.all(listLabelled, args) : db.all(listChildren, { ...args, parent }))
    return rows.map(toSession)
  }

  async countChildren(db: Executor, parent: SessionId): Promise<number> {
    const [row] = await db.all(this.#statements.countChildren, { parent })
    return row!.count
  }

  statements(): StatementsOf<SessionFamilyQueries> {
    return this.#statements
  }
}

function toArgs({ state, agent, blocked, label }: SessionFilter, { before, limit }: PageRequest): FamilyArgs {
  return {
    state: state ?? null,
    agent: agent ?? null,
    blocked: blocked === undefined ? null : blocked ? 1 : 0,
    from: label ?? null,
    to: label === undefined ? null : label + LAST_CHARACTER,
    before: before ?? FIRST_PAGE,
    limit,
  }
}
