// Logins of agents on the wire: that somebody has logged in or out on the machine of the gateway, and what that came to.

import { Type } from 'typebox'
import type { Static } from 'typebox'

export const AgentParams = Type.Object({ agent: Type.String({ minLength: 1, maxLength: 100 }) })

export const LoginChange = Type.Object(
  {
    /** False: somebody has logged out. */
    logged_in: Type.Boolean(),
  },
  { additionalProperties: false, title: 'LoginChange' },
)
export type LoginChange = Static<typeof LoginChange>

export const LoginChanged = Type.Object(
  {
    agent: Type.String(),
    /** Processes that had read the old login: they take no further prompt. */
    retired: Type.Integer(),
    /** Ids of the sessions that had waited for the login and go on. */
    resumed: Type.Array(Type.String()),
  },
  { title: 'LoginChanged' },
)
export type LoginChanged = Static<typeof LoginChanged>
