// Where the text of a prompt comes from: the words of the command line, a file, stdin. Bounded before it is sent.

import path from 'node:path'
import type { Readable } from 'node:stream'
import { HoldfastError } from '../base/errors.ts'
import type { Terminal } from './deps.ts'
import { UsageError } from './usage-error.ts'

/** More than any gateway takes by default; it has the last word (PROMPT_TOO_LARGE). */
const BYTES_MAX = 8 * 1024 * 1024

export interface PromptSource {
  readonly words: readonly string[]
  /** A path, or `-` for stdin. */
  readonly file?: string | undefined
  readonly cwd: string
  readonly terminal: Terminal
}

/** Words first, then the file. Without words and file, stdin if it is piped. UsageError when there is nothing. */
export async function readPrompt({ words, file, cwd, terminal }: PromptSource): Promise<string> {
  const fromStdin = file === '-' || (file === undefined && words.length === 0 && !terminal.stdinIsTty)
  const parts = [words.join(' ')]
  if (fromStdin) parts.push(await readBounded(terminal.stdin))
  else if (file !== undefined) parts.push(await readFile(path.resolve(cwd, file)))
  const text = parts.filter((part) => part.trim() !== '').join('\n\n')
  if (text === '') throw new UsageError('There is no prompt.', 'Give it as words, with -f FILE, or on stdin with -f -.')
  return text
}

async function readFile(file: string): Promise<string> {
  try {
    const { open } = await import('node:fs/promises')
    await using handle = await open(file, 'r')
    return await readBounded(handle.createReadStream({ autoClose: false }))
  } catch (error) {
    if (error instanceof HoldfastError) throw error
    throw new UsageError(`The prompt file cannot be read: ${file}.`, error instanceof Error ? error.message : '')
  }
}

async function readBounded(stream: Readable): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream) {
    const buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk))
    bytes += buffer.byteLength
    if (bytes > BYTES_MAX) throw new HoldfastError('PROMPT_TOO_LARGE', { bytes, bytesMax: BYTES_MAX })
    chunks.push(buffer)
  }
  return Buffer.concat(chunks).toString('utf8')
}
