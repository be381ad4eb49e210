// The queries of what editors gave for the agents of sessions.
// Read by the generator only (tools/gen-statements.ts); src/store/statements.gen.ts is what runs.

import type { StoreDialect } from '../dialect.ts'
import { query } from '../query.ts'

export type SessionGivenQueries = ReturnType<typeof sessionGivenQueries>

type PutArgs = { no: number; mcpServers: string; meta: string | null }

export function sessionGivenQueries({ builder }: StoreDialect) {
  return {
    put: query((args: PutArgs) =>
      builder
        .insertInto('session_given')
        .values({ session_no: args.no, mcp_servers: args.mcpServers, meta: args.meta })
        .onConflict((conflict) =>
          conflict.column('session_no').doUpdateSet({ mcp_servers: args.mcpServers, meta: args.meta }),
        ),
    ),
    delete: query((args: { no: number }) => builder.deleteFrom('session_given').where('session_no', '=', args.no)),
    find: query((args: { no: number }) =>
      builder.selectFrom('session_given').selectAll().where('session_no', '=', args.no),
    ),
  }
}
