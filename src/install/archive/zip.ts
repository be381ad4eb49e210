// Reads a zip file by its directory at the end. Stored and deflated entries, links of Unix; nothing encrypted, no zip64.

import type { FileHandle } from 'node:fs/promises'
import { pipeline, Readable } from 'node:stream'
import { crc32, createInflateRaw } from 'node:zlib'

import { ArchiveRefused } from './place.ts'
import type { Place } from './place.ts'

const END = 0x06054b50
const ENTRY = 0x02014b50
const LOCAL = 0x04034b50
const END_BYTES = 22
const COMMENT_BYTES_MAX = 65_535
const DIRECTORY_BYTES_MAX = 67_108_864
const LINK_BYTES_MAX = 4_096
const FILE_TYPE = 0o170000
const SYMLINK = 0o120000
const REGULAR = 0o100000

interface Entry {
  readonly name: string
  readonly method: number
  readonly isEncrypted: boolean
  readonly crc: number
  readonly packedBytes: number
  readonly bytes: number
  /** Of Unix; 0 when it was made elsewhere. */
  readonly mode: number
  readonly offset: number
}

export async function unpackZip(file: FileHandle, place: Place): Promise<void> {
  for (const entry of await readDirectory(file)) await unpackEntry(file, entry, place)
  await place.finish()
}

async function unpackEntry(file: FileHandle, entry: Entry, place: Place): Promise<void> {
  const { name, mode, isEncrypted, method } = entry
  if (isEncrypted || (method !== 0 && method !== 8))
    throw new ArchiveRefused(`${name} is packed in a way that is not read`)
  if (name.endsWith('/')) return place.directory(name.replace(/\/+$/, ''))
  const type = mode & FILE_TYPE
  if (type !== 0 && type !== REGULAR && type !== SYMLINK)
    throw new ArchiveRefused(`${name} is neither file, directory nor link`)
  const content = checked(await contentOf(file, entry), entry)
  if (type === SYMLINK) await place.symlink(name, await readLink(content, name))
  else await place.file(name, (mode & 0o111) !== 0, content)
}

async function readLink(content: AsyncIterable<Uint8Array>, name: string): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of content) {
    bytes += chunk.length
    if (bytes > LINK_BYTES_MAX) throw new ArchiveRefused(`${name} is a link that is too long`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

async function contentOf(file: FileHandle, { offset, packedBytes, method }: Entry): Promise<AsyncIterable<Uint8Array>> {
  const local = await readAt(file, offset, 30)
  if (local.readUInt32LE(0) !== LOCAL) throw damaged()
  const start = offset + 30 + local.readUInt16LE(26) + local.readUInt16LE(28)
  if (method === 0) return portionOf(file, start, packedBytes)
  const inflated = createInflateRaw()
  // Whoever stops reading ends both; a failure of the one is what the reader of the other sees.
  pipeline(Readable.from(portionOf(file, start, packedBytes)), inflated, () => {})
  return inflated
}

const CHUNK_BYTES = 65_536

async function* portionOf(file: FileHandle, start: number, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < length; at += CHUNK_BYTES)
    yield await readAt(file, start + at, Math.min(CHUNK_BYTES, length - at))
}

/** Exactly the bytes that the directory promises: no more of them are even looked at. */
async function* checked(content: AsyncIterable<Uint8Array>, { bytes, crc }: Entry): AsyncGenerator<Uint8Array> {
  let left = bytes
  let sum = 0
  try {
    for await (const chunk of content) {
      left -= chunk.length
      if (left < 0) throw damaged()
      sum = crc32(chunk, sum)
      yield chunk
    }
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code?.startsWith('Z_') === true ? damaged() : error
  }
  if (left !== 0 || sum !== crc) throw damaged()
}

async function readDirectory(file: FileHandle): Promise<Entry[]> {
  const { size } = await file.stat()
  const tailBytes = Math.min(size, END_BYTES + COMMENT_BYTES_MAX)
  const tail = await readAt(file, size - tailBytes, tailBytes)
  let at = tail.length - END_BYTES
  while (at >= 0 && tail.readUInt32LE(at) !== END) at--
  if (at < 0) throw damaged()
  const count = tail.readUInt16LE(at + 10)
  const bytes = tail.readUInt32LE(at + 12)
  const offset = tail.readUInt32LE(at + 16)
  if (count === 0xffff || offset === 0xffffffff) throw new ArchiveRefused('it is a zip64 file, which is not read')
  if (bytes > DIRECTORY_BYTES_MAX) throw new ArchiveRefused('it has too many entries')
  return readEntries(await readAt(file, offset, bytes), count)
}

function readEntries(directory: Buffer, count: number): Entry[] {
  const entries: Entry[] = []
  for (let at = 0; entries.length < count;) {
    if (at + 46 > directory.length || directory.readUInt32LE(at) !== ENTRY) throw damaged()
    const nameBytes = directory.readUInt16LE(at + 28)
    const isOfUnix = directory.readUInt8(at + 5) === 3
    entries.push({
      name: directory.toString('utf8', at + 46, at + 46 + nameBytes).replace(/^(\.\/)+/, ''),
      method: directory.readUInt16LE(at + 10),
      isEncrypted: (directory.readUInt16LE(at + 8) & 1) === 1,
      crc: directory.readUInt32LE(at + 16),
      packedBytes: directory.readUInt32LE(at + 20),
      bytes: directory.readUInt32LE(at + 24),
      mode: isOfUnix ? directory.readUInt32LE(at + 38) >>> 16 : 0,
      offset: directory.readUInt32LE(at + 42),
    })
    at += 46 + nameBytes + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32)
  }
  return entries
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position)
  if (bytesRead < length) throw damaged()
  return buffer
}

function damaged(): ArchiveRefused {
  return new ArchiveRefused('it is damaged')
}
