// Imports a document in the format of the public registry, from a file or over https, because a person asked for it. Afterwards nothing
// of it needs the network until somebody installs an agent.

import { open } from 'node:fs/promises'

import { CancelledError, HoldfastError } from '../base/errors.ts'
import type { AgentStore } from './agent-store.ts'
import { bounded, failureReason, openHttps } from './https.ts'
import type { Fetch } from './https.ts'
import type { RegistryAgent } from './registry-agent.ts'
import { readRegistryDocument } from './registry-document.ts'

export interface ImportPorts {
  readonly store: AgentStore
  readonly fetch: Fetch
  readonly signal: AbortSignal
}

const BYTES_MAX = 4_194_304
const MS_MAX = 30_000

/**
 * Replaces what was imported before. `source` is a path or an https address. AGENT_IMPORT_FAILED with the place of what is wrong; then
 * nothing has changed. CANCELLED.
 */
export async function importRegistry(source: string, { store, fetch, signal }: ImportPorts): Promise<RegistryAgent[]> {
  const bounds = { fetch, signal: AbortSignal.any([signal, AbortSignal.timeout(MS_MAX)]) }
  const text = await readSource(source, bounds).catch((error: unknown) => {
    throw signal.aborted ? new CancelledError('the import') : error
  })
  const agents = readRegistryDocument(text, source)
  store.writeRegistry(text)
  return agents
}

async function readSource(source: string, parts: Pick<ImportPorts, 'fetch' | 'signal'>): Promise<string> {
  try {
    const isAddress = /^[a-z][a-z0-9+.-]*:\/\//i.test(source)
    const body = isAddress ? await openHttps(source, { ...parts, mayChangeHost: false }) : readFile(source)
    const chunks: Uint8Array[] = []
    for await (const chunk of bounded(body, BYTES_MAX)) chunks.push(chunk)
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } catch (cause) {
    const isText = !(cause instanceof TypeError)
    const reason = isText ? failureReason(cause) : 'it is not a text in UTF-8'
    throw new HoldfastError('AGENT_IMPORT_FAILED', { source, reason }, { cause })
  }
}

async function* readFile(path: string): AsyncGenerator<Uint8Array> {
  await using handle = await open(path, 'r')
  const stats = await handle.stat()
  if (!stats.isFile()) throw Object.assign(new Error('not a file'), { code: 'EISDIR' })
  yield* handle.createReadStream({ autoClose: false })
}
