// The permission requests of all sessions as a stream: what is open now, then each change. A reader that falls behind gets what is
// open anew, so nothing is kept for it without bound; what it missed in between is in the event logs and in the list.

import { assert } from '../../base/assert.ts'
import type { PermissionId } from '../../base/ids.ts'
import type { EventRecord, PermissionRecord } from '../../store/records.ts'
import type { Store } from '../../store/store.ts'

export type InboxStep =
  /** Everything that is open; whatever the reader had before is not, unless it is here. */
  | { readonly kind: 'snapshot'; readonly permissions: readonly PermissionRecord[] }
  | { readonly kind: 'requested' | 'closed'; readonly permission: PermissionRecord }

export interface InboxStream extends AsyncIterable<InboxStep>, Disposable {
  /** Ends by itself when every change so far was handed out. */
  finish(): void
}

type InboxStore = Pick<Store, 'findPermission' | 'listPermissions'>

interface Change {
  readonly kind: 'requested' | 'closed'
  readonly id: PermissionId
}

const OPEN_MAX = 1_000
const CHANGES_MAX = 1_000
/** The id is the first field of both events. */
const ID = /^\{"permission_id":"([^"]+)"/

export class PermissionInbox {
  readonly #store: InboxStore
  readonly #readers = new Set<InboxReader>()

  constructor(store: InboxStore) {
    this.#store = store
  }

  open(): InboxStream {
    const reader = new InboxReader(this.#store, () => this.#readers.delete(reader))
    this.#readers.add(reader)
    return reader
  }

  /** Called right after a commit, in commit order. Costs nothing while nobody reads. */
  stored(events: readonly EventRecord[]): void {
    if (this.#readers.size === 0) return
    const changes = changesOf(events)
    if (changes.length > 0) for (const reader of this.#readers) reader.offer(changes)
  }
}

/** A request that was decided in the commit that brought it waits for nobody: it is only told as closed. */
function changesOf(events: readonly EventRecord[]): readonly Change[] {
  const changes: Change[] = []
  for (const { type, data } of events) {
    if (type !== 'permission.requested' && type !== 'permission.closed') continue
    const id = ID.exec(data)?.[1] as PermissionId | undefined
    if (id !== undefined) changes.push({ kind: type === 'permission.requested' ? 'requested' : 'closed', id })
  }
  const closed = new Set(changes.filter(({ kind }) => kind === 'closed').map(({ id }) => id))
  return changes.filter(({ kind, id }) => kind === 'closed' || !closed.has(id))
}

class InboxReader implements InboxStream, AsyncIterator<InboxStep> {
  readonly #store: InboxStore
  readonly #ended: () => void
  readonly #open = new Set<PermissionId>()
  #changes: Change[] = []
  #mustRead = true
  #wake: (() => void) | undefined
  #isPulling = false
  /** Set when there is no change to wait for any more. */
  #isFinishing = false
  #isEnded = false

  constructor(store: InboxStore, ended: () => void) {
    this.#store = store
    this.#ended = ended
  }

  offer(changes: readonly Change[]): void {
    if (this.#changes.length + changes.length > CHANGES_MAX) {
      this.#changes = []
      this.#mustRead = true
    } else this.#changes.push(...changes)
    this.#wake?.()
  }

  [Symbol.asyncIterator](): AsyncIterator<InboxStep> {
    return this
  }

  async next(): Promise<IteratorResult<InboxStep>> {
    assert(!this.#isPulling, 'a stream has one reader, which awaits each step')
    this.#isPulling = true
    try {
      while (!this.#isEnded) {
        const step = this.#mustRead ? await this.#snapshot() : await this.#nextChange()
        if (step !== undefined && !this.#isEnded) return { done: false, value: step }
      }
      return { done: true, value: undefined }
    } finally {
      this.#isPulling = false
    }
  }

  return(): Promise<IteratorResult<InboxStep>> {
    this[Symbol.dispose]()
    return Promise.resolve({ done: true, value: undefined })
  }

  finish(): void {
    this.#isFinishing = true
    this.#wake?.()
  }

  [Symbol.dispose](): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#ended()
    this.#wake?.()
  }

  async #snapshot(): Promise<InboxStep> {
    this.#mustRead = false
    const permissions = await this.#store.listPermissions({ state: 'open' }, OPEN_MAX)
    this.#open.clear()
    for (const { id } of permissions) this.#open.add(id)
    return { kind: 'snapshot', permissions }
  }

  async #nextChange(): Promise<InboxStep | undefined> {
    const change = this.#changes.shift()
    if (change === undefined && this.#isFinishing) this[Symbol.dispose]()
    else if (change === undefined) {
      await new Promise<void>((resolve) => (this.#wake = resolve))
      this.#wake = undefined
    }
    if (change === undefined) return undefined
    const { kind, id } = change
    // It may have been in what was read as open.
    if (kind === 'requested' && this.#open.has(id)) return undefined
    if (kind === 'requested') this.#open.add(id)
    else this.#open.delete(id)
    const permission = await this.#store.findPermission(id)
    return permission && { kind, permission }
  }
}
