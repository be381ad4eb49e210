// Brings the sessions of a world to rest: nobody prompts any more, what waits for somebody gets what it waits for.

import { setTimeout as sleep } from 'node:timers/promises'

import type { HoldfastClient } from '../../../src/client/client.ts'
import type { SessionView } from '../../../src/wire/session.ts'
import type { TorturedSession } from './history.ts'

const REST_MS_MAX = 60_000

/** Resolves when every session is idle; rejects with what holds one after a minute. */
export async function settle(client: HoldfastClient, sessions: readonly TorturedSession[]): Promise<void> {
  const endAt = performance.now() + REST_MS_MAX
  await Promise.all(sessions.map(({ id }) => settleSession(client, id, endAt)))
}

async function settleSession(client: HoldfastClient, id: string, endAt: number): Promise<void> {
  for (let round = 1; ; round++) {
    const view = await client.getSession(id)
    if (isAtRest(view)) return
    if (performance.now() > endAt) throw new Error(`not at rest (S6): ${JSON.stringify(view)}`)
    if (view.blocked_by !== null) await client.resume(id, 'continue')
    // The answer to a request, or the cancel that a hanging turn needs.
    const { permissions } = await client.listPermissions({ session: id, state: 'open' })
    for (const permission of permissions) {
      const optionId = permission.options[0]?.['optionId']
      await client.answerPermission(permission.id, { option_id: String(optionId) }).catch(() => {}) // somebody was first
    }
    if (round % 20 === 0 && view.active_turn !== null) await client.cancel(id, view.active_turn)
    await sleep(50)
  }
}

function isAtRest({ active_turn: active, queued, blocked_by: blockedBy }: SessionView): boolean {
  return active === null && queued.length === 0 && blockedBy === null
}
