// Who may be whose parent: open sessions, no cycles, bounded depth and number of children. One change at a time, so that two of
// them cannot make together what neither may make alone.

import { HoldfastError } from '../../base/errors.ts'
import type { SessionId } from '../../base/ids.ts'
import { OneAtATime } from '../../base/one-at-a-time.ts'
import type { SessionRecord } from '../../store/records.ts'
import type { Store } from '../../store/store.ts'

export interface FamilyLimits {
  /** How many sessions may stand above one. */
  readonly depthMax: number
  /** Open sessions that work for one. */
  readonly childrenMax: number
}

type Reads = Pick<Store, 'findSession' | 'countChildren'>

export class Parentage {
  readonly #store: Reads
  readonly #limits: FamilyLimits
  readonly #links = new OneAtATime()

  constructor(store: Reads, limits: FamilyLimits) {
    this.#store = store
    this.#limits = limits
  }

  /**
   * Runs `link`, which gives `child` (undefined: a session that is being made) the parent, after the links before it. Rejects with
   * SESSION_NOT_FOUND, SESSION_CLOSED or PARENT_REFUSED before `link` runs, or as `link` does.
   */
  linked<T>(parent: string, child: SessionRecord | undefined, link: (parent: SessionId) => Promise<T>): Promise<T> {
    return this.#links.run(async () => link(await this.#admit(parent, child)))
  }

  async #admit(idOrKey: string, child: SessionRecord | undefined): Promise<SessionId> {
    const parent = await this.#store.findSession(idOrKey.trim())
    if (parent === undefined) throw new HoldfastError('SESSION_NOT_FOUND', { session: idOrKey })
    if (parent.state !== 'open') throw new HoldfastError('SESSION_CLOSED', { session: idOrKey })
    const refuse = (reason: string): never => {
      throw new HoldfastError('PARENT_REFUSED', { parent: idOrKey, reason })
    }
    await this.#checkAncestors(parent, child, refuse)
    if (child?.family.parent === parent.id) return parent.id
    if (child !== undefined && (await this.#store.countChildren(child.id)) > 0)
      refuse('sessions work for the one that would get it')
    const { childrenMax } = this.#limits
    if ((await this.#store.countChildren(parent.id)) >= childrenMax)
      refuse(`${childrenMax} sessions work for it already`)
    return parent.id
  }

  /** A walk of at most `depthMax` steps, whatever the rows say. */
  async #checkAncestors(
    parent: SessionRecord,
    child: SessionRecord | undefined,
    refuse: (reason: string) => never,
  ): Promise<void> {
    const { depthMax } = this.#limits
    let above: SessionRecord | undefined = parent
    for (let depth = 1; above !== undefined; depth++) {
      if (above.id === child?.id) refuse('it works for the one that would get it')
      if (depth > depthMax) refuse(`more than ${depthMax} sessions would stand above one`)
      const { parent: next }: { parent: SessionId | undefined } = above.family
      above = next === undefined ? undefined : await this.#store.findSession(next)
    }
  }
}
