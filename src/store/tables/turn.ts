// Turn rows: the turn that changes, its prompt that never does, and its one outcome.

import { assert } from '../../base/assert.ts'
import { HoldfastError } from '../../base/errors.ts'
import type { StoredError } from '../../base/errors.ts'
import type { TurnId } from '../../base/ids.ts'
import type { JsonObject } from '../../base/json.ts'
import type { Cancelling, SessionNo, TurnEndState, TurnOutcome, TurnRecord } from '../records.ts'
import type { PageRequest, TurnAmendment, TurnPatch } from '../store.ts'
import type { TurnTable } from '../schema.ts'
import { statementsOf } from '../statement.ts'
import type { OutcomeColumns, TurnQueries, TurnRow } from './turn-queries.ts'
import type { Executor, StatementsOf, TextsOf } from '../statement.ts'

/** A row must stay below 1,000 bytes, or SQLite gives it a page of its own. */
const INLINE_CHARS_MAX = 512
const FIRST_PAGE = Number.MAX_SAFE_INTEGER

export class TurnRows {
  readonly #statements: StatementsOf<TurnQueries>

  constructor(texts: TextsOf<TurnQueries>) {
    this.#statements = statementsOf('turn', texts)
  }

  /** The turn's own `sessionNo` must be the fence's, else a fence would guard the wrong rows. */
  async insert(tx: Executor, no: SessionNo, turn: TurnRecord): Promise<void> {
    assert(turn.sessionNo === no, `turn ${turn.id} belongs to another session than the fence`)
    await tx.run(this.#statements.insert, toTurnRow(turn))
    if (isLarge(turn.prompt)) await tx.run(this.#statements.insertPrompt, { id: turn.id, prompt: turn.prompt })
  }

  /** Changes a turn that has not ended. TURN_NOT_FOUND, TURN_NOT_ACTIVE. */
  async patch(tx: Executor, no: SessionNo, turnId: TurnId, patch: TurnPatch): Promise<void> {
    const args = {
      no,
      turnId,
      state: patch.state ?? null,
      place: patch.place ?? null,
      delivery: patch.delivery ?? null,
      generation: patch.generation ?? null,
      dispatchedAt: patch.dispatchedAt ?? null,
      runningAt: patch.runningAt ?? null,
      cancelling: patch.cancelling === undefined ? null : JSON.stringify(patch.cancelling),
    }
    // The usual steps of an active turn change no index.
    const keepsPlace = patch.state === 'running' || patch.state === undefined
    if (keepsPlace && (await tx.run(this.#statements.patchActive, args)) === 1) return
    if ((await tx.run(this.#statements.patch, args)) !== 1) throw await this.#refusal(tx, no, turnId)
  }

  /** Changes a turn that is queued. TURN_NOT_FOUND, TURN_NOT_QUEUED, TURN_NOT_ACTIVE. */
  async amend(tx: Executor, no: SessionNo, turnId: TurnId, amendment: TurnAmendment): Promise<void> {
    const { prompt, expiresAt, place } = amendment
    const isAway = prompt !== undefined && isLarge(prompt)
    const changed = await tx.run(this.#statements.amend, {
      no,
      turnId,
      setPrompt: prompt === undefined ? 0 : 1,
      prompt: prompt === undefined || isAway ? null : prompt,
      setExpiresAt: expiresAt === undefined ? 0 : 1,
      expiresAt: expiresAt ?? null,
      place: place ?? null,
    })
    if (changed !== 1) throw await this.#refusal(tx, no, turnId)
    if (prompt !== undefined) await tx.run(this.#statements.deletePrompt, { id: turnId })
    if (isAway) await tx.run(this.#statements.insertPrompt, { id: turnId, prompt })
  }

  /** Writes the one outcome. TURN_NOT_FOUND, TURN_NOT_ACTIVE when there is one. */
  async end(tx: Executor, no: SessionNo, turnId: TurnId, outcome: TurnOutcome): Promise<void> {
    const { state, delivery } = outcome
    const changed = await tx.run(this.#statements.end, { no, turnId, state, delivery, ...toOutcomeColumns(outcome) })
    if (changed !== 1) throw await this.#refusal(tx, no, turnId)
  }

  async find(db: Executor, turnId: TurnId): Promise<TurnRecord | undefined> {
    const [row] = await db.all(this.#statements.find, { turnId })
    return row && toTurn(row)
  }

  async findByKey(db: Executor, no: SessionNo, key: string): Promise<TurnRecord | undefined> {
    const [row] = await db.all(this.#statements.findByKey, { no, key })
    return row && toTurn(row)
  }

  async list(db: Executor, no: SessionNo, page: PageRequest): Promise<TurnRecord[]> {
    const args = { no, before: page.before ?? FIRST_PAGE, limit: page.limit }
    return (await db.all(this.#statements.list, args)).map(toTurn)
  }

  async listUnsettled(db: Executor, no: SessionNo): Promise<TurnRecord[]> {
    const turns = (await db.all(this.#statements.listUnsettled, { no })).map(toTurn)
    const rank = ({ state, place = 0 }: TurnRecord): number => (state === 'queued' ? place : Number.MIN_SAFE_INTEGER)
    return turns.toSorted((a, b) => rank(a) - rank(b))
  }

  async count(db: Executor): Promise<{ queued: number; active: number }> {
    const [unsettled] = await db.all(this.#statements.countUnsettled, {})
    const [active] = await db.all(this.#statements.countActive, {})
    return { queued: unsettled!.count - active!.count, active: active!.count }
  }

  statements(): StatementsOf<TurnQueries> {
    return this.#statements
  }

  async #refusal(tx: Executor, no: SessionNo, turnId: TurnId): Promise<HoldfastError> {
    const turn = await this.find(tx, turnId)
    if (turn === undefined || turn.sessionNo !== no) {
      return new HoldfastError('TURN_NOT_FOUND', { turn: turnId, session: no })
    }
    const code = turn.outcome === undefined ? 'TURN_NOT_QUEUED' : 'TURN_NOT_ACTIVE'
    return new HoldfastError(code, { turn: turnId, state: turn.state })
  }
}

function toTurn(row: TurnRow): TurnRecord {
  return {
    id: row.id as TurnId,
    sessionNo: row.session_no,
    n: row.n,
    state: row.state,
    place: row.place ?? undefined,
    origin: row.origin,
    prompt: row.prompt ?? row.large_prompt ?? '',
    ...(row.meta !== null && { meta: row.meta }),
    idempotencyKey: row.idempotency_key ?? undefined,
    bodyHash: row.body_hash,
    retryOf: (row.retry_of as TurnId | null) ?? undefined,
    onInterrupt: row.on_interrupt ?? undefined,
    unattended: row.unattended ?? undefined,
    delivery: row.delivery,
    generation: row.generation ?? undefined,
    acceptedAt: row.accepted_at,
    expiresAt: row.expires_at ?? undefined,
    deadlineMs: row.deadline_ms ?? undefined,
    lane: row.lane,
    dispatchedAt: row.dispatched_at ?? undefined,
    runningAt: row.running_at ?? undefined,
    cancelling: row.cancelling === null ? undefined : (JSON.parse(row.cancelling) as Cancelling),
    outcome: toOutcome(row),
  }
}

function toOutcome(row: TurnRow): TurnOutcome | undefined {
  if (row.ended_at === null) return undefined
  return {
    state: row.state as TurnEndState,
    delivery: row.delivery,
    stopReason: row.stop_reason ?? undefined,
    forced: row.forced === 1,
    error: row.error === null ? undefined : (JSON.parse(row.error) as StoredError),
    usage: row.usage === null ? undefined : (JSON.parse(row.usage) as JsonObject),
    endedAt: row.ended_at,
  }
}

function isLarge(prompt: string): boolean {
  return prompt.length > INLINE_CHARS_MAX
}

function toTurnRow(turn: TurnRecord): TurnTable {
  return {
    id: turn.id,
    session_no: turn.sessionNo,
    n: turn.n,
    place: turn.place ?? null,
    state: turn.state,
    origin: turn.origin,
    idempotency_key: turn.idempotencyKey ?? null,
    body_hash: turn.bodyHash,
    retry_of: turn.retryOf ?? null,
    on_interrupt: turn.onInterrupt ?? null,
    unattended: turn.unattended ?? null,
    delivery: turn.delivery,
    generation: turn.generation ?? null,
    accepted_at: turn.acceptedAt,
    expires_at: turn.expiresAt ?? null,
    deadline_ms: turn.deadlineMs ?? null,
    lane: turn.lane,
    dispatched_at: turn.dispatchedAt ?? null,
    running_at: turn.runningAt ?? null,
    cancelling: turn.cancelling === undefined ? null : JSON.stringify(turn.cancelling),
    prompt: isLarge(turn.prompt) ? null : turn.prompt,
    meta: turn.meta ?? null,
    ...(turn.outcome ? toOutcomeColumns(turn.outcome) : NO_OUTCOME),
  }
}

const NO_OUTCOME: OutcomeColumns = { stop_reason: null, forced: null, error: null, usage: null, ended_at: null }

function toOutcomeColumns(outcome: TurnOutcome): OutcomeColumns {
  return {
    stop_reason: outcome.stopReason ?? null,
    forced: outcome.forced ? 1 : 0,
    error: outcome.error === undefined ? null : JSON.stringify(outcome.error),
    usage: outcome.usage === undefined ? null : JSON.stringify(outcome.usage),
    ended_at: outcome.endedAt,
  }
}
