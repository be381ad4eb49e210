// The event log over a store: pages, and one set of subscribers for each session that somebody watches.
// Holds no events: a subscriber keeps at most one published batch, which it shares with the others.

import type { Store } from '../store/store.ts'
import type { EventRecord, SessionNo } from '../store/records.ts'
import type { EventLog, EventStream } from './event-log.ts'
import { Subscriber } from './subscriber.ts'

export type EventReader = Pick<Store, 'readEvents'>

/** `publish` costs nothing for a session that nobody watches. */
export function createEventLog(store: EventReader): EventLog {
  return new Log(store)
}

class Log implements EventLog {
  readonly #store: EventReader
  /** Only sessions that are watched now. */
  readonly #watched = new Map<SessionNo, Set<Subscriber>>()

  constructor(store: EventReader) {
    this.#store = store
  }

  publish(sessionNo: SessionNo, events: readonly EventRecord[]): void {
    if (events.length === 0) return
    for (const subscriber of this.#watched.get(sessionNo) ?? []) subscriber.offer(events)
  }

  read(sessionNo: SessionNo, after: number, limit: number): Promise<EventRecord[]> {
    return this.#store.readEvents(sessionNo, after, limit)
  }

  subscribe(sessionNo: SessionNo, after: number, signal?: AbortSignal): EventStream {
    const subscriber = new Subscriber({
      read: (cursor, limit) => this.#store.readEvents(sessionNo, cursor, limit),
      after,
      ended: () => this.#remove(sessionNo, subscriber),
    })
    this.#add(sessionNo, subscriber)
    subscriber.endWith(signal)
    return subscriber
  }

  #add(sessionNo: SessionNo, subscriber: Subscriber): void {
    const subscribers = this.#watched.get(sessionNo) ?? new Set()
    this.#watched.set(sessionNo, subscribers.add(subscriber))
  }

  #remove(sessionNo: SessionNo, subscriber: Subscriber): void {
    const subscribers = this.#watched.get(sessionNo)
    subscribers?.delete(subscriber)
    if (subscribers?.size === 0) this.#watched.delete(sessionNo)
  }
}
