// Cursors of lists: opaque to clients, the place of the last row inside.

import { HoldfastError } from '../base/errors.ts'

/** Which list a cursor belongs to: one of another list is refused. */
export type CursorList = 's' | 't' | 'k'

export function encodeCursor(list: CursorList, place: number): string {
  return Buffer.from(`${list}${place}`).toString('base64url')
}

/** The place to go on from. BAD_REQUEST for anything that encodeCursor did not make for this list. */
export function decodeCursor(list: CursorList, cursor: string): number {
  const text = Buffer.from(cursor, 'base64url').toString('latin1')
  const place = Number(text.slice(1))
  const isOurs = /^\d{1,15}$/.test(text.slice(1)) && encodeCursor(list, place) === cursor
  if (!isOurs) throw new HoldfastError('BAD_REQUEST', { reason: 'querystring/cursor is not one of this list' })
  return place
}

export interface Page<T> {
  readonly rows: readonly T[]
  readonly nextCursor: string | null
}

/** Cuts `rows`, which were asked for with one more than `limit`, to a page. */
export function pageOf<T>(
  rows: readonly T[],
  { list, limit, placeOf }: { list: CursorList; limit: number; placeOf: (row: T) => number },
): Page<T> {
  const last = rows[limit - 1]
  if (rows.length <= limit || last === undefined) return { rows, nextCursor: null }
  return { rows: rows.slice(0, limit), nextCursor: encodeCursor(list, placeOf(last)) }
}
