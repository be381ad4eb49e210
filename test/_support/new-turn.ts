// A turn of the fake service as it is accepted.

import { systemIds } from '../../src/base/ids.ts'
import type { SessionRecord, TurnRecord } from '../../src/store/records.ts'

interface Accepting {
  readonly record: SessionRecord
  readonly turns: readonly TurnRecord[]
}

type Asked = 'prompt' | 'bodyHash' | 'idempotencyKey' | 'onInterrupt' | 'expiresAt' | 'deadlineMs' | 'lane'

interface NewTurn extends Pick<TurnRecord, Asked> {
  readonly isFirst: boolean
}

/** `isFirst`: nothing runs, so that it does. */
export function newTurn({ record, turns }: Accepting, { isFirst, ...facts }: NewTurn): TurnRecord {
  return {
    ...facts,
    id: systemIds.turn(),
    sessionNo: record.no,
    n: turns.length + 1,
    state: isFirst ? 'running' : 'queued',
    place: isFirst ? 0 : turns.length + 1,
    origin: 'user',
    retryOf: undefined,
    delivery: isFirst ? 'yes' : 'no',
    generation: 1,
    acceptedAt: Date.now(),
    dispatchedAt: undefined,
    runningAt: undefined,
    cancelling: undefined,
    outcome: undefined,
  }
}
