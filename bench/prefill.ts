// Fills the store of a gateway that does not run yet with sessions that have a past, through the store's own commits.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

import { systemIds } from '../src/base/ids.ts'
import type { SessionId } from '../src/base/ids.ts'
import { openSqliteStore } from '../src/store/open-sqlite-store.ts'
import type { SessionRecord } from '../src/store/records.ts'
import { openStateDir } from '../src/store/state-dir.ts'
import type { SessionWrite, Store } from '../src/store/store.ts'
import { AGENT_NAME } from './gateway-process.ts'

export interface Past {
  readonly sessions: number
  readonly eventsPerSession: number
  /** Events of one more session; 0 = none. */
  readonly longSessionEvents: number
}

const AT_ONCE = 500
const COMMIT_EVENTS = 500
const NODE = 'local'

/** Resolves with the id of the long session. */
export async function prefill(home: string, past: Past): Promise<SessionId | undefined> {
  mkdirSync(home, { recursive: true, mode: 0o700 })
  const { storeFile } = openStateDir(join(home, 'state'))
  await using store = await openSqliteStore({ file: storeFile })
  await store.openNode(NODE, Date.now())
  for (let left = past.sessions; left > 0; left -= AT_ONCE) {
    const some = Array.from({ length: Math.min(left, AT_ONCE) }, () => addSession(store, home, past.eventsPerSession))
    await Promise.all(some)
  }
  return past.longSessionEvents === 0 ? undefined : await addSession(store, home, past.longSessionEvents)
}

/** `events`: at least 10; most of them are updates of one turn that has ended. */
async function addSession(store: Store, cwd: string, events: number): Promise<SessionId> {
  const made = await store.createSession({
    id: systemIds.session(),
    key: undefined,
    agent: AGENT_NAME,
    cwd,
    mode: 'persistent',
    onInterrupt: 'hold',
    createdAt: Date.now(),
  })
  const session = await store.acquireSession(made.no, NODE)
  const writes = turnWrites(session, events)
  const fence = { sessionNo: session.no, node: NODE, epoch: session.epoch }
  for (let at = 0; at < writes.length; at += COMMIT_EVENTS) {
    await store.commit(fence, 'batch', writes.slice(at, at + COMMIT_EVENTS))
  }
  return session.id
}

function turnWrites({ no }: SessionRecord, events: number): SessionWrite[] {
  const turnId = systemIds.turn()
  const at = Date.now()
  const prompt = '[{"type":"text","text":"turn"}]'
  const data = '{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"abcd "}}'
  const update: SessionWrite = { kind: 'event', event: { type: 'update', turnId, at, data } }
  const outcome = {
    state: 'completed',
    delivery: 'yes',
    stopReason: 'end_turn',
    forced: false,
    error: undefined,
    usage: undefined,
    endedAt: at,
  } as const
  return [
    {
      kind: 'turn.insert',
      turn: {
        id: turnId,
        sessionNo: no,
        n: 1,
        state: 'queued',
        origin: 'user',
        prompt,
        idempotencyKey: undefined,
        bodyHash: '',
        retryOf: undefined,
        onInterrupt: undefined,
        delivery: 'no',
        generation: undefined,
        acceptedAt: at,
        expiresAt: undefined,
        dispatchedAt: undefined,
        runningAt: undefined,
        cancelling: undefined,
        outcome: undefined,
        place: 1,
        deadlineMs: undefined,
        lane: 'interactive',
      },
    },
    ...Array.from({ length: events - 2 }, () => update),
    { kind: 'turn.end', turnId, outcome },
    { kind: 'event', event: { type: 'turn.ended', turnId, at, data: '{"state":"completed"}' } },
  ]
}
