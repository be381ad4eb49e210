// Looking into the gateway: what a session waits for, and what all sessions did since the start.

import { Type } from 'typebox'
import type { Static } from 'typebox'

import { Time, nullable } from './scalars.ts'
import { NeededLogin, SessionActivity } from './session.ts'

export const WaitView = Type.Object(
  {
    /** `decision` and `permission` wait for a person, the others for the agent, its process, or its place. */
    kind: Type.String(),
    since: nullable(Time),
    /** The turn or permission request that is waited for. */
    subject: nullable(Type.String()),
  },
  { title: 'Wait' },
)

export const ExplanationView = Type.Object(
  {
    session_id: Type.String(),
    key: nullable(Type.String()),
    activity: SessionActivity,
    active_turn: nullable(Type.String()),
    queued: Type.Integer(),
    /** The longest wait first; empty when nothing is waited for. */
    waits: Type.Array(WaitView),
    /** What ends the wait by itself, at the latest. */
    deadline: nullable(Type.Object({ at: Time, kind: Type.String() })),
    /** Operations of this API that end it now, by `operationId`. */
    frees: Type.Array(Type.String()),
    /** The login that it waits for. */
    login: nullable(NeededLogin),
  },
  { title: 'Explanation' },
)
export type ExplanationView = Static<typeof ExplanationView>

const Counts = Type.Record(Type.String(), Type.Integer())

export const DistributionView = Type.Object(
  {
    count: Type.Integer(),
    mean_ms: Type.Number(),
    max_ms: Type.Number(),
    /** Of the newest 1,024 values. */
    p50_ms: Type.Number(),
    p95_ms: Type.Number(),
    p99_ms: Type.Number(),
  },
  { title: 'Distribution' },
)

export const StatisticsView = Type.Object(
  {
    /** Start of the count: the start of this gateway. */
    since: Time,
    turns_accepted: Type.Integer(),
    turns_ended: Counts,
    /** From the accept to the hand-over to the agent. */
    queue_wait: DistributionView,
    /** From the hand-over to the end. */
    run: DistributionView,
    errors: Type.Array(Type.Object({ code: Type.String(), count: Type.Integer() })),
    agents: Type.Object({
      started: Type.Integer(),
      failed_to_start: Type.Integer(),
      ended: Type.Integer(),
      taken_over: Type.Integer(),
      /** Idle ones that had to leave, and when the last one did. */
      evicted: Type.Integer(),
      last_evicted_at: nullable(Time),
    }),
    permissions: Type.Object({ asked: Type.Integer(), closed: Counts }),
  },
  { title: 'Statistics' },
)
export type StatisticsView = Static<typeof StatisticsView>
