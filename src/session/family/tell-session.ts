// The way of a notice to a session: its actor is opened for it if need be, and answers when it is stored.

import { createHash } from 'node:crypto'

import { HoldfastError } from '../../base/errors.ts'
import type { Ids, SessionId } from '../../base/ids.ts'
import type { JsonObject } from '../../base/json.ts'
import type { Store } from '../../store/store.ts'
import type { Actors } from '../actors.ts'
import type { TurnDraft } from '../input.ts'
import type { Notice } from './take-notice.ts'

export interface TaskNotice extends Omit<Notice, 'prompt'> {
  /** ACP content blocks of the prompt that the parent is to get; its idempotency key is the id of the task. */
  readonly prompt: readonly JsonObject[] | undefined
}

interface Ports {
  readonly store: Pick<Store, 'findSession'>
  readonly ids: Ids
  readonly actors: Pick<Actors, 'ask'>
}

/** See Sessions.tell. */
export async function tellSession({ store, ids, actors }: Ports, id: SessionId, notice: TaskNotice): Promise<void> {
  const parent = await store.findSession(id)
  if (parent === undefined) throw new HoldfastError('SESSION_NOT_FOUND', { session: id })
  if (parent.state !== 'open') throw new HoldfastError('SESSION_CLOSED', { session: id })
  const prompt = notice.prompt === undefined ? undefined : draftOf(ids, notice.taskId, notice.prompt)
  await actors.ask(parent.no, (reply) => ({ kind: 'notice', reply, notice: { ...notice, prompt } }))
}

function draftOf(ids: Ids, idempotencyKey: string, blocks: readonly JsonObject[]): TurnDraft {
  const prompt = JSON.stringify(blocks)
  const bodyHash = createHash('sha256').update(prompt).digest('hex')
  return { turnId: ids.turn(), prompt, bodyHash, idempotencyKey, onInterrupt: undefined, expiresAt: undefined }
}
