// /v1/permissions/events: what waits for a person in all sessions, as it comes and as it is answered. No cursor: a reader that
// comes back begins with everything that is open.

import { StreamWriter } from '../streams/stream-writer.ts'
import { INBOX_FRAMES, inboxSource } from '../streams/inbox-frames.ts'
import type { App, RouteContext } from './context.ts'
import { withErrors } from './context.ts'
import { STREAM_HEADERS } from './events.ts'

/** Counts as a session of its own among the readers. */
const ALL_SESSIONS = 0
const RETRY_MS = 1_000

export function addPermissionInboxRoute(app: App, context: RouteContext): void {
  const { service, permissions, streams, logger } = context
  app.get(
    '/v1/permissions/events',
    {
      schema: {
        operationId: 'followPermissions',
        summary:
          'A stream of all that waits for a person: `snapshot` of what is open, then `permission.requested`, `permission.closed`, `elicitation.requested`, `elicitation.closed`, `elicitation.completed`',
        response: withErrors({}),
      },
    },
    async (_, reply) => {
      streams.checkRoom(ALL_SESSIONS)
      reply.hijack()
      const { raw: response } = reply
      response.writeHead(200, STREAM_HEADERS)
      const source = inboxSource(permissions.inbox(), (no) => service.sessionIdOf(no))
      const writer = new StreamWriter(response, source, streams.limits.stallMs)
      const attendance = permissions.attend()
      void streams
        .serve(ALL_SESSIONS, writer, { hello: `retry: ${RETRY_MS}\n\n`, frames: INBOX_FRAMES })
        .catch((err: unknown) => logger.error({ err }, 'permission stream failed'))
        .finally(() => attendance[Symbol.dispose]())
      return reply
    },
  )
}
