// The questions of the agents of all sessions, for the front doors: read from the rows, answered by the session's actor.

import type { ElicitationAnswer } from '../../agent/elicitations/elicitation.ts'
import { HoldfastError, isHoldfastError } from '../../base/errors.ts'
import type { ElicitationId } from '../../base/ids.ts'
import type { ElicitationRecord } from '../../store/elicitation-record.ts'
import type { Store } from '../../store/store.ts'
import type { Owners } from '../permissions/session-permissions.ts'
import type { ElicitationControl, ShownElicitation } from './elicitation-control.ts'

type Reads = Pick<Store, 'elicitations' | 'findSession'>

export class SessionElicitations implements ElicitationControl {
  readonly #store: Reads
  readonly #owners: Pick<Owners, 'ask'>

  constructor(store: Reads, owners: Pick<Owners, 'ask'>) {
    this.#store = store
    this.#owners = owners
  }

  async get(id: ElicitationId): Promise<ShownElicitation> {
    const record = await this.#store.elicitations.find(id)
    if (record === undefined) throw new HoldfastError('ELICITATION_NOT_FOUND', { elicitation: id })
    return shown(record)
  }

  async list(...[filter, limit]: Parameters<ElicitationControl['list']>): Promise<ShownElicitation[]> {
    const { sessionId, state } = filter
    const session = sessionId === undefined ? undefined : await this.#store.findSession(sessionId)
    if (sessionId !== undefined && session === undefined)
      throw new HoldfastError('SESSION_NOT_FOUND', { session: sessionId })
    const rows = { ...(state !== undefined && { state }), ...(session !== undefined && { sessionNo: session.no }) }
    return (await this.#store.elicitations.list(rows, limit)).map(shown)
  }

  async answer(id: ElicitationId, answer: ElicitationAnswer, by: string): Promise<ShownElicitation> {
    const asked = await this.get(id)
    if (asked.state !== 'open') throw closedError(asked)
    try {
      await this.#owners.ask(asked.sessionNo, (reply) => ({
        kind: 'answer_elicitation',
        reply,
        elicitationId: id,
        answer,
        answeredBy: by,
      }))
    } catch (error) {
      if (isHoldfastError(error) && error.code === 'ELICITATION_CLOSED') throw closedError(await this.get(id))
      throw error
    }
    return this.get(id)
  }
}

function shown(record: ElicitationRecord): ShownElicitation {
  const { content, ...rest } = record
  void content
  return rest
}

/** ELICITATION_CLOSED that says who was first, and when. */
function closedError({ id, state, action, answeredBy, closedAt }: ShownElicitation): HoldfastError {
  const at = closedAt === undefined ? null : new Date(closedAt).toISOString()
  const details = { elicitation: id, state, action: action ?? null, answered_by: answeredBy ?? null, at }
  return new HoldfastError('ELICITATION_CLOSED', details)
}
