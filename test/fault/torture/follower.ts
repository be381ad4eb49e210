// Readers of a session's events over every life of the gateway; what they are shown must continue what they have (E4).

import { setTimeout as sleep } from 'node:timers/promises'

import { ApiError } from '../../../src/client/api-error.ts'
import type { HoldfastClient } from '../../../src/client/client.ts'
import type { EventView } from '../../../src/wire/event.ts'
import type { Random } from '../../model/random.ts'
import type { History } from './history.ts'

export interface FollowerSetup {
  readonly session: string
  readonly history: History
}

export class Follower {
  readonly #setup: FollowerSetup
  #cursor = 0

  constructor(setup: FollowerSetup) {
    this.#setup = setup
  }

  get cursor(): number {
    return this.#cursor
  }

  /** Follows until `signal` aborts, over reconnects. Rejects for what a reconnect cannot help. */
  async run(client: HoldfastClient, signal: AbortSignal): Promise<void> {
    const { session } = this.#setup
    try {
      for await (const event of client.events(session, { after: this.#cursor, signal })) this.#take(event)
      if (!signal.aborted) this.#setup.history.problem(`${session}: the stream ended after ${this.#cursor}`)
    } catch (error) {
      this.#setup.history.problem(`${session}: the stream after ${this.#cursor} ended with ${String(error)}`)
    }
  }

  /** Forgets some of what it has, as a client does that stored its cursor late. */
  rewind(random: Random): void {
    this.#cursor = random.chance(0.1) ? 0 : Math.max(0, this.#cursor - random.int(20))
  }

  #take(event: EventView): void {
    const { session, history } = this.#setup
    if (event.seq !== this.#cursor + 1) history.problem(`${session}: event ${event.seq} follows ${this.#cursor}`)
    this.#cursor = event.seq
    history.see(session, event)
  }
}

/** Reads single pages now and then, as a client does that polls. */
export async function readPages(
  client: HoldfastClient,
  { session, history }: FollowerSetup,
  { random, signal }: { random: Random; signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    try {
      const after = Math.max(0, history.seen(session).size - random.int(50))
      const { events } = await client.listEvents(session, { after, limit: 1 + random.int(200) }, { signal })
      for (const event of events) history.see(session, event)
    } catch (error) {
      if (error instanceof ApiError) history.problem(`${session}: a page was refused with ${error.code}`)
    }
    await sleep(random.int(400))
  }
}
