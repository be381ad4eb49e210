// The simulator's database: applies a list of writes atomically and refuses what the schema would refuse.
// Also the checker of everything that can be seen in rows: each broken rule throws with the invariant's name.

import type { NewEvent, PermissionRecord, SessionRecord, TurnOutcome, TurnRecord } from '../../src/store/records.ts'
import type { SessionWrite } from '../../src/store/store.ts'
import { must } from './invariant.ts'
import { ModelElicitations } from './model-elicitations.ts'

interface StoredEvent {
  readonly seq: number
  readonly type: string
  readonly turnId: string | undefined
  readonly data: string
}

/** Which process each update says it comes from, and for which prompt it was made. */
interface UpdateTag {
  readonly generation: number
  readonly turnId: string | null
  readonly line: number
}

const SIGNS: ReadonlySet<string> = new Set([
  'turn.dispatched',
  'update',
  'permission.requested',
  'permission.closed',
  'elicitation.requested',
  'elicitation.closed',
  'agent.attached',
])

const LEGAL: Readonly<Record<string, readonly string[]>> = {
  queued: ['dispatching', 'cancelled', 'expired'],
  dispatching: ['queued', 'dispatching', 'running', 'completed', 'cancelled', 'failed', 'timed_out', 'interrupted'],
  running: ['completed', 'cancelled', 'failed', 'timed_out', 'interrupted'],
}

export class ModelStore {
  session: SessionRecord
  readonly turns = new Map<string, TurnRecord>()
  readonly outcomes = new Map<string, TurnOutcome>()
  readonly permissions = new Map<string, PermissionRecord>()
  readonly elicitations = new ModelElicitations({ turn: (id) => this.turns.get(id), awayMs: () => this.awayMs })
  readonly events: StoredEvent[] = []
  /** The lines whose updates are stored, for each process. */
  readonly updateLines = new Map<number, number[]>()
  /** When each turn last showed life: its dispatch, an update, a permission request or its answer. */
  readonly #signs = new Map<string, number>()
  readonly #silentMsMax: number
  /** How long there was no gateway in this schedule, all told: no deadline can be kept meanwhile. */
  awayMs = 0

  /** `silentMsMax`: how long a turn may be out without a sign of life. */
  constructor(session: SessionRecord, silentMsMax: number) {
    this.session = session
    this.#silentMsMax = silentMsMax
  }

  commit(writes: readonly SessionWrite[]): void {
    const lines = writes.flatMap((write) => (write.kind === 'agent.line' ? [write.line] : []))
    if (lines.length > 0) this.session = { ...this.session, agentLine: Math.max(...lines) }
    for (const write of writes) this.#apply(write)
    const active = [...this.turns.values()].filter((turn) => turn.state === 'dispatching' || turn.state === 'running')
    must(active.length <= 1, 'S2', `${active.length} turns are active`)
    this.elicitations.check()
  }

  unsettledTurns(): TurnRecord[] {
    const isOpen = (turn: TurnRecord): boolean => ['queued', 'dispatching', 'running'].includes(turn.state)
    return [...this.turns.values()].filter(isOpen).toSorted((a, b) => (a.place ?? 0) - (b.place ?? 0))
  }

  #apply(write: SessionWrite): void {
    switch (write.kind) {
      case 'turn.insert':
        must(!this.turns.has(write.turn.id), 'S1', `turn ${write.turn.id} inserted twice`)
        this.#checkPlace(write.turn)
        this.turns.set(write.turn.id, write.turn)
        this.session = { ...this.session, lastTurnN: write.turn.n }
        return
      case 'turn.patch':
        return this.#patchTurn(write.turnId, write.patch)
      case 'turn.amend':
        return this.#amendTurn(write)
      case 'turn.end':
        return this.#endTurn(write.turnId, write.outcome)
      case 'event':
        return this.#append(write.event)
      case 'permission.insert':
        return this.#insertPermission(write.permission)
      case 'permission.close':
        return this.#closePermission(write)
      case 'elicitation.insert':
      case 'elicitation.close':
      case 'elicitation.forget':
      case 'elicitation.complete':
        return this.elicitations.apply(write)
      case 'session.patch':
        return this.#patchSession(write.patch)
      case 'session.terms':
        this.session = { ...this.session, terms: write.terms }
        return
      case 'agent.line':
      case 'session.given':
      case 'session.describe':
      case 'task.insert':
      case 'task.patch':
      case 'task.end':
      case 'task.told':
        return
      case 'rule.insert':
      case 'rule.revoke':
      case 'rule.hit':
        return
      default:
        return write satisfies never
    }
  }

  #patchTurn(turnId: string, patch: Extract<SessionWrite, { kind: 'turn.patch' }>['patch']): void {
    const turn = this.turns.get(turnId)
    must(turn !== undefined, 'S1', `patch of an unknown turn ${turnId}`)
    if (patch.state !== undefined) {
      must(LEGAL[turn.state]?.includes(patch.state) ?? false, 'S8', `${turn.state} -> ${patch.state}`)
      const delivery = patch.delivery ?? turn.delivery
      must(patch.state !== 'queued' || delivery === 'no', 'S5', `turn ${turnId} queued again after it was sent`)
    }
    const undone = { generation: undefined, dispatchedAt: undefined, cancelling: undefined }
    const place = patch.state === 'queued' ? (patch.place ?? turn.place) : 0
    if (turn.state === 'queued' && patch.state === 'dispatching') this.#checkOrder(turn)
    const patched = { ...turn, ...patch, place, ...(patch.state === 'queued' ? undone : {}) }
    this.#checkPlace(patched)
    this.turns.set(turnId, patched)
    if (patch.state === 'queued') this.#signs.delete(turnId)
  }

  #amendTurn({ turnId, amendment }: Extract<SessionWrite, { kind: 'turn.amend' }>): void {
    const turn = this.turns.get(turnId)
    must(turn?.state === 'queued', 'S20', `turn ${turnId} is changed while it is ${turn?.state ?? 'unknown'}`)
    const { expiresAt = turn.expiresAt, ...rest } = amendment
    const amended = { ...turn, ...rest, expiresAt: expiresAt ?? undefined }
    this.#checkPlace(amended)
    this.turns.set(turnId, amended)
  }

  /** What the schema says of places: 0 for the one that is out, in the queue each its own. */
  #checkPlace({ id, state, place }: TurnRecord): void {
    must(place !== undefined && (place === 0) === (state !== 'queued'), 'S20', `turn ${id} is ${state} at ${place}`)
    const twin = this.#queued().find((other) => other.id !== id && other.place === place)
    must(twin === undefined, 'S20', `turns ${id} and ${twin?.id} are both at ${place}`)
  }

  /** S12: what goes out is the first of the queue as it is stored. */
  #checkOrder({ id, place = 0 }: TurnRecord): void {
    const sooner = this.#queued().find((other) => (other.place ?? 0) < place)
    must(sooner === undefined, 'S12', `turn ${id} goes out before ${sooner?.id}, which is in front of it`)
  }

  #out(): string | undefined {
    return [...this.#signs.keys()].find((turnId) => this.turns.get(turnId)?.state === 'dispatching')
  }

  #queued(): TurnRecord[] {
    return [...this.turns.values()].filter((turn) => turn.state === 'queued')
  }

  #endTurn(turnId: string, outcome: TurnOutcome): void {
    const turn = this.turns.get(turnId)
    must(turn !== undefined, 'S1', `end of an unknown turn ${turnId}`)
    must(!this.outcomes.has(turnId), 'S8', `turn ${turnId} ended twice`)
    must(LEGAL[turn.state]?.includes(outcome.state) ?? false, 'S8', `${turn.state} -> ${outcome.state}`)
    const silentMs = outcome.endedAt - (this.#signs.get(turnId) ?? outcome.endedAt)
    must(silentMs <= this.#silentMsMax + this.awayMs, 'S6', `turn ${turnId} was silent for ${silentMs} ms`)
    this.outcomes.set(turnId, outcome)
    this.turns.set(turnId, { ...turn, place: undefined, state: outcome.state, delivery: outcome.delivery, outcome })
  }

  #append(event: NewEvent): void {
    const seq = this.events.length + 1
    this.events.push({ seq, type: event.type, turnId: event.turnId, data: event.data })
    if (event.type !== 'update') JSON.parse(event.data)
    // What is said of the session after a dispatch is no part of the turn, but a sign that its agent lives.
    const heard = event.turnId ?? (event.type === 'update' ? this.#out() : undefined)
    if (heard !== undefined && SIGNS.has(event.type)) this.#signs.set(heard, event.at)
    if (event.type !== 'update') return
    const tag = JSON.parse(event.data) as UpdateTag
    this.#keepLine(tag)
    if (event.turnId === undefined) return
    const turn = this.turns.get(event.turnId)
    must(turn?.state === 'running', 'N3', `update in turn ${event.turnId}, which is ${turn?.state ?? 'unknown'}`)
    must(
      tag.generation === turn.generation,
      'S4',
      `update of process ${tag.generation} in a turn of process ${turn.generation}`,
    )
  }

  #keepLine({ generation, line }: UpdateTag): void {
    const lines = this.updateLines.get(generation) ?? []
    must(line > (lines.at(-1) ?? 0), 'S13', `line ${line} of process ${generation} stored again or out of order`)
    lines.push(line)
    this.updateLines.set(generation, lines)
  }

  #insertPermission(permission: PermissionRecord): void {
    const { generation, line } = permission
    const isTwin = (other: PermissionRecord): boolean => other.generation === generation && other.line === line
    must(![...this.permissions.values()].some(isTwin), 'S13', `request of line ${line} stored twice`)
    this.permissions.set(permission.id, permission)
  }

  #closePermission(write: Extract<SessionWrite, { kind: 'permission.close' }>): void {
    const permission = this.permissions.get(write.permissionId)
    must(permission?.state === 'open', 'S9', `permission ${write.permissionId} closed twice`)
    const lateMs = write.closedAt - permission.dueAt
    must(lateMs <= this.awayMs, 'S6', `permission ${write.permissionId} was open ${lateMs} ms beyond its deadline`)
    this.permissions.set(write.permissionId, { ...permission, ...closedWith(write) })
  }

  #patchSession({
    blockedBy,
    agentSessionId,
    agentLine,
    ...rest
  }: Extract<SessionWrite, { kind: 'session.patch' }>['patch']): void {
    const patched = {
      ...this.session,
      ...rest,
      ...(blockedBy === undefined ? {} : { blockedBy: blockedBy ?? undefined }),
      ...(agentLine === undefined ? {} : { agentLine: undefined }),
      ...(agentSessionId === undefined ? {} : { agentSessionId: agentSessionId ?? undefined }),
    } as SessionRecord
    must(this.session.state !== 'closed' || patched.state === 'closed', 'S10', 'a closed session was opened again')
    this.session = patched
  }
}

function closedWith({ state, optionId, answeredBy, closedAt }: Extract<SessionWrite, { kind: 'permission.close' }>) {
  return { state, optionId, answeredBy, closedAt }
}
