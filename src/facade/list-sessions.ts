// session/list: the sessions of all clients that are not closed, newest first, in pages.

import type { Json, JsonObject } from '../base/json.ts'
import { equipmentView } from '../session/equipment/change-equipment.ts'
import type { SessionStatus } from '../session/service.ts'
import { META } from './meta.ts'
import type { Editor, Outcome } from './methods.ts'
import { realPath } from './open-session.ts'
import { cwdParam } from './params.ts'
import { invalidParams } from './rpc-errors.ts'

const PAGE_ROWS = 50
/** Rows that one answer looks at when they have to be of one directory. */
const LOOKED_AT_MAX = 1_000

/** F-21. A page may have fewer rows than there are, or none; only an answer without a cursor is the end. */
export async function listSessions({ service }: Editor, params: JsonObject): Promise<Outcome> {
  const given = params['cwd'] === undefined || params['cwd'] === null ? undefined : cwdParam(params)
  const real = given === undefined ? undefined : await realPath(given)
  let before = readCursor(params['cursor'])
  const found: SessionStatus[] = []
  for (let lookedAt = 0; lookedAt < LOOKED_AT_MAX && found.length === 0; lookedAt += PAGE_ROWS) {
    const rows = await service.list({ state: 'open' }, { limit: PAGE_ROWS, ...(before !== undefined && { before }) })
    found.push(...rows.filter(({ session }) => given === undefined || session.cwd === given || session.cwd === real))
    before = rows.length < PAGE_ROWS ? undefined : rows.at(-1)?.session.no
    if (before === undefined) break
  }
  const nextCursor = before === undefined ? {} : { nextCursor: writeCursor(before) }
  return { kind: 'answer', result: { sessions: found.map(sessionInfo), ...nextCursor } }
}

function sessionInfo({ session, live }: SessionStatus): JsonObject {
  const directories = equipmentView(session.terms.equipment).additional_directories
  const title = session.terms.title ?? session.family.label ?? session.key
  return {
    sessionId: session.id,
    cwd: session.cwd,
    ...(directories.length > 0 && { additionalDirectories: directories }),
    ...(title !== undefined && { title }),
    updatedAt: new Date(session.updatedAt).toISOString(),
    _meta: {
      [META.agent]: session.agent,
      [META.activity]: live.activity,
      ...(session.key !== undefined && { [META.key]: session.key }),
    },
  }
}

function writeCursor(no: number): string {
  return Buffer.from(`a${no}`).toString('base64url')
}

function readCursor(cursor: Json | undefined): number | undefined {
  if (cursor === undefined || cursor === null) return undefined
  const no = typeof cursor === 'string' ? Number(Buffer.from(cursor, 'base64url').toString('latin1').slice(1)) : 0
  if (Number.isSafeInteger(no) && no > 0 && writeCursor(no) === cursor) return no
  throw invalidParams('cursor is not one of this list')
}
