// A fork of a session on the wire.

import { Type } from 'typebox'
import type { Static } from 'typebox'

import { NotifyPolicy } from './scalars.ts'
import { SessionKey, SessionLabel, SessionName } from './session.ts'

/** All else is as in the session that is forked. */
export const SessionFork = Type.Object(
  {
    key: Type.Optional(SessionKey),
    label: Type.Optional(SessionLabel),
    parent: Type.Optional(SessionName),
    notify: Type.Optional(NotifyPolicy),
  },
  { additionalProperties: false, title: 'SessionFork' },
)
export type SessionFork = Static<typeof SessionFork>
