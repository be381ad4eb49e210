// What waits for a person in all sessions, permission requests and questions, as a stream: what is open now, then each change. A reader
// that falls behind gets what is open anew, so nothing is kept for it without bound; what it missed is in the event logs and the lists.

import { assert } from '../base/assert.ts'
import type { ElicitationId, PermissionId } from '../base/ids.ts'
import type { ElicitationRecord } from '../store/elicitation-record.ts'
import type { EventRecord, PermissionRecord } from '../store/records.ts'
import type { Store } from '../store/store.ts'

export type InboxStep =
  /** Everything that is open; whatever the reader had before is not, unless it is here. */
  | {
      readonly kind: 'snapshot'
      readonly permissions: readonly PermissionRecord[]
      readonly elicitations: readonly ElicitationRecord[]
    }
  | { readonly kind: 'requested' | 'closed'; readonly permission: PermissionRecord }
  | { readonly kind: 'requested' | 'closed' | 'completed'; readonly elicitation: ElicitationRecord }

export interface InboxStream extends AsyncIterable<InboxStep>, Disposable {
  /** Ends by itself when every change so far was handed out. */
  finish(): void
}

type InboxStore = Pick<Store, 'findPermission' | 'listPermissions' | 'elicitations'>

type Change =
  | { readonly of: 'permission'; readonly kind: 'requested' | 'closed'; readonly id: PermissionId }
  | { readonly of: 'elicitation'; readonly kind: 'requested' | 'closed' | 'completed'; readonly id: ElicitationId }

const OPEN_MAX = 1_000
const CHANGES_MAX = 1_000
/** The id is the first field of these events. */
const ID = /^\{"(?:permission|elicitation)_id":"([^"]+)"/
const TYPE = /^(permission|elicitation)\.(requested|closed|completed)$/

export class Inbox {
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
    const [, of, kind] = TYPE.exec(type) ?? []
    const id = of === undefined ? undefined : ID.exec(data)?.[1]
    if (id !== undefined) changes.push({ of, kind, id } as Change)
  }
  const closed = new Set<string>(changes.filter(({ kind }) => kind === 'closed').map(({ id }) => id))
  return changes.filter(({ kind, id }) => kind !== 'requested' || !closed.has(id))
}

class InboxReader implements InboxStream, AsyncIterator<InboxStep> {
  readonly #store: InboxStore
  readonly #ended: () => void
  readonly #open = new Set<string>()
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
    const elicitations = await this.#store.elicitations.list({ state: 'open' }, OPEN_MAX)
    this.#open.clear()
    for (const { id } of [...permissions, ...elicitations]) this.#open.add(id)
    return { kind: 'snapshot', permissions, elicitations }
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
    if (kind === 'closed') this.#open.delete(id)
    return this.#read(change)
  }

  async #read(change: Change): Promise<InboxStep | undefined> {
    if (change.of === 'permission') {
      const permission = await this.#store.findPermission(change.id)
      return permission && { kind: change.kind, permission }
    }
    const elicitation = await this.#store.elicitations.find(change.id)
    return elicitation && { kind: change.kind, elicitation }
  }
}
