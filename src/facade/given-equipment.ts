// What an editor gives the agent of a session that it opens: MCP servers, further directories, `_meta`. It is complete each time. Refused
// with -32602 by field and name; never by a value, for they may be secret.

import { isAbsolute } from 'node:path'

import { narrowMcpServers } from '../acp/mcp-servers.ts'
import { isJsonObject } from '../base/json.ts'
import type { Json, JsonObject } from '../base/json.ts'
import { META_CHARS_MAX } from '../session/service.ts'
import type { SessionRequest } from '../session/service.ts'
import { META, metaOf, withoutOurs } from './meta.ts'
import type { Editor } from './methods.ts'
import { invalidParams } from './rpc-errors.ts'

type GivenRequest = NonNullable<SessionRequest['given']>

const SERVERS_MAX = 32
const DIRECTORIES_MAX = 32
const SERVERS_CHARS_MAX = 64 * 1024

/** Undefined when nothing is said of it: who resumes without these fields leaves everything as it is. */
export function readGiven(editor: Editor, params: JsonObject, isResume = false): GivenRequest | undefined {
  const { mcpServers, additionalDirectories } = params
  const isSaid = mcpServers !== undefined || additionalDirectories !== undefined
  if (isResume && (!isSaid || metaOf(params)[META.after] !== undefined)) return undefined
  return {
    ...(editor.wishes.ignoresMcpServers !== true && { mcpServers: readServers(editor, mcpServers) }),
    directories: readDirectories(additionalDirectories),
    ...readMeta(params),
  }
}

/** Names of MCP servers of the configuration; for a new session. */
export function readNames(params: JsonObject): Pick<SessionRequest, 'mcpServers'> {
  const names = metaOf(params)[META.mcpServers]
  if (names === undefined) return {}
  const isNames = Array.isArray(names) && names.every((name) => typeof name === 'string')
  if (!isNames || names.length > SERVERS_MAX) throw invalidParams(`${META.mcpServers} is not a list of names`)
  return { mcpServers: names }
}

/**
 * A command is taken from who could start it without us: over the unix socket, which only its user can open. Over TCP it is one of the
 * network, unless the configuration says otherwise.
 */
function readServers({ isSameUser, mayBringCommands }: Editor, given: Json | undefined): JsonObject[] {
  if (Array.isArray(given) && given.length > SERVERS_MAX)
    throw invalidParams(`mcpServers has more than ${SERVERS_MAX} entries`)
  const narrowed = narrowMcpServers(given)
  if (narrowed.kind === 'malformed') throw invalidParams(narrowed.reason)
  const { servers } = narrowed
  const command = servers.find(({ transport }) => transport === 'stdio')
  if (command !== undefined && !isSameUser && !mayBringCommands())
    throw invalidParams(
      'MCP servers with a command are taken over the unix socket only (holdfast acp uses it); over TCP set acp.mcpCommands, ' +
        'or define them under mcpServers of the configuration',
    )
  const entries = servers.map(({ entry }) => entry)
  if (JSON.stringify(entries).length > SERVERS_CHARS_MAX) throw invalidParams('mcpServers is too large')
  return entries
}

/** F-13; whether they are there and allowed is looked at with the directory of the session. */
function readDirectories(given: Json | undefined): string[] {
  if (given === undefined || given === null) return []
  const isPath = (item: Json): item is string => typeof item === 'string' && isAbsolute(item)
  if (!Array.isArray(given) || !given.every(isPath))
    throw invalidParams('additionalDirectories has an item that is no absolute path')
  if (given.length > DIRECTORIES_MAX)
    throw invalidParams(`additionalDirectories has more than ${DIRECTORIES_MAX} entries`)
  return given
}

/** The trace of a request that is over by the next start of the agent is not kept. */
function readMeta(params: JsonObject): { readonly meta?: string } {
  const { traceparent: _, tracestate: __, baggage: ___, ...meta } = withoutOurs(metaOf(params))
  if (!isJsonObject(meta) || Object.keys(meta).length === 0) return {}
  const text = JSON.stringify(meta)
  if (text.length > META_CHARS_MAX) throw invalidParams('_meta is too large')
  return { meta: text }
}
