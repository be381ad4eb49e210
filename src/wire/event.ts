// Events on the wire: pages of the log, and the frames of a stream of it.

import { Type } from 'typebox'
import type { Static } from 'typebox'

import { Time, nullable } from './scalars.ts'

export const EventType = Type.Enum([
  'session.created',
  'session.forked',
  'session.blocked',
  'session.resumed',
  'session.closed',
  'session.described',
  'options.changed',
  'options.reset',
  'option.refused',
  'equipment.changed',
  'conversation.replaced',
  'conversation.reset',
  'turn.queued',
  'turn.dispatched',
  'turn.running',
  'turn.cancelling',
  'turn.ended',
  'turn.requeued',
  'turn.edited',
  'turn.moved',
  'update',
  'task.started',
  'task.ended',
  'conversation.imported',
  'conversation.learned',
  'permission.requested',
  'permission.closed',
  'permission.mode_changed',
  'permission.rule_added',
  'permission.rule_revoked',
  'elicitation.requested',
  'elicitation.closed',
  'elicitation.completed',
  'agent.starting',
  'agent.ready',
  'agent.attached',
  'agent.retired',
  'agent.exited',
  'agent.warning',
  'agent.extension',
])
export type EventType = Static<typeof EventType>

/** A stored fact. `seq` is gapless within a session and is the cursor of pages and streams. */
export const EventView = Type.Object(
  {
    seq: Type.Integer(),
    type: EventType,
    turn_id: nullable(Type.String()),
    at: Time,
    /** As it was stored; its fields depend on `type`. */
    data: Type.Unknown(),
  },
  { title: 'Event' },
)
export type EventView = Static<typeof EventView>

export const EVENT_PAGE_MAX = 1000

export const EventQuery = Type.Object(
  {
    /** The last `seq` that the client has; 0 is before the first. */
    after: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: EVENT_PAGE_MAX })),
  },
  { additionalProperties: false },
)
export type EventQuery = Static<typeof EventQuery>

export const EventPage = Type.Object({
  /** May be fewer than `limit` when they are large; only an empty page is the end. */
  events: Type.Array(EventView),
  /** Newest `seq` of the session when the page was made. */
  head: Type.Integer(),
  /** `after` of the next page. */
  next_after: Type.Integer(),
})
export type EventPage = Static<typeof EventPage>

/** First frame of a stream (`event: hello`). */
export const StreamHello = Type.Object({
  session_id: Type.String(),
  head: Type.Integer(),
  oldest: Type.Integer(),
})
export type StreamHello = Static<typeof StreamHello>

/** Last frame of a stream (`event: end`). Only after `session_closed` is there nothing to come back for. */
export const StreamEnd = Type.Object({
  reason: Type.Enum(['session_closed', 'gateway_stopping', 'gateway_restarting', 'token_rotated']),
})
export type StreamEnd = Static<typeof StreamEnd>

/**
 * The gateway has begun to end (`event: gateway`, in every stream). No event of a session: it has no `seq`. Events go on to come until
 * the frame `end`.
 */
export const StreamGateway = Type.Object({
  state: Type.Enum(['draining']),
  reason: Type.Enum(['stop', 'restart']),
  /** Running turns have until then. */
  until: Time,
  /** How long after the end of the stream it is worth to come back; null when nobody may be there. */
  reconnect_after_ms: nullable(Type.Integer()),
})
export type StreamGateway = Static<typeof StreamGateway>
