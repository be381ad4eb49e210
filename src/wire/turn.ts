// Turns on the wire: sending a prompt, looking at what became of it, cancelling it.

import { Type } from 'typebox'
import type { Static } from 'typebox'

import { ErrorView } from './error.ts'
import { Cursor, Delivery, OnInterrupt, PageLimit, Time, Unattended, nullable } from './scalars.ts'

/** An ACP content block; what an agent takes beyond text and resource links is its own matter. */
export const ContentBlock = Type.Record(Type.String(), Type.Unknown())

export const PROMPT_BLOCKS_MAX = 1000

export const PromptCreate = Type.Object(
  {
    /** A string is one text block. */
    prompt: Type.Union([Type.String(), Type.Array(ContentBlock, { minItems: 1, maxItems: PROMPT_BLOCKS_MAX })]),
    on_interrupt: Type.Optional(OnInterrupt),
    /** What becomes of its permission requests while no client is there; as configured if not given. */
    unattended: Type.Optional(Unattended),
    /** The prompt ends `expired` when it is still queued at this time. */
    expires_at: Type.Optional(Time),
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
    prompt: Type.Array(ContentBlock),
    idempotency_key: nullable(Type.String()),
    retry_of: nullable(Type.String()),
    on_interrupt: nullable(OnInterrupt),
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

export const CancelCreate = Type.Object(
  {
    /** Absent: the active turn. */
    turn_id: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  },
  { additionalProperties: false },
)
export type CancelCreate = Static<typeof CancelCreate>

export const CancelEvidence = Type.Object({
  turns: Type.Array(Type.String()),
  /** `ended`: terminal now. `requested`: the agent was asked and has the cancel grace. `none`: nothing was in flight. */
  outcome: Type.Enum(['ended', 'requested', 'none']),
})
export type CancelEvidence = Static<typeof CancelEvidence>
