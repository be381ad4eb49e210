// What a session was asked before: an idempotency key that names a turn, a notice that was taken. Looked up before the reducer,
// which cannot read. Only the owner of the session writes the rows that are looked at, so there is no race.

import type { TurnRecord } from '../../store/records.ts'
import type { Store } from '../../store/store.ts'
import type { CallerInput, Input } from '../input.ts'

type Reads = Pick<Store, 'findTurnByKey' | 'findTask'>
export type KeyedInput = Extract<CallerInput, { kind: 'prompt' | 'notice' }>

export type Known =
  /** P10: the key names this turn. `isSame` is false for another body: that is refused. */
  | { readonly kind: 'turn'; readonly turn: TurnRecord; readonly isSame: boolean }
  | { readonly kind: 'noticed' }
  /** Somebody has used the key of the notice's prompt: the parent is told, but not prompted. */
  | { readonly kind: 'key_used' }

/** Whether an answer needs a look at the rows: then nothing that is not stored yet may come before it. */
export function isKeyed(input: { readonly kind: string }): input is KeyedInput {
  if (input.kind === 'notice') return true
  return input.kind === 'prompt' && (input as KeyedInput & { kind: 'prompt' }).draft.idempotencyKey !== undefined
}

export async function findKnown(store: Reads, sessionNo: number, input: KeyedInput): Promise<Known | undefined> {
  if (input.kind === 'notice') return findNotice(store, sessionNo, input)
  const { idempotencyKey, bodyHash } = input.draft
  if (idempotencyKey === undefined) return undefined
  const turn = await store.findTurnByKey(sessionNo, idempotencyKey)
  return turn && { kind: 'turn', turn, isSame: turn.bodyHash === bodyHash }
}

async function findNotice(
  store: Reads,
  sessionNo: number,
  { notice }: Extract<Input, { kind: 'notice' }>,
): Promise<Known | undefined> {
  const task = await store.findTask(notice.taskId)
  const toldAt = notice.what === 'ended' ? task?.toldAt : (task?.announcedAt ?? task?.end?.endedAt)
  if (task === undefined || toldAt !== undefined) return { kind: 'noticed' }
  const key = notice.prompt?.idempotencyKey
  if (key === undefined) return undefined
  return (await store.findTurnByKey(sessionNo, key)) && { kind: 'key_used' }
}
