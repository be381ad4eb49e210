// What the agent of a session is opened with besides its directory: MCP servers and further directories.

import { Type } from 'typebox'
import type { Static } from 'typebox'

const LIST_MAX = 32

export const EquipmentView = Type.Object({
  /** MCP servers of the configuration, by name. */
  mcp_servers: Type.Array(Type.String()),
  /** Names of those that the editor gave that opened the session last. */
  editor_mcp_servers: Type.Array(Type.String()),
  additional_directories: Type.Array(Type.String()),
})
export type EquipmentView = Static<typeof EquipmentView>

/** Each is complete: what it does not name is not there any more. */
export const EquipmentFields = {
  /** Names of `mcpServers` of the configuration; commands never come over the network. */
  mcp_servers: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { maxItems: LIST_MAX })),
  /** Absolute; they exist. */
  additional_directories: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 4096 }), { maxItems: LIST_MAX }),
  ),
}
