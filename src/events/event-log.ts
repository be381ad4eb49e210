// The event log as its readers see it: pages, and streams that replay, cut over and follow without gap or double.
// Owns the in-process fan-out. Never writes: appending is part of Store.commit, and only committed events are published.

import type { SessionNo, EventRecord } from '../store/records.ts'

export interface EventStream extends AsyncIterable<readonly EventRecord[]>, Disposable {
  /** Ends by itself when everything that is stored by now was handed out. */
  finish(): void
}

export interface EventLog {
  /** Called by the owner right after a commit, in commit order. */
  publish(sessionNo: SessionNo, events: readonly EventRecord[]): void
  read(sessionNo: SessionNo, after: number, limit: number): Promise<EventRecord[]>
  /**
   * Batches of events with seq > `after`, for ever, in order, without gap or double. Ends when disposed or when `signal` aborts.
   * A reader that falls behind is served from the store again; nothing is buffered for it without bound.
   */
  subscribe(sessionNo: SessionNo, after: number, signal?: AbortSignal): EventStream
}
