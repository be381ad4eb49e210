// The history checker: what must hold between what clients were told, what is stored and what agents received.
// Pure. Each rule gives one line per break; names refer to docs/session-lifecycle.md (S, N) and docs/event-log.md (E).

import type { TurnRecord } from '../../../src/store/records.ts'
import { checkEvents } from './event-rules.ts'
import type { SessionFacts } from './facts.ts'
import { checkPermissions } from './permission-rules.ts'
import { promptOf, receivedBy, turnsOf } from './world.ts'
import type { Rule, World } from './world.ts'

/** Rules that hold at every moment, also right after a kill. */
export const RULES: Readonly<Record<string, Rule>> = {
  'what clients saw fits together': ({ history }) => history.problems,
  'the database verifies (E5)': ({ facts }) => facts.verify,
  'an accepted prompt is a stored turn (S1)': acceptedIsStored,
  'a key names one turn': keyNamesOneTurn,
  'an agent receives a turn at most once (S5)': receivedOnce,
  'an agent receives what was accepted': receivedAsStored,
  'a process that was replaced receives nothing (S4)': replacedIsSilent,
  'delivery is honest (S11)': deliveryIsHonest,
  'an end that was told stays (S8)': endStays,
  'an interrupted turn is followed by its policy': policyIsFollowed,
  'a turn whose agent lives is not interrupted (S15)': ({ history }) => history.interruptedFreely,
  ...checkEvents,
  ...checkPermissions,
}

/** Rules of a world at rest: everything that could end has ended. */
export const RULES_AT_REST: Readonly<Record<string, Rule>> = {
  'every accepted turn has ended (S6)': function* ({ facts }) {
    for (const turn of turnsOf(facts)) if (turn.outcome === undefined) yield `${turn.id} is ${turn.state}`
  },
  'nothing holds a session': function* ({ facts }) {
    for (const { record, permissions } of facts.sessions) {
      if (record.blockedBy !== undefined) yield `${record.id} is blocked by ${record.blockedBy}`
      for (const { id, state } of permissions) if (state === 'open') yield `${id} is open`
    }
  },
}

export interface Break {
  readonly rule: string
  readonly details: readonly string[]
}

export function findBreaks(rules: Readonly<Record<string, Rule>>, world: World): Break[] {
  const found = Object.entries(rules).map(([rule, check]) => ({ rule, details: [...check(world)] }))
  return found.filter(({ details }) => details.length > 0)
}

function* acceptedIsStored({ history, facts }: World): Iterable<string> {
  const stored = new Map(turnsOf(facts).map((turn) => [turn.id as string, turn]))
  const sessionNos = new Map(facts.sessions.map(({ record }) => [record.id as string, record.no]))
  for (const { session, turnId, text, key } of history.accepted) {
    const turn = stored.get(turnId)
    if (turn === undefined) yield `${turnId} (${key}) was accepted and is not stored`
    else if (turn.sessionNo !== sessionNos.get(session)) yield `${turnId} is in another session`
    else if (promptOf(turn) !== text) yield `${turnId} was accepted as ${text} and is stored as ${promptOf(turn)}`
  }
}

function* keyNamesOneTurn({ history, facts }: World): Iterable<string> {
  const turns = new Map<string, string>()
  const name = function* (key: string, turnId: string): Iterable<string> {
    const before = turns.get(key)
    if (before !== undefined && before !== turnId) yield `${key} names ${before} and ${turnId}`
    turns.set(key, turnId)
  }
  for (const turn of turnsOf(facts)) if (turn.idempotencyKey !== undefined) yield* name(turn.idempotencyKey, turn.id)
  for (const { key, turnId } of history.accepted) yield* name(key, turnId)
}

function* receivedOnce({ facts }: World): Iterable<string> {
  for (const [id, entries] of Map.groupBy(receivedBy(facts), (entry) => entry['id']))
    if (entries.length > 1) yield `${String(id)} was received ${entries.length} times`
  for (const entry of facts.journal) if (entry.kind === 'overlap') yield `${String(entry['id'])} overlaps another turn`
}

function* receivedAsStored({ facts }: World): Iterable<string> {
  const stored = new Map(turnsOf(facts).map((turn) => [turn.id as string, turn]))
  for (const { id, text } of receivedBy(facts)) {
    const turn = stored.get(id as string)
    if (turn === undefined) yield `${String(id)} was received and is not stored`
    else if (promptOf(turn) !== text) yield `${turn.id} was received as ${String(text)}`
  }
}

/** An agent session moves from process to process and never back. */
function* replacedIsSilent({ facts }: World): Iterable<string> {
  for (const [session, entries] of Map.groupBy(receivedBy(facts), (entry) => entry['sessionId'])) {
    const pids = entries.map(({ pid }) => pid).filter((pid, i, all) => pid !== all[i - 1])
    if (new Set(pids).size !== pids.length) yield `${String(session)} was prompted in processes ${pids.join(', ')}`
  }
}

function* deliveryIsHonest({ facts }: World): Iterable<string> {
  const got = new Set(receivedBy(facts).map((entry) => entry['id']))
  for (const { id, delivery, outcome, state } of turnsOf(facts)) {
    const said = outcome?.delivery ?? delivery
    if (said === 'no' && got.has(id)) yield `${id} (${state}) says no and was received`
    if (said === 'yes' && !got.has(id)) yield `${id} (${state}) says yes and was not received`
    if (state === 'completed' && said !== 'yes') yield `${id} is completed and says ${said}`
  }
}

function* endStays({ history, facts }: World): Iterable<string> {
  const stored = new Map(turnsOf(facts).map((turn) => [turn.id as string, turn.outcome]))
  for (const { turnId, outcome } of history.ends) {
    const told = JSON.parse(outcome) as Record<string, unknown>
    const now = stored.get(turnId)
    const isSame =
      now?.state === told['state'] &&
      now?.delivery === told['delivery'] &&
      (now?.stopReason ?? null) === told['stop_reason'] &&
      now?.forced === told['forced'] &&
      now?.endedAt === Date.parse(String(told['ended_at']))
    if (!isSame) yield `${turnId} had ended ${outcome} and is ${JSON.stringify(now)}`
  }
  for (const id of history.endedByCancel) {
    const now = stored.get(id)
    if (now?.state !== 'cancelled' || now.delivery !== 'no') yield `${id} was cancelled and is ${JSON.stringify(now)}`
  }
}

function* policyIsFollowed({ facts }: World): Iterable<string> {
  for (const session of facts.sessions) {
    const stored = new Map(session.turns.map((turn) => [turn.id, turn]))
    for (const turn of session.turns) {
      if (turn.retryOf === undefined) continue
      const first = stored.get(turn.retryOf)
      if (first?.state !== 'interrupted') yield `${turn.id} retries ${turn.retryOf}, which is ${first?.state}`
      else if (first.prompt !== turn.prompt) yield `${turn.id} has another prompt than ${first.id}`
    }
    for (const turn of session.turns) if (turn.state === 'interrupted') yield* checkPolicy(session, turn)
  }
}

function* checkPolicy({ record, turns, events }: SessionFacts, turn: TurnRecord): Iterable<string> {
  const policy = turn.onInterrupt ?? record.onInterrupt
  const retries = turns.filter((other) => other.retryOf === turn.id).length
  const ofTurn = events.filter((event) => event.turnId === turn.id)
  const blocks = ofTurn.filter(({ type }) => type === 'session.blocked').length
  const resumes = ofTurn.filter(({ type }) => type === 'session.resumed')
  const asked = resumes.filter(({ data }) => (JSON.parse(data) as { action: string }).action === 'retry').length
  const expected = policy === 'retry' ? 1 : policy === 'continue' ? 0 : asked
  if (retries !== expected) yield `${turn.id} (${policy}) has ${retries} retries, not ${expected}`
  if (blocks !== (policy === 'hold' ? 1 : 0)) yield `${turn.id} (${policy}) blocked ${blocks} times`
  if (resumes.length > blocks) yield `${turn.id} was resumed ${resumes.length} times`
}
