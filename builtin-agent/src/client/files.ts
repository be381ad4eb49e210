// Texts of files for one session: through the client where it has offered that (an editor knows what is not saved yet), else from disk.

import { HoldfastError } from '../../../src/base/errors.ts'
import { isJsonObject } from '../../../src/base/json.ts'
import { RPC_CODES, RpcError } from '../../../src/acp/rpc.ts'
import { readDiskText, type TextUse, writeDiskText } from '../tools/disk.ts'
import { ToolFailure } from '../tools/tool.ts'
import type { Client } from './client.ts'

export interface Files {
  /** Undefined when there is no such file. ToolFailure when it cannot be read. */
  readText(path: string, use: TextUse): Promise<string | undefined>
  writeText(path: string, text: string): Promise<void>
}

const CALL_MS = 30_000

export function filesOf(client: Client, sessionId: string): Files {
  const { readTextFile, writeTextFile } = client.abilities
  return {
    readText: readTextFile ? (path) => readFromClient(client, sessionId, path) : readDiskText,
    writeText: writeTextFile ? (path, content) => writeToClient(client, { sessionId, path, content }) : writeDiskText,
  }
}

async function readFromClient(client: Client, sessionId: string, path: string): Promise<string | undefined> {
  try {
    const stage = 'fs/read_text_file'
    const answer = await client.call(stage, { sessionId, path }, { ms: CALL_MS, stage })
    const content = isJsonObject(answer) ? answer['content'] : undefined
    if (typeof content === 'string') return content
    throw new ToolFailure(`The client gave no text for ${path}.`)
  } catch (error) {
    if (error instanceof RpcError && error.code === RPC_CODES.resourceNotFound) return undefined
    // Clients differ in how they say that a file is missing; the disk knows.
    if (error instanceof RpcError && (await readDiskText(path, 'show')) === undefined) return undefined
    throw failureOf(error, `${path} cannot be read`)
  }
}

async function writeToClient(
  client: Client,
  params: { readonly sessionId: string; readonly path: string; readonly content: string },
): Promise<void> {
  const stage = 'fs/write_text_file'
  try {
    await client.call(stage, { ...params }, { ms: CALL_MS, stage })
  } catch (error) {
    throw failureOf(error, `${params.path} cannot be written`)
  }
}

function failureOf(error: unknown, what: string): unknown {
  if (error instanceof RpcError) return new ToolFailure(`${what}: ${error.message}`)
  if (error instanceof HoldfastError && error.code === 'DEADLINE') return new ToolFailure(`${what}: no answer.`)
  return error
}
