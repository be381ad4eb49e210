// The questions of the simulated agents as rows, and what must hold for them after every commit and at rest (S9, S13, S30).

import type { ElicitationRecord, ElicitationWrite } from '../../src/store/elicitation-record.ts'
import type { SessionNo, TurnRecord } from '../../src/store/records.ts'
import { must } from './invariant.ts'

export interface ElicitationGround {
  turn(id: string): TurnRecord | undefined
  /** How long there was no gateway, all told. */
  awayMs(): number
}

export class ModelElicitations {
  readonly rows = new Map<string, ElicitationRecord>()
  readonly #ground: ElicitationGround

  constructor(ground: ElicitationGround) {
    this.#ground = ground
  }

  /** See Store. */
  unsettled(no: SessionNo): ElicitationRecord[] {
    return [...this.rows.values()].filter(
      ({ sessionNo, state, content }) => sessionNo === no && (state === 'open' || content !== undefined),
    )
  }

  apply(write: ElicitationWrite): void {
    if (write.kind === 'elicitation.insert') return this.#insert(write.elicitation)
    const row = this.rows.get(write.elicitationId)
    must(row !== undefined, 'S9', `question ${write.elicitationId} is not stored`)
    switch (write.kind) {
      case 'elicitation.close':
        return this.#close(row, write)
      case 'elicitation.forget':
        return void this.rows.set(row.id, { ...row, content: undefined })
      case 'elicitation.complete':
        return void this.rows.set(row.id, { ...row, completedAt: row.completedAt ?? write.at })
      default:
        return write satisfies never
    }
  }

  /** After each commit: a question does not outlive its turn, but for one of the agent's own, which no answer ends. */
  check(): void {
    for (const { id, state, turnId } of this.rows.values()) {
      const turn = state === 'open' && turnId !== undefined ? this.#ground.turn(turnId) : undefined
      const isOver = turn?.outcome !== undefined && turn.origin !== 'agent'
      must(!isOver, 'S9', `question ${id} is open, but its turn ${turnId} has ended`)
    }
  }

  checkRest(): void {
    for (const { id, state, content } of this.rows.values()) {
      must(state !== 'open', 'S9', `question ${id} stays open`)
      must(content === undefined, 'S30', `the values of ${id} are still stored`)
    }
  }

  #insert(elicitation: ElicitationRecord): void {
    const { generation, line } = elicitation
    const isTwin = (other: ElicitationRecord): boolean => other.generation === generation && other.line === line
    must(![...this.rows.values()].some(isTwin), 'S13', `question of line ${line} stored twice`)
    this.rows.set(elicitation.id, elicitation)
  }

  #close(row: ElicitationRecord, write: Extract<ElicitationWrite, { kind: 'elicitation.close' }>): void {
    must(row.state === 'open', 'S9', `question ${row.id} closed twice`)
    const lateMs = write.closedAt - row.dueAt
    must(lateMs <= this.#ground.awayMs(), 'S6', `question ${row.id} was open ${lateMs} ms beyond its deadline`)
    const isAccepted = write.action === 'accept'
    must(!isAccepted || write.answeredBy === 'sim', 'S9', `question ${row.id} is accepted by ${write.answeredBy}`)
    const turn = row.turnId === undefined ? undefined : this.#ground.turn(row.turnId)
    must(!isAccepted || turn?.cancelling === undefined, 'S9', `question ${row.id} is accepted after a cancel`)
    const { state, action, fields, content, answeredBy, closedAt } = write
    this.rows.set(row.id, { ...row, state, action, fields, content, answeredBy, closedAt })
  }
}
