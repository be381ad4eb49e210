// Rules about the event log: gapless, as it was shown, and telling of each turn one legal story.

import type { EventRecord } from '../../../src/store/records.ts'
import type { SessionFacts } from './facts.ts'
import { completeOutput } from './script.ts'
import { promptOf } from './world.ts'
import type { Rule, World } from './world.ts'

export const checkEvents: Readonly<Record<string, Rule>> = {
  'seq is gapless (E1)': eachSession(isGapless),
  'an event that was shown is in the log, the same (E2, N4)': shownIsStored,
  'one turn.ended for each end, with its facts (S8)': eachSession(endsMatch),
  'a turn is told in legal steps (S2, S8, N3)': eachSession(stepsAreLegal),
  'prompts leave in the order of their acceptance (S12)': eachSession(orderIsKept),
  'a closed session says so once and stays closed (S10)': eachSession(closeIsFinal),
  'a completed turn has the whole output of its agent': eachSession(outputIsWhole),
}

function eachSession(check: (session: SessionFacts) => Iterable<string>): Rule {
  return function* ({ facts }) {
    for (const session of facts.sessions) for (const problem of check(session)) yield `${session.record.id}: ${problem}`
  }
}

function* isGapless({ events, record }: SessionFacts): Iterable<string> {
  const gap = events.findIndex(({ seq }, i) => seq !== i + 1)
  if (gap >= 0) yield `event ${gap + 1} has seq ${events[gap]?.seq}`
  if (record.lastSeq !== events.length) yield `the row says ${record.lastSeq}, the log has ${events.length}`
}

function* shownIsStored({ history, facts }: World): Iterable<string> {
  for (const { record, events } of facts.sessions) {
    for (const [seq, shown] of history.seen(record.id)) {
      const stored = events[seq - 1]
      if (stored === undefined) yield `${record.id}: event ${seq} was shown and is not stored: ${shown}`
      else if (viewOf(stored) !== shown) yield `${record.id}: event ${seq} was shown as ${shown}, is ${viewOf(stored)}`
    }
  }
}

function viewOf({ seq, type, turnId, at, data }: EventRecord): string {
  const view = { seq, type, turn_id: turnId ?? null, at: new Date(at).toISOString(), data: JSON.parse(data) as unknown }
  return JSON.stringify(view)
}

function* endsMatch({ turns, events }: SessionFacts): Iterable<string> {
  const ends = Map.groupBy(
    events.filter(({ type }) => type === 'turn.ended'),
    ({ turnId }) => turnId,
  )
  for (const { id, outcome } of turns) {
    const told = ends.get(id) ?? []
    if (told.length !== (outcome === undefined ? 0 : 1)) {
      yield `${id} has ${told.length} turn.ended events and is ${outcome?.state ?? 'not ended'}`
      continue
    }
    const data = JSON.parse(told[0]?.data ?? 'null') as { state: string; delivery: string } | null
    if (data?.state !== outcome?.state || data?.delivery !== outcome?.delivery)
      yield `${id} is told as ${told[0]?.data} and stored as ${JSON.stringify(outcome)}`
  }
}

/** Events that may name a turn after its end. */
const AFTERWARDS: ReadonlySet<string> = new Set(['session.blocked', 'session.resumed'])

function* stepsAreLegal({ turns, events }: SessionFacts): Iterable<string> {
  const known = new Map(turns.map((turn) => [turn.id, turn]))
  const story = new Map<string, Set<string>>()
  let active: string | undefined
  for (const { type, turnId, seq } of events) {
    if (turnId === undefined) continue
    if (!known.has(turnId)) yield `event ${seq} is of ${turnId}, which is not stored`
    const steps = story.get(turnId) ?? new Set()
    story.set(turnId, steps)
    if (steps.size === 0 && known.get(turnId)?.origin === 'agent') {
      // It begins with its work: there was nothing to queue or to send.
      for (const step of ['turn.queued', 'turn.dispatched']) steps.add(step)
      if (active !== undefined) yield `event ${seq}: ${turnId} begins while ${active} is out`
      active = turnId
    }
    if (type !== 'turn.queued' && !steps.has('turn.queued'))
      yield `event ${seq} (${type}) is before ${turnId} is queued`
    if (steps.has('turn.ended') && !AFTERWARDS.has(type)) yield `event ${seq} (${type}) is after the end of ${turnId}`
    if (ONCE.has(type) && steps.has(type)) yield `event ${seq}: a second ${type} of ${turnId}`
    if (NEEDS_DISPATCH.has(type) && !steps.has('turn.dispatched')) yield `event ${seq} (${type}) is before the dispatch`
    if (type === 'turn.dispatched') {
      if (active !== undefined) yield `event ${seq}: ${turnId} is dispatched while ${active} is out`
      active = turnId
    }
    if (type === 'update' && active !== turnId) yield `event ${seq}: an update of ${turnId} while ${active} is out`
    if (type === 'turn.requeued' && steps.has('turn.running'))
      yield `event ${seq}: ${turnId} is queued again and had run`
    if ((type === 'turn.ended' || type === 'turn.requeued') && active === turnId) active = undefined
    steps.add(type)
    // The keeper had not written it: it leaves for the first time.
    if (type === 'turn.requeued') steps.delete('turn.dispatched')
  }
}

const ONCE: ReadonlySet<string> = new Set(['turn.queued', 'turn.dispatched', 'turn.running', 'turn.ended'])
const NEEDS_DISPATCH: ReadonlySet<string> = new Set(['turn.running', 'update', 'permission.requested'])

/** Of the turns of users: a retry goes to the front. */
function* orderIsKept({ turns, events }: SessionFacts): Iterable<string> {
  const byId = new Map(turns.map((turn) => [turn.id, turn]))
  let last = 0
  for (const { type, turnId } of events) {
    const turn = turnId === undefined ? undefined : byId.get(turnId)
    if (type !== 'turn.dispatched' || turn?.origin !== 'user') continue
    if (turn.n < last) yield `turn ${turn.n} left after turn ${last}`
    last = turn.n
  }
}

function* closeIsFinal({ record, events }: SessionFacts): Iterable<string> {
  const at = events.findIndex(({ type }) => type === 'session.closed')
  if (at >= 0 !== (record.state === 'closed')) yield `it is ${record.state}, session.closed is event ${at + 1}`
  const later = at < 0 ? [] : events.slice(at + 1).map(({ type }) => type)
  if (later.length > 0) yield `after session.closed: ${later.join(', ')}`
}

function* outputIsWhole({ turns, events }: SessionFacts): Iterable<string> {
  const byTurn = Map.groupBy(events, ({ turnId }) => turnId)
  for (const turn of turns) {
    if (turn.outcome?.stopReason !== 'end_turn') continue
    const said = textOf(byTurn.get(turn.id) ?? [])
    if (!completeOutput(promptOf(turn)).test(said)) yield `${turn.id} (${promptOf(turn)}) is stored as ${clip(said)}`
  }
}

function textOf(events: readonly EventRecord[]): string {
  const chunks = events.filter(({ type }) => type === 'update').map(({ data }) => JSON.parse(data) as Chunk)
  return chunks
    .map((chunk) => (chunk.sessionUpdate === 'agent_message_chunk' ? (chunk.content?.text ?? '') : ''))
    .join('')
}

interface Chunk {
  readonly sessionUpdate?: string
  readonly content?: { readonly text?: string }
}

function clip(text: string): string {
  return text.length <= 300 ? text : `${text.slice(0, 150)} … ${text.slice(-150)}`
}
