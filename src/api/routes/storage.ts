// The database: a backup of it, a look at all of it, and the log of one session as lines of an export.

import type { Static } from 'typebox'

import type { EventRecord, LostEvents } from '../ports.ts'
import { BackupCreate, BackupDone, ExportPage, ExportQuery, VerifyDone, VerifyStart } from '../../wire/storage.ts'
import { eventJson } from '../streams/event-frames.ts'
import { withErrors } from './context.ts'
import type { App, RouteContext } from './context.ts'
import { SessionParams } from './params.ts'

const PAGE_LIMIT = 500

export function addStorageRoutes(app: App, { storage, service }: RouteContext): void {
  app.post(
    '/v1/gateway/backup',
    {
      schema: {
        operationId: 'backUp',
        summary: 'Write a verified copy of the database to a file; answers when it is on disk',
        body: BackupCreate,
        response: withErrors({ 200: BackupDone }),
      },
    },
    async ({ body: { path, replace = false } }) => ({ path, ...(await storage.backUp({ path, replace })) }),
  )
  app.post(
    '/v1/gateway/verify',
    {
      schema: {
        operationId: 'verifyDatabase',
        summary: 'Check the database, every event of it; sessions with damage are put into quarantine',
        body: VerifyStart,
        response: withErrors({ 200: VerifyDone }),
      },
    },
    async () => ({ problems: [...(await storage.verify())] }),
  )
  app.get(
    '/v1/sessions/:session/export',
    {
      schema: {
        operationId: 'exportSession',
        summary: 'The log of a session as lines of an export, also what can be read of a damaged one',
        params: SessionParams,
        querystring: ExportQuery,
        response: withErrors({ 200: ExportPage }),
      },
    },
    async ({ params, query: { after = 0, limit = PAGE_LIMIT } }): Promise<Static<typeof ExportPage>> => {
      const { session } = await service.get(params.session)
      const { entries, nextAfter, isEnd } = await storage.salvageEvents(session.no, after, limit)
      return { lines: entries.map(lineOf), next_after: isEnd ? null : nextAfter }
    },
  )
}

function lineOf(entry: EventRecord | LostEvents): string {
  return 'from' in entry ? JSON.stringify({ lost: entry }) : eventJson(entry)
}
