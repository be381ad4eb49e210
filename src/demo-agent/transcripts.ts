// Conversations as JSON lines, one file per session, in a folder only its user may enter.
// Never rewrites a line; a torn last line, left by a kill, is skipped and closed off.

import { appendFile, lstat, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isJsonObject } from '../base/json.ts'

export interface Message {
  readonly role: 'user' | 'agent'
  readonly text: string
}

export interface Transcripts {
  create(sessionId: string): Promise<void>
  /** The conversation so far; undefined when there is no such session. */
  find(sessionId: string): Promise<Message[] | undefined>
  append(sessionId: string, message: Message): Promise<void>
}

const TEXT_CHARS_MAX = 65_536

/** The folder is made at the first use. Rejects when it is not a private folder of ours: others could plant conversations. */
export function openTranscripts(dir: string): Transcripts {
  const file = async (sessionId: string): Promise<string> => {
    await ensurePrivateDir(dir)
    return join(dir, `${sessionId}.jsonl`)
  }
  return {
    create: async (sessionId) => appendFile(await file(sessionId), '', { mode: 0o600 }),
    append: async (sessionId, message) => appendFile(await file(sessionId), encode(message), { mode: 0o600 }),
    async find(sessionId) {
      if (!/^[\w-]{1,64}$/.test(sessionId)) return undefined
      const path = await file(sessionId)
      const text = await readFile(path, 'utf8').catch(() => undefined)
      if (text === undefined) return undefined
      if (text !== '' && !text.endsWith('\n')) await appendFile(path, '\n')
      return text.split('\n').flatMap(decode)
    },
  }
}

async function ensurePrivateDir(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const stat = await lstat(dir)
  const uid = process.getuid?.()
  const foreign = uid !== undefined && (stat.uid !== uid || (stat.mode & 0o077) !== 0)
  if (!stat.isDirectory() || foreign) throw new Error('the state folder of the demo agent is not private')
}

function encode({ role, text }: Message): string {
  return `${JSON.stringify({ role, text: text.slice(0, TEXT_CHARS_MAX) })}\n`
}

function decode(line: string): Message[] {
  try {
    const value: unknown = JSON.parse(line)
    if (!isJsonObject(value)) return []
    const { role, text } = value
    return (role === 'user' || role === 'agent') && typeof text === 'string' ? [{ role, text }] : []
  } catch {
    return [] // torn, or empty
  }
}
