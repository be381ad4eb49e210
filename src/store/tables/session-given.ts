// What editors gave for the agents of sessions, with the secrets in it. The schema deletes it with the close of its session.

import type { GivenEquipment, SessionNo } from '../records.ts'
import { statementsOf } from '../statement.ts'
import type { Executor, StatementsOf, TextsOf } from '../statement.ts'
import type { SessionGivenQueries } from './session-given-queries.ts'

export class SessionGivenRows {
  readonly #statements: StatementsOf<SessionGivenQueries>

  constructor(texts: TextsOf<SessionGivenQueries>) {
    this.#statements = statementsOf('session.given', texts)
  }

  /** Replaces what there was. */
  async put(tx: Executor, no: SessionNo, given: GivenEquipment | undefined): Promise<void> {
    if (given === undefined) await tx.run(this.#statements.delete, { no })
    else await tx.run(this.#statements.put, { no, mcpServers: given.mcpServers, meta: given.meta ?? null })
  }

  async find(db: Executor, no: SessionNo): Promise<GivenEquipment | undefined> {
    const [row] = await db.all(this.#statements.find, { no })
    return row && { mcpServers: row.mcp_servers, meta: row.meta ?? undefined }
  }

  statements(): StatementsOf<SessionGivenQueries> {
    return this.#statements
  }
}
