// The params that open a session, narrowed: directories that exist, servers that can be described. Anything else is -32602.

import { stat } from 'node:fs/promises'
import { isAbsolute } from 'node:path'

import type { Json, JsonObject } from '../../../src/base/json.ts'
import { type McpServerSpec, readServerSpecs } from '../mcp/server-spec.ts'
import { Roots } from '../tools/roots.ts'
import type { TranscriptId } from '../transcript/port.ts'
import { badParams, noSuchSession } from './refusal.ts'

export interface Surroundings {
  readonly roots: Roots
  readonly servers: readonly McpServerSpec[]
}

const ID = /^[a-z0-9_]{1,64}$/

export async function readSurroundings(params: JsonObject): Promise<Surroundings> {
  const servers = readServerSpecs(params['mcpServers'])
  if (typeof servers === 'string') throw badParams(servers)
  const cwd = directoryOf(params['cwd'], 'cwd')
  const more = params['additionalDirectories'] ?? []
  if (!Array.isArray(more)) throw badParams('additionalDirectories must be a list')
  const additional = more.map((path) => directoryOf(path, 'each of additionalDirectories'))
  for (const path of [cwd, ...additional]) await assertDirectory(path)
  return { roots: await Roots.open(cwd, additional), servers }
}

/** A text that no session can have names none. */
export function sessionIdOf({ sessionId }: JsonObject): TranscriptId {
  if (typeof sessionId !== 'string') throw badParams('sessionId must be a text')
  if (!ID.test(sessionId)) throw noSuchSession(sessionId)
  return sessionId as TranscriptId
}

function directoryOf(path: Json | undefined, name: string): string {
  if (typeof path === 'string' && isAbsolute(path) && !path.includes('\0')) return path
  throw badParams(`${name} must be an absolute path`)
}

async function assertDirectory(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  if (found?.isDirectory() !== true) throw badParams(`${path} is not a directory`)
}
