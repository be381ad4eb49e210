// Reloading the configuration, on the wire.

import { Type } from 'typebox'
import type { Static } from 'typebox'

export const GatewayReload = Type.Object({}, { additionalProperties: false })
export type GatewayReload = Static<typeof GatewayReload>

/** `null`: no value. */
const OptionChangeView = Type.Object({ name: Type.String(), from: Type.Unknown(), to: Type.Unknown() })

const Change = Type.Enum(['added', 'changed', 'removed'])

export const GatewayReloaded = Type.Object(
  {
    /** Options whose new values hold now. */
    applied: Type.Array(OptionChangeView),
    /** Options whose new values hold from the next start of the gateway on. */
    pending: Type.Array(OptionChangeView),
    agents: Type.Array(
      Type.Object({
        name: Type.String(),
        change: Change,
        /** Open sessions of it, at most 1000. Those of one that is removed refuse prompts until it is back. */
        sessions: Type.Integer(),
      }),
    ),
    /** Agents that were given one end when no turn is out, and are started again with what it is now. */
    mcp_servers: Type.Array(Type.Object({ name: Type.String(), change: Change })),
  },
  { title: 'GatewayReloaded' },
)
export type GatewayReloaded = Static<typeof GatewayReloaded>
