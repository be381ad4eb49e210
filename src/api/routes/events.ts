// /v1/sessions/:session/events: pages of the log, or with `Accept: text/event-stream` a stream that replays and follows.

import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'

import { HoldfastError } from '../../base/errors.ts'
import type { SessionStatus } from '../../session/service.ts'
import { EventPage, EventQuery } from '../../wire/event.ts'
import { eventPageJson, helloFrame } from '../streams/event-frames.ts'
import { StreamWriter } from '../streams/stream-writer.ts'
import { withErrors } from './context.ts'
import type { App, RouteContext } from './context.ts'
import { SessionParams } from './params.ts'

const PAGE_LIMIT = 200
const RETRY_MS = 1_000

const EventHeaders = Type.Object({
  'last-event-id': Type.Optional(Type.String({ pattern: '^[0-9]{1,15}$', description: 'Wins over `after`.' })),
})

export function addEventRoutes(app: App, context: RouteContext): void {
  app.get(
    '/v1/sessions/:session/events',
    {
      schema: {
        operationId: 'listEvents',
        summary: 'Events of a session after a cursor: a page, or a stream with Accept: text/event-stream',
        params: SessionParams,
        headers: EventHeaders,
        querystring: EventQuery,
        response: withErrors({ 200: EventPage }),
      },
    },
    async ({ params, query, headers, raw }, reply) => {
      const status = await context.service.get(params.session)
      const lastEventId = headers['last-event-id']
      const after = lastEventId === undefined ? (query.after ?? 0) : Number(lastEventId)
      const head = await headOf(context, status, after)
      if (raw.headers.accept?.includes('text/event-stream') === true) {
        await startStream(context, { status, after, head }, reply)
        return reply
      }
      const events = await context.events.read(status.session.no, after, query.limit ?? PAGE_LIMIT)
      const text = eventPageJson(events, Math.max(head, events.at(-1)?.seq ?? 0), events.at(-1)?.seq ?? after)
      // Already JSON text, by the schema above; the type of the route is that of what a client reads.
      return reply
        .type('application/json; charset=utf-8')
        .serializer(String)
        .send(text as never)
    },
  )
}

/** Newest seq. CURSOR_AHEAD when `after` is beyond it, also after a look into the log itself. */
async function headOf({ events }: RouteContext, { session }: SessionStatus, after: number): Promise<number> {
  if (after <= session.lastSeq) return session.lastSeq
  const [newer] = await events.read(session.no, after - 1, 1)
  if (newer === undefined) throw new HoldfastError('CURSOR_AHEAD', { after, lastSeq: session.lastSeq })
  return newer.seq
}

interface StreamStart {
  readonly status: SessionStatus
  readonly after: number
  readonly head: number
}

async function startStream(
  { events, streams, permissions, logger }: RouteContext,
  { status: { session }, after, head }: StreamStart,
  reply: FastifyReply,
): Promise<void> {
  streams.checkRoom(session.no)
  const [first] = await events.read(session.no, 0, 1)
  // A reader that comes back at damage is told so: a stream would only end, again and again.
  if (after > 0) await events.read(session.no, after, 1)
  const hello = helloFrame({ session_id: session.id, head, oldest: first?.seq ?? 1 }, RETRY_MS)
  streams.checkRoom(session.no) // another may have come meanwhile
  reply.hijack()
  const { raw: response } = reply
  response.writeHead(200, STREAM_HEADERS)
  const writer = new StreamWriter(response, events.subscribe(session.no, after), streams.limits.stallMs)
  if (session.state === 'closed' && after >= head) writer.end('session_closed')
  const attendance = permissions.attend(session.no)
  void streams
    .serve(session.no, writer, { hello, frames: streams.frames })
    .catch((err: unknown) => logger.error({ err, sessionId: session.id }, 'event stream failed'))
    .finally(() => attendance[Symbol.dispose]())
}

export const STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
  'x-content-type-options': 'nosniff',
}
