// The stream of what waits for a person, on the wire.

import { Type } from 'typebox'
import type { Static } from 'typebox'

import { ElicitationView } from './elicitation.ts'
import { PermissionView } from './permission.ts'

/** First frame of the inbox (`event: snapshot`), and again when a reader fell behind: everything that waits for an answer. */
export const InboxSnapshot = Type.Object({
  permissions: Type.Array(PermissionView),
  elicitations: Type.Array(ElicitationView),
})
export type InboxSnapshot = Static<typeof InboxSnapshot>
