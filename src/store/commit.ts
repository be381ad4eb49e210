// One commit: the fence first, then the writes in order, then the events as one append.
// Never begins or ends a transaction; the commit queue does.

import { AssertionFailure } from '../base/assert.ts'
import { HoldfastError, LeaseLostError } from '../base/errors.ts'
import { RowRefusedError } from './connection.ts'
import type { Heads } from './heads.ts'
import type { EventRecord, NewEvent, TurnRecord } from './records.ts'
import type { Executor } from './statement.ts'
import type { Fence, SessionWrite } from './store.ts'
import type { Tables } from './tables.ts'
import { chain } from './tables/event.ts'
import type { Chained } from './tables/event.ts'

export interface Commit {
  readonly fence: Fence
  readonly writes: readonly SessionWrite[]
  readonly now: number
}

/** Rejects before a row is changed when the fence is old; otherwise with the first write that is refused. */
export async function applyCommit(tx: Executor, tables: Tables, heads: Heads, commit: Commit): Promise<EventRecord[]> {
  const { fence, writes } = commit
  const chained = await advance(tx, tables, heads, commit)
  for (const write of writes) {
    if (write.kind === 'event' || write.kind === 'agent.line') continue // the advance has taken them
    try {
      await applyWrite(tx, tables, fence, write)
    } catch (error) {
      throw error instanceof RowRefusedError ? await explain(tx, tables, write, error) : error
    }
  }
  await tables.events.append(tx, fence.sessionNo, chained)
  heads.stage(fence.sessionNo, chained.head)
  return chained.events
}

/** The fenced UPDATE. A remembered head may be old (the session moved away and back): then it is read once. */
async function advance(tx: Executor, tables: Tables, heads: Heads, commit: Commit): Promise<Chained> {
  const { fence, writes, now } = commit
  const events: NewEvent[] = []
  let turnN = 0
  let line: number | undefined
  for (const write of writes) {
    if (write.kind === 'event') events.push(write.event)
    else if (write.kind === 'turn.insert') turnN = Math.max(turnN, write.turn.n)
    else if (write.kind === 'agent.line') line = Math.max(line ?? 0, write.line)
  }
  const step = { turnN, line, now }
  const remembered = heads.find(fence.sessionNo)
  if (remembered) {
    const chained = chain(remembered, events)
    if (await tables.sessions.advance(tx, fence, { from: remembered, to: chained.head, ...step })) return chained
    heads.forget(fence.sessionNo)
  }
  const from = await tables.sessions.head(tx, fence)
  const chained = chain(from, events)
  if (await tables.sessions.advance(tx, fence, { from, to: chained.head, ...step })) return chained
  throw new LeaseLostError({ sessionNo: fence.sessionNo, epoch: fence.epoch })
}

function applyWrite(
  tx: Executor,
  tables: Tables,
  { sessionNo: no }: Fence,
  write: Exclude<SessionWrite, { kind: 'event' | 'agent.line' }>,
): Promise<void> {
  switch (write.kind) {
    case 'turn.insert':
      return tables.turns.insert(tx, no, write.turn)
    case 'turn.patch':
      return tables.turns.patch(tx, no, write.turnId, write.patch)
    case 'turn.amend':
      return tables.turns.amend(tx, no, write.turnId, write.amendment)
    case 'turn.end':
      return tables.turns.end(tx, no, write.turnId, write.outcome)
    case 'permission.insert':
      return tables.permissions.insert(tx, no, write.permission)
    case 'permission.close':
      return tables.permissions.close(tx, no, write)
    case 'elicitation.insert':
    case 'elicitation.close':
    case 'elicitation.forget':
    case 'elicitation.complete':
      return tables.elicitations.apply(tx, no, write)
    case 'session.describe':
      return tables.families.describe(tx, no, write.family)
    case 'task.insert':
      return tables.tasks.insert(tx, no, write.task)
    case 'task.patch':
      return tables.tasks.patch(tx, write.turnId, write.patch)
    case 'task.end':
      return tables.tasks.end(tx, write.turnId, write.end, write.progress)
    case 'task.told':
      return tables.tasks.told(tx, write)
    case 'rule.insert':
      return tables.permissionRules.insert(tx, write.rule)
    case 'rule.revoke':
      return tables.permissionRules.revoke(tx, write.ruleId, write).then(() => undefined)
    case 'rule.hit':
      return tables.permissionRules.hit(tx, write.ruleId, write.at)
    case 'session.patch':
      return tables.sessions.patch(tx, no, write.patch)
    case 'session.terms':
      return tables.sessions.setTerms(tx, no, write.terms)
    case 'session.given':
      return tables.given.put(tx, no, write.given)
    default:
      return write satisfies never
  }
}

/** A broken rule of the schema is our own bug, except a second use of an idempotency key. */
async function explain(tx: Executor, tables: Tables, write: SessionWrite, error: RowRefusedError): Promise<Error> {
  if (write.kind === 'turn.insert' && (await isKeyUsed(tx, tables, write.turn))) {
    return new HoldfastError('IDEMPOTENCY_KEY_REUSED', {}, { cause: error })
  }
  return new AssertionFailure(`${write.kind} breaks a rule of the schema: ${error.message}`)
}

async function isKeyUsed(tx: Executor, tables: Tables, turn: TurnRecord): Promise<boolean> {
  if (turn.idempotencyKey === undefined) return false
  return (await tables.turns.findByKey(tx, turn.sessionNo, turn.idempotencyKey)) !== undefined
}
