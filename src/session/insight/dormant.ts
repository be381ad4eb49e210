// What a session does that has no actor: nothing. At most it waits for a decision, and its queue with it; only its rows know.

import type { TurnId } from '../../base/ids.ts'
import type { SessionRecord } from '../../store/records.ts'
import type { Store } from '../../store/store.ts'
import { dormantLive } from '../live.ts'
import type { SessionLive } from '../service.ts'

export async function liveOfDormant(
  store: Pick<Store, 'listUnsettledTurns'>,
  session: SessionRecord,
): Promise<SessionLive> {
  const live = dormantLive(session.state === 'closed', session.blockedBy !== undefined)
  return live.activity === 'blocked' ? { ...live, queued: await queuedOf(store, session) } : live
}

/** In the order in which they will run. */
async function queuedOf(store: Pick<Store, 'listUnsettledTurns'>, { no }: SessionRecord): Promise<TurnId[]> {
  const turns = await store.listUnsettledTurns(no)
  return turns.filter(({ state }) => state === 'queued').map(({ id }) => id)
}
