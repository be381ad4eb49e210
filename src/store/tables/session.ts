// Session rows: create, acquire, the fenced advance of the event head, lists.
// The fence is here: `advance` changes a row only for the owner that the row names.

import { LeaseLostError } from '../../base/errors.ts'
import type { AgentSessionId, SessionId, TurnId } from '../../base/ids.ts'
import { NO_EQUIPMENT } from '../records.ts'
import type {
  LoginRecord,
  SessionEquipment,
  SessionNo,
  SessionOptions,
  SessionRecord,
  SessionState,
  SessionTerms,
} from '../records.ts'
import type { Fence, LoginWait, NewSession, PageRequest, SessionFilter, SessionPatch, StoreCounts } from '../store.ts'
import { statementsOf } from '../statement.ts'
import type { Executor, StatementsOf, TextsOf } from '../statement.ts'
import { listShape } from './session-list.ts'
import type { SessionListQueries } from './session-list-queries.ts'
import type { SessionQueries, SessionRow } from './session-queries.ts'

/** The end of a session's event chain. */
export interface Head {
  readonly seq: number
  readonly crc: number
}

const FIRST_PAGE = Number.MAX_SAFE_INTEGER

export class SessionRows {
  readonly #statements: StatementsOf<SessionQueries>
  readonly #lists: StatementsOf<SessionListQueries>

  constructor(texts: TextsOf<SessionQueries>, lists: TextsOf<SessionListQueries>) {
    this.#statements = statementsOf('session', texts)
    this.#lists = statementsOf('session.list', lists)
  }

  async insert(tx: Executor, session: NewSession): Promise<SessionRecord> {
    const { id, key, agent, cwd, mode, onInterrupt, continuity = 'resume', createdAt } = session
    const options = JSON.stringify(session.options ?? {})
    const { label = null, parent = null, notify = 'done_only' as const } = session.family ?? {}
    const own = { id, key: key ?? null, agent, cwd, mode, onInterrupt, createdAt }
    const { permissionMode = 'ask' as const } = session
    const { conversation = null, requestKey = null } = session
    const equipment = equipmentText(session.equipment)
    const terms = {
      continuity,
      options,
      equipment,
      conversation,
      ...(conversation !== null ? ADOPTED : session.forkOf === undefined ? NO_CONVERSATION : FORKING),
    }
    const args = { ...own, requestKey, permissionMode, ...terms, label, parent, notify }
    const [row] = await tx.all(this.#statements.insert, args)
    return toSession(row!)
  }

  /** Epoch + 1 for `node`; undefined when there is no such session. */
  async acquire(tx: Executor, no: SessionNo, node: string): Promise<SessionRecord | undefined> {
    const [row] = await tx.all(this.#statements.acquire, { no, node })
    return row && toSession(row)
  }

  /** Where the chain ends, if `fence` names the owner; else LEASE_LOST. */
  async head(tx: Executor, fence: Fence): Promise<Head> {
    const { sessionNo: no, node, epoch } = fence
    const [row] = await tx.all(this.#statements.head, { no, node, epoch })
    if (row === undefined) throw new LeaseLostError({ sessionNo: no, node, epoch })
    return { seq: row.last_seq, crc: row.last_crc }
  }

  /** The fence of a commit: moves the head, and only for the owner that the row names. False when no row changed. */
  async advance(tx: Executor, fence: Fence, step: Advance): Promise<boolean> {
    const { sessionNo: no, node, epoch } = fence
    const { from, to, turnN, line = null, now } = step
    const args = { no, node, epoch, fromSeq: from.seq, seq: to.seq, crc: to.crc, turnN, line, now }
    return (await tx.run(this.#statements.advance, args)) === 1
  }

  async patch(tx: Executor, no: SessionNo, patch: SessionPatch): Promise<void> {
    await tx.run(this.#statements.patch, {
      no,
      state: patch.state ?? null,
      setBlockedBy: patch.blockedBy === undefined ? 0 : 1,
      blockedBy: patch.blockedBy ?? null,
      setAgentSessionId: patch.agentSessionId === undefined ? 0 : 1,
      agentSessionId: patch.agentSessionId ?? null,
      generation: patch.generation ?? null,
      clearAgentLine: patch.agentLine === undefined ? 0 : 1,
      agentCapabilities: patch.agentCapabilities ?? null,
      permissionMode: patch.permissionMode ?? null,
      closedAt: patch.closedAt ?? null,
    })
  }

  /** All of them: they change seldom, and never in a warm turn. */
  async setTerms(tx: Executor, no: SessionNo, terms: SessionTerms): Promise<void> {
    const { conversation } = terms
    await tx.run(this.#statements.setTerms, {
      no,
      continuity: terms.continuity,
      options: JSON.stringify(terms.options),
      controls: terms.controls ?? null,
      title: terms.title ?? null,
      source: conversation.source ?? null,
      isUsed: conversation.isUsed ? 1 : 0,
      begunAt: conversation.begunAt ?? null,
      anew: conversation.anew ?? null,
      isLost: conversation.isLost ? 1 : 0,
      login: terms.login === undefined ? null : JSON.stringify(terms.login),
      definitionDigest: terms.definitionDigest ?? null,
      equipment: equipmentText(terms.equipment),
    })
  }

  /** The first reason stays. Its owner is fenced off: epoch + 1. False when it was in quarantine before. */
  async quarantine(tx: Executor, no: SessionNo, damage: string): Promise<boolean> {
    return (await tx.run(this.#statements.quarantine, { no, damage })) === 1
  }

  /** Closes a session in quarantine, without a word in its log. False when it is in none, or closed. */
  async retire(tx: Executor, no: SessionNo, now: number): Promise<boolean> {
    return (await tx.run(this.#statements.retire, { no, now })) === 1
  }

  async listLoginWaits(db: Executor): Promise<LoginWait[]> {
    return (await db.all(this.#statements.listLoginWaits, {})).map(({ no, id, agent }) => ({
      no,
      id: id as SessionId,
      agent,
    }))
  }

  async countDamaged(db: Executor): Promise<number> {
    const [row] = await db.all(this.#statements.countDamaged, {})
    return row!.count
  }

  async find(db: Executor, idOrKey: string): Promise<SessionRecord | undefined> {
    const byId = await db.all(this.#statements.findById, { id: idOrKey })
    const [row] = byId.length > 0 ? byId : await db.all(this.#statements.findByKey, { key: idOrKey })
    return row && toSession(row)
  }

  async findByRequest(db: Executor, requestKey: string): Promise<SessionRecord | undefined> {
    const [row] = await db.all(this.#statements.findByRequest, { requestKey })
    return row && toSession(row)
  }

  async findByConversation(db: Executor, agent: string, id: AgentSessionId): Promise<SessionRecord | undefined> {
    const [row] = await db.all(this.#statements.findByConversation, { agent, id })
    return row && toSession(row)
  }

  async findByNo(db: Executor, no: SessionNo): Promise<SessionRecord | undefined> {
    const [row] = await db.all(this.#statements.findByNo, { no })
    return row && toSession(row)
  }

  async list(db: Executor, filter: SessionFilter, page: PageRequest): Promise<SessionRecord[]> {
    const args = {
      state: filter.state ?? 'open',
      agent: filter.agent ?? '',
      before: page.before ?? FIRST_PAGE,
      limit: page.limit,
    }
    return (await db.all(this.#lists[listShape(filter)], args)).map(toSession)
  }

  async listUnsettled(db: Executor): Promise<SessionRecord[]> {
    return (await db.all(this.#statements.listUnsettled, {})).map(toSession)
  }

  /** Rows with `no` > after, oldest first: for walks over everything. */
  async walk(db: Executor, after: SessionNo, limit: number): Promise<SessionRow[]> {
    return db.all(this.#statements.walk, { after, limit })
  }

  async countByState(db: Executor): Promise<StoreCounts['sessionsByState']> {
    const count = async (state: SessionState): Promise<number> => {
      const [row] = await db.all(this.#statements.count, { state })
      return row!.count
    }
    return { open: await count('open'), closing: await count('closing'), closed: await count('closed') }
  }

  statements() {
    return { ...this.#statements, ...this.#lists }
  }
}

const NO_CONVERSATION = { source: null, isUsed: 0 }
const FORKING = { source: 'forking', isUsed: 0 } as const
/** Something was said in it, so it is to be gone on with. */
const ADOPTED = { source: 'adopted', isUsed: 1 } as const

export interface Advance {
  readonly from: Head
  readonly to: Head
  /** Accept number of the newest turn in the commit; 0 without one. */
  readonly turnN: number
  /** The agent's line that the commit accounts for, if it is of one. */
  readonly line?: number | undefined
  readonly now: number
}

export function toSession(row: SessionRow): SessionRecord {
  return {
    no: row.no,
    id: row.id as SessionId,
    key: row.key ?? undefined,
    agent: row.agent,
    cwd: row.cwd,
    mode: row.mode,
    onInterrupt: row.on_interrupt,
    permissionMode: row.permission_mode,
    state: row.state,
    blockedBy: (row.blocked_by as TurnId | null) ?? undefined,
    agentSessionId: (row.agent_session_id as AgentSessionId | null) ?? undefined,
    generation: row.generation,
    agentLine: row.agent_line ?? undefined,
    agentCapabilities: row.agent_capabilities ?? undefined,
    terms: toTerms(row),
    node: row.node_id,
    epoch: row.epoch,
    lastSeq: row.last_seq,
    lastTurnN: row.last_turn_n,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    closedAt: row.closed_at ?? undefined,
    ...(row.damage !== null && { damage: row.damage }),
    family: {
      label: row.label ?? undefined,
      parent: (row.parent as SessionId | null) ?? undefined,
      notify: row.notify,
    },
  }
}

/** Null for nothing, as most sessions have. */
function equipmentText(equipment: SessionEquipment = NO_EQUIPMENT): string | null {
  const text = JSON.stringify(equipment)
  return text === NOTHING ? null : text
}

const NOTHING = JSON.stringify(NO_EQUIPMENT)

function toTerms(row: SessionRow): SessionTerms {
  return {
    continuity: row.continuity,
    options: JSON.parse(row.options) as SessionOptions,
    controls: row.controls ?? undefined,
    title: row.title ?? undefined,
    conversation: {
      source: row.conversation_source ?? undefined,
      isUsed: row.conversation_used === 1,
      begunAt: row.conversation_begun_at ?? undefined,
      anew: row.conversation_anew ?? undefined,
      isLost: row.conversation_lost === 1,
    },
    login: row.login === null ? undefined : (JSON.parse(row.login) as LoginRecord),
    definitionDigest: row.definition_digest ?? undefined,
    equipment: row.equipment === null ? NO_EQUIPMENT : (JSON.parse(row.equipment) as SessionEquipment),
  }
}
