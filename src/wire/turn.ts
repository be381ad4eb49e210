// Turns on the wire: sending a prompt, looking at what became of it, cancelling it.

import { Type } from 'typebox'
import type { Static } from 'typebox'

import { ErrorView } from './error.ts'
import { Cursor, Delivery, Lane, OnInterrupt, PageLimit, Time, Unattended, WhenBusy, nullable } from './scalars.ts'

/** An ACP content block; what an agent takes beyond text and resource links is its own matter. */
export const ContentBlock = Type.Record(Type.String(), Type.Unknown())

export const PROMPT_BLOCKS_MAX = 1000

/** A string is one text block. */
const Prompt = Type.Union([Type.String(), Type.Array(ContentBlock, { minItems: 1, maxItems: PROMPT_BLOCKS_MAX })])

const TURN_ID = { minLength: 1, maxLength: 64 }

export const PromptCreate = Type.Object(
  {
    prompt: Prompt,
    /** `queue`: it waits. `interrupt`: the running turn is cancelled, this one is next. `steer`, `reject`: refused when it would wait. */
    when_busy: Type.Optional(WhenBusy),
    /** Limit of the whole turn, instead of the configured one. */
    deadline_ms: Type.Optional(Type.Integer({ minimum: 100, maximum: 2_592_000_000 })),
    /** `interactive` if not given. */
    lane: Type.Optional(Lane),
    on_interrupt: Type.Optional(OnInterrupt),
    /** What becomes of its permission requests while no client is there; as configured if not given. */
    unattended: Type.Optional(Unattended),
    /** The prompt ends `expired` when it is still queued at this time. */
    expires_at: Type.Optional(Time),
    /**
     * Given to the agent as `_meta`. The headers `traceparent`, `tracestate` and `baggage` of the request are put in when it does not
     * have them.
     */
    meta: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    /** The same as the header `Idempotency-Key`. */
    idempotency_key: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  },
  { additionalProperties: false, title: 'PromptCreate' },
)
export type PromptCreate = Static<typeof PromptCreate>

export const TurnState = Type.Enum([
  'queued',
  'dispatching',
  'running',
  'completed',
  'cancelled',
  'failed',
  'timed_out',
  'interrupted',
  'expired',
])

export const TurnEndState = Type.Enum(['completed', 'cancelled', 'failed', 'timed_out', 'interrupted', 'expired'])
export type TurnEndState = Static<typeof TurnEndState>

export const TurnOutcomeView = Type.Object({
  state: TurnEndState,
  /** Whether the agent got the prompt. */
  delivery: Delivery,
  /** As the agent sent it. */
  stop_reason: nullable(Type.String()),
  /** True when the agent process had to be ended to end the turn. */
  forced: Type.Boolean(),
  error: nullable(ErrorView),
  usage: nullable(Type.Record(Type.String(), Type.Unknown())),
  ended_at: Time,
})
export type TurnOutcomeView = Static<typeof TurnOutcomeView>

export const TurnView = Type.Object(
  {
    id: Type.String(),
    session_id: Type.String(),
    /** Accept number within the session: 1, 2, 3 … */
    n: Type.Integer(),
    state: TurnState,
    origin: Type.Enum(['user', 'agent', 'retry', 'task']),
    /** In lists without large attached data; empty for a turn that the agent began by itself. */
    prompt: Type.Array(ContentBlock),
    idempotency_key: nullable(Type.String()),
    retry_of: nullable(Type.String()),
    on_interrupt: nullable(OnInterrupt),
    lane: Lane,
    deadline_ms: nullable(Type.Integer()),
    unattended: nullable(Unattended),
    delivery: Delivery,
    accepted_at: Time,
    expires_at: nullable(Time),
    dispatched_at: nullable(Time),
    running_at: nullable(Time),
    /** Null until the turn has ended. */
    outcome: nullable(TurnOutcomeView),
  },
  { title: 'Turn' },
)
export type TurnView = Static<typeof TurnView>

export const PromptAccepted = Type.Object({
  turn: TurnView,
  /** 0 when it was handed out at once, else how many prompts are ahead of it. */
  position: Type.Integer(),
  /** True when the idempotency key named a turn that existed. */
  replayed: Type.Boolean(),
})
export type PromptAccepted = Static<typeof PromptAccepted>

export const WAIT_MS_MAX = 60_000

export const TurnQuery = Type.Object(
  {
    /** Answers when the turn has ended, or after so many milliseconds with the turn as it is then. */
    wait_ms: Type.Optional(Type.Integer({ minimum: 0, maximum: WAIT_MS_MAX })),
  },
  { additionalProperties: false },
)
export type TurnQuery = Static<typeof TurnQuery>

export const TurnListQuery = Type.Object(
  { limit: Type.Optional(PageLimit), cursor: Type.Optional(Cursor) },
  { additionalProperties: false },
)
export type TurnListQuery = Static<typeof TurnListQuery>

/** Newest first. */
export const TurnPage = Type.Object({ turns: Type.Array(TurnView), next_cursor: nullable(Cursor) })
export type TurnPage = Static<typeof TurnPage>

/** What is absent stays. `position` and `before` cannot both be given. */
export const TurnEdit = Type.Object(
  {
    prompt: Type.Optional(Prompt),
    /** null: it does not expire any more. */
    expires_at: Type.Optional(nullable(Time)),
    /** In the queue: 0 is the front; beyond its end is the end. */
    position: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
    /** In front of this turn, which waits too. */
    before: Type.Optional(Type.String(TURN_ID)),
  },
  { additionalProperties: false, minProperties: 1, title: 'TurnEdit' },
)
export type TurnEdit = Static<typeof TurnEdit>

export const QueueView = Type.Object({
  /** `position`: 0 is the front. */
  queued: Type.Array(Type.Object({ position: Type.Integer(), turn: TurnView })),
})
export type QueueView = Static<typeof QueueView>

export const CancelCreate = Type.Object(
  {
    /** Absent: the active turn. */
    turn_id: Type.Optional(Type.String(TURN_ID)),
    /** Answers when the turn has ended, or after so many milliseconds. */
    wait_ms: Type.Optional(Type.Integer({ minimum: 0, maximum: WAIT_MS_MAX })),
  },
  { additionalProperties: false },
)
export type CancelCreate = Static<typeof CancelCreate>

export const CancelEvidence = Type.Object({
  turns: Type.Array(Type.String()),
  /** `ended`: terminal now. `requested`: the agent was asked and has the cancel grace. `none`: nothing was in flight. */
  outcome: Type.Enum(['ended', 'requested', 'none']),
  /** Those of them that have ended by now. */
  ended: Type.Array(
    Type.Object({
      turn_id: Type.String(),
      state: TurnEndState,
      /** True when the agent process had to be ended for it. */
      forced: Type.Boolean(),
      /** From the request to the end. */
      ms: Type.Integer(),
    }),
  ),
})
export type CancelEvidence = Static<typeof CancelEvidence>
