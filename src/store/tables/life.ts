// Lives of a gateway: one row for each, of which the newest are kept.

import type { LifeEnding, LifePatch, LifeRecord, MemoryGroup, NewLife } from '../lives.ts'
import type { LifeTable } from '../schema.ts'
import { statementsOf } from '../statement.ts'
import type { Executor, StatementsOf, TextsOf } from '../statement.ts'
import type { LifeQueries } from './life-queries.ts'

/** A gateway that is started every few minutes for a day has ended in some way that is still there. */
const LIVES_MAX = 100

export class LifeRows {
  readonly #statements: StatementsOf<LifeQueries>

  constructor(texts: TextsOf<LifeQueries>) {
    this.#statements = statementsOf('life', texts)
  }

  async insert(tx: Executor, node: string, life: NewLife): Promise<void> {
    await tx.run(this.#statements.forget, { node_id: node, upTo: life.epoch - LIVES_MAX })
    await tx.run(this.#statements.insert, {
      node_id: node,
      epoch: life.epoch,
      version: life.version,
      pid: life.pid,
      boot_id: life.bootId,
      started_at: life.startedAt,
      memory_group: life.memory?.path ?? null,
      oom_kills: life.memory?.oomKills ?? null,
      ...NOTHING_YET,
    })
  }

  /** The first end of a life stays. */
  async patch(tx: Executor, node: string, epoch: number, patch: LifePatch): Promise<void> {
    const key = { node_id: node, epoch }
    await tx.run(this.#statements.patch, {
      ...key,
      ready_at: patch.readyAt ?? null,
      safe_mode: patch.safeMode ?? null,
      turns_taken_over: patch.turnsTakenOver ?? null,
      turns_interrupted: patch.turnsInterrupted ?? null,
      asked_at: patch.askedAt ?? null,
    })
    if (patch.end === undefined) return
    const { at, how, code, reason } = patch.end
    const end = { ended_at: at, ended_how: how, ended_code: code ?? null, ended_reason: reason ?? null }
    await tx.run(this.#statements.end, { ...key, ...end })
  }

  /** Newest first. */
  async list(db: Executor, node: string, limit: number): Promise<LifeRecord[]> {
    return (await db.all(this.#statements.list, { node_id: node, limit })).map(toLife)
  }

  statements(): StatementsOf<LifeQueries> {
    return this.#statements
  }
}

const NOTHING_YET = {
  ready_at: null,
  safe_mode: null,
  turns_taken_over: null,
  turns_interrupted: null,
  asked_at: null,
  ended_at: null,
  ended_how: null,
  ended_code: null,
  ended_reason: null,
}

function toLife(row: LifeTable): LifeRecord {
  return {
    epoch: row.epoch,
    version: row.version,
    pid: row.pid,
    bootId: row.boot_id,
    startedAt: row.started_at,
    readyAt: row.ready_at ?? undefined,
    safeMode: row.safe_mode ?? undefined,
    turnsTakenOver: row.turns_taken_over ?? undefined,
    turnsInterrupted: row.turns_interrupted ?? undefined,
    memory: toMemory(row),
    askedAt: row.asked_at ?? undefined,
    end: toEnding(row),
  }
}

function toMemory({ memory_group: path, oom_kills: oomKills }: LifeTable): MemoryGroup | undefined {
  return path === null || oomKills === null ? undefined : { path, oomKills }
}

function toEnding({ ended_at: at, ended_how: how, ended_code: code, ended_reason: reason }: LifeTable) {
  if (at === null || how === null) return undefined
  return { at, how, code: code ?? undefined, reason: reason ?? undefined } satisfies LifeEnding
}
