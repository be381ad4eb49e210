// Child of store-kill.test.ts: commits without end on several sessions and says on stdout what was acknowledged.
// One line per commit: session number, durability, last seq, turn id or "-".

import { writeSync } from 'node:fs'

import { openSqliteStore } from '../../src/store/open-sqlite-store.ts'
import type { Store } from '../../src/store/store.ts'
import { newTurn, NODE, ownSession, range, write } from '../conformance/store/records.ts'
import type { OwnedSession } from '../conformance/store/records.ts'

const SESSIONS = 3

const store = await openSqliteStore({ file: process.argv[2]! })
await store.openNode(NODE, Date.now())
const sessions = await Promise.all(range(1, SESSIONS).map(() => ownSession(store)))
await Promise.all(sessions.map((session) => writeForEver(store, session)))

async function writeForEver(to: Store, { fence }: OwnedSession): Promise<void> {
  for (let n = 1; ; n++) {
    const turn = newTurn(fence, n)
    const accepted = await to.commit(fence, 'promise', [write.turn(turn), write.event({ n }, turn.id)])
    say(fence.sessionNo, 'promise', accepted.at(-1)!.seq, turn.id)
    const chunks = await to.commit(
      fence,
      'batch',
      range(1, 1 + (n % 90)).map((i) => write.event({ n, i }, turn.id)),
    )
    say(fence.sessionNo, 'batch', chunks.at(-1)!.seq, '-')
    const ended = await to.commit(fence, 'promise', [write.end(turn.id), write.event({ ended: n }, turn.id)])
    say(fence.sessionNo, 'promise', ended.at(-1)!.seq, turn.id)
  }
}

/** A write of its own to the pipe: what is said here is with the reader, whatever happens next. */
function say(...fields: readonly (string | number)[]): void {
  writeSync(1, `${fields.join(' ')}\n`)
}
