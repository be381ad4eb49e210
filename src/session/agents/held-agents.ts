// The agent processes that outlived the gateway's earlier life, until a session goes on with them or they are stopped.
// Decides which of them a session may keep; starts and tells nothing.

import type { AgentConnection, AttachRequest, HeldSessionAgent } from '../../agent/connection.ts'
import { isHoldfastError } from '../../base/errors.ts'
import type { SessionId } from '../../base/ids.ts'
import type { Json } from '../../base/json.ts'
import type { ElicitationRecord } from '../../store/elicitation-record.ts'
import type { PermissionRecord, SessionNo, SessionRecord, TurnRecord } from '../../store/records.ts'
import type { Store } from '../../store/store.ts'
import { rootsOfSession } from '../equipment/equipper.ts'
import type { HeldElicitations } from '../elicitations/recover-elicitations.ts'
import type { AttachedAgent } from '../input.ts'
import { compactingAfter } from '../turns/compaction.ts'
import { spokenVersion } from './spoken-version.ts'

/** What the rows of a session say is not over. */
export interface LeftOpen {
  readonly record: SessionRecord
  readonly turns: readonly TurnRecord[]
  readonly openPermissions: readonly PermissionRecord[]
  readonly elicitations: readonly ElicitationRecord[]
}

export interface TakenOver {
  readonly connection: AgentConnection
  /** What the configuration says of it is the caller's to add. */
  readonly attached: Omit<AttachedAgent, 'isOutdated'>
}

interface Tail {
  /** The last update, as JSON text. */
  readonly last: string | undefined
  readonly compacting: readonly string[]
  readonly updates: readonly string[]
}

type Position = Pick<AttachRequest, 'line' | 'agentSessionId' | 'capabilities'>
type Reads = Pick<Store, 'listPermissions' | 'elicitations' | 'readEvents' | 'findSession'>

/** Who holds a process remembers the newest answers only; what was closed in the last moment is not far from the newest request. */
const ENDED_MAX = 256
/** How far back the message that may go on is looked for. */
const TAIL_EVENTS = 64
/** As far back a turn of an agent of ACP v2 is read: what is patched and appended needs what was there before. */
const TURN_EVENTS = 1_024

export class HeldAgents {
  readonly #store: Reads
  #held: readonly HeldSessionAgent[]

  constructor(store: Reads, held: readonly HeldSessionAgent[]) {
    this.#store = store
    this.#held = held
  }

  /** The sessions to open because of a process, and the end of all processes that no session wants that is open and readable. */
  async divide(): Promise<{ sessions: SessionNo[]; strays: Promise<unknown> }> {
    const sessions: SessionNo[] = []
    const strays: HeldSessionAgent[] = []
    for (const agent of this.#held) {
      const record = agent.sessionId === undefined ? undefined : await this.#store.findSession(agent.sessionId)
      if (record === undefined || record.state === 'closed' || record.damage !== undefined) strays.push(agent)
      else sessions.push(record.no)
    }
    this.#held = this.#held.filter((agent) => !strays.includes(agent))
    return { sessions, strays: Promise.all(strays.map((agent) => agent.stop())) }
  }

  /** Goes on with the session's process if its rows say how far it was heard. Any other one of the session is gone before this resolves (S7). */
  async takeOver(left: LeftOpen): Promise<TakenOver | undefined> {
    const own = this.#take(left.record.id)
    const position = positionOf(left.record)
    const { generation } = left.record
    const kept = position && own.find((agent) => agent.generation === generation && !hasRefused(agent, left))
    await Promise.all(own.filter((agent) => agent !== kept).map((agent) => agent.stop()))
    return kept && this.#attach(kept, position, left).catch((error: unknown) => endDamaged(kept, error))
  }

  #take(id: SessionId): HeldSessionAgent[] {
    const own = this.#held.filter((agent) => agent.sessionId === id)
    if (own.length > 0) this.#held = this.#held.filter((agent) => agent.sessionId !== id)
    return own
  }

  async #attach(agent: HeldSessionAgent, position: Position, left: LeftOpen): Promise<TakenOver> {
    const { no, lastSeq, epoch: life } = left.record
    const { generation, pid, isRetiring } = agent
    const { line } = position
    const turnId = left.turns.find((turn) => isOut(turn, agent))?.id
    const asked = await this.#store.listPermissions({ sessionNo: no }, ENDED_MAX)
    const ended = asked.filter((one) => one.generation === generation && one.state !== 'open')
    const untold = ended.filter((one) => !agent.hasAnswer(one.line))
    const open = left.openPermissions.filter((one) => one.generation === generation)
    const elicitations = await this.#readElicitations(no, agent)
    const asking = left.elicitations.filter((one) => one.generation === generation && one.state === 'open')
    const depth = spokenVersion(position.capabilities) === 2 && turnId !== undefined ? TURN_EVENTS : TAIL_EVENTS
    const { last, compacting, updates } = await this.#readTail(no, lastSeq, depth)
    const connection = agent.attach({
      ...position,
      cwd: left.record.cwd,
      roots: rootsOfSession(left.record.cwd, left.record.terms.equipment),
      life,
      turnId,
      requests: [...open, ...untold, ...asking, ...elicitations.untold],
      lastUpdate: last,
      updates,
    })
    return { connection, attached: { generation, pid, line, isRetiring, turnId, untold, elicitations, compacting } }
  }

  async #readElicitations(sessionNo: SessionNo, agent: HeldSessionAgent): Promise<HeldElicitations> {
    const asked = await this.#store.elicitations.list({ sessionNo }, ENDED_MAX)
    const ended = asked.filter((one) => one.generation === agent.generation && one.state !== 'open')
    const isAwaited = ({ mode, action, completedAt }: ElicitationRecord): boolean =>
      mode === 'url' && action === 'accept' && completedAt === undefined
    return { untold: ended.filter((one) => !agent.hasAnswer(one.line)), awaited: ended.filter(isAwaited) }
  }

  /** `last` is undefined when a prompt was sent after it: that ends its message. */
  async #readTail(no: SessionNo, lastSeq: number, depth: number): Promise<Tail> {
    let updates: string[] = []
    let compacting: readonly string[] = []
    for (let after = Math.max(0, lastSeq - depth); after < lastSeq;) {
      const events = await this.#store.readEvents(no, after, depth)
      for (const { type, data } of events) {
        if (type === 'update') updates.push(data)
        else if (type === 'turn.dispatched') [updates, compacting] = [[], []]
        if (type === 'update' && data.includes('"compactionId"'))
          compacting = compactingAfter(compacting, JSON.parse(data) as Json)
      }
      after = events.at(-1)?.seq ?? lastSeq
    }
    return { last: updates.at(-1), compacting, updates }
  }
}

/** A session in quarantine has no use for its agent. */
async function endDamaged(agent: HeldSessionAgent, error: unknown): Promise<never> {
  if (isHoldfastError(error) && error.code === 'SESSION_DAMAGED') await agent.stop()
  throw error
}

/** How far the newest process of the session was heard; undefined when it was not ready, or nobody is to hear it any more. */
function positionOf(record: SessionRecord): Position | undefined {
  const { state, agentLine: line, agentSessionId, agentCapabilities: capabilities } = record
  if (state === 'closed' || line === undefined) return undefined
  if (agentSessionId === undefined || capabilities === undefined) return undefined
  return { line, agentSessionId, capabilities }
}

/** It was given a prompt that waits again, because it wanted a login: who holds it would not write that prompt to it twice. */
function hasRefused(agent: HeldSessionAgent, { turns }: LeftOpen): boolean {
  return turns.some(({ id, state }) => state === 'queued' && agent.hasPrompt(id))
}

/** Its prompt has reached the agent, and no answer is stored. */
function isOut({ id, state, generation }: TurnRecord, agent: HeldSessionAgent): boolean {
  return state !== 'queued' && generation === agent.generation && (state === 'running' || agent.hasPrompt(id))
}
