// Files that go along with a prompt, as ACP content: images and sounds as such, anything else embedded where the agent takes that
// and the file is small, else as a link. Bounded before anything is sent.

import path from 'node:path'
import { pathToFileURL } from 'node:url'

import { HoldfastError } from '../base/errors.ts'
import { UsageError } from './usage-error.ts'

export type ContentBlock = Record<string, unknown>

/** More than any gateway takes by default; it has the last word (PROMPT_TOO_LARGE). */
const MEDIA_BYTES_MAX = 16 * 1024 * 1024
/** A larger file is linked: the agent reads of it what it needs. */
const EMBEDDED_BYTES_MAX = 256 * 1024

const TYPES: Readonly<Record<string, string>> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.wav': 'audio/wav',
  '.mp3': 'audio/mpeg',
  '.ogg': 'audio/ogg',
  '.flac': 'audio/flac',
  '.m4a': 'audio/mp4',
  '.pdf': 'application/pdf',
  '.json': 'application/json',
  '.md': 'text/markdown',
  '.html': 'text/html',
  '.csv': 'text/csv',
  '.txt': 'text/plain',
}

export interface AttachmentChoice {
  /** As typed; relative to `cwd`. */
  readonly file: string
  readonly cwd: string
  /** The types of content that the agent takes; null when that is not known yet. */
  readonly taken: readonly string[] | null
}

/** UsageError when the file cannot be read; PROMPT_TOO_LARGE for media that no gateway would take. */
export async function attach({ file, cwd, taken }: AttachmentChoice): Promise<ContentBlock> {
  const location = path.resolve(cwd, file)
  const mimeType = TYPES[path.extname(location).toLowerCase()]
  const [kind] = mimeType?.split('/') ?? []
  const bytes = await sizeOf(location)
  if (kind === 'image' || kind === 'audio') {
    if (bytes > MEDIA_BYTES_MAX) throw new HoldfastError('PROMPT_TOO_LARGE', { bytes, bytesMax: MEDIA_BYTES_MAX })
    return { type: kind, mimeType, data: (await read(location)).toString('base64') }
  }
  const { href: uri } = pathToFileURL(location)
  const type = mimeType === undefined ? {} : { mimeType }
  if (taken?.includes('resource') !== true || bytes > EMBEDDED_BYTES_MAX)
    return { type: 'resource_link', uri, name: path.basename(location), size: bytes, ...type }
  return { type: 'resource', resource: { uri, ...type, ...contentOf(await read(location)) } }
}

function contentOf(content: Buffer): { text: string } | { blob: string } {
  const text = content.toString('utf8')
  return content.equals(Buffer.from(text, 'utf8')) ? { text } : { blob: content.toString('base64') }
}

async function sizeOf(location: string): Promise<number> {
  const { stat } = await import('node:fs/promises')
  const found = await stat(location).catch((error: unknown) => unreadable(location, error))
  if (!found.isFile()) throw new UsageError(`This is not a file: ${location}.`, 'Attach files, not directories.')
  return found.size
}

async function read(location: string): Promise<Buffer> {
  const { readFile } = await import('node:fs/promises')
  return readFile(location).catch((error: unknown) => unreadable(location, error))
}

function unreadable(location: string, error: unknown): never {
  throw new UsageError(`The file cannot be read: ${location}.`, error instanceof Error ? error.message : '')
}
