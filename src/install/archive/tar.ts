// Reads a tar file as it comes: ustar, with the long names of GNU and pax. What it does not know it refuses.

import { ArchiveRefused } from './place.ts'
import type { Place } from './place.ts'

const BLOCK = 512
/** Of a long name or the pax fields of one entry. */
const HEADER_BYTES_MAX = 1_048_576

export async function unpackTar(input: AsyncIterable<Uint8Array>, place: Place): Promise<void> {
  const bytes = new Bytes(input)
  let next: LongNames = {}
  for (;;) {
    const block = await bytes.take(BLOCK)
    if (block.every((byte) => byte === 0)) return place.finish()
    const header = readHeader(block)
    if (isNaming(header.type)) next = { ...next, ...(await readLongNames(header, bytes)) }
    else {
      await unpackEntry({ ...header, ...next }, bytes, place)
      next = {}
    }
  }
}

interface LongNames {
  name?: string
  target?: string
  size?: number
}

interface Header {
  readonly name: string
  readonly target: string
  readonly size: number
  readonly mode: number
  readonly type: string
}

async function unpackEntry({ name, target, size, mode, type }: Header, bytes: Bytes, place: Place): Promise<void> {
  // Of the archive as a whole.
  if (type === '5' && /^(\.\/?)?$/.test(name)) return
  const path = name.replace(/^(\.\/)+/, '').replace(/\/+$/, '')
  if (type === '0' || type === '7') {
    await place.file(path, (mode & 0o111) !== 0, bytes.stream(size))
    return bytes.skip(paddingOf(size))
  }
  if (type === '5') await place.directory(path)
  else if (type === '2') await place.symlink(path, target)
  else if (type === '1') await place.hardLink(path, target.replace(/^(\.\/)+/, ''))
  else throw new ArchiveRefused(`${path.slice(0, 200)} is neither file, directory nor link`)
  await bytes.skip(size + paddingOf(size))
}

const isNaming = (type: string): boolean => ['x', 'g', 'L', 'K'].includes(type)

async function readLongNames({ type, size }: Header, bytes: Bytes): Promise<LongNames> {
  if (size > HEADER_BYTES_MAX) throw new ArchiveRefused('it has a name that is too long')
  const content = await bytes.take(size)
  await bytes.skip(paddingOf(size))
  if (type === 'L') return { name: textOf(content) }
  if (type === 'K') return { target: textOf(content) }
  return type === 'x' ? readPax(content) : {}
}

/** `LENGTH KEY=VALUE\n`, over and over; the length counts itself, in bytes. */
function readPax(content: Buffer): LongNames {
  const names: LongNames = {}
  for (let at = 0; at < content.length;) {
    const length = Number.parseInt(content.toString('latin1', at, at + 20), 10)
    if (!(length > 0)) throw damaged()
    const [key, value = ''] = splitOnce(content.toString('utf8', content.indexOf(0x20, at) + 1, at + length - 1), '=')
    if (key === 'path') names.name = value
    if (key === 'linkpath') names.target = value
    if (key === 'size') names.size = wholeNumber(Number(value))
    at += length
  }
  return names
}

function readHeader(block: Buffer): Header {
  if (block.length < BLOCK) throw damaged()
  const sum = octal(block, 148, 8)
  let actual = 8 * 0x20
  for (const [i, byte] of block.entries()) if (i < 148 || i >= 156) actual += byte
  if (sum !== actual) throw damaged()
  const isUstar = block.toString('latin1', 257, 262) === 'ustar'
  const prefix = isUstar && block[263] === 0x30 ? textOf(block.subarray(345, 500)) : ''
  const name = textOf(block.subarray(0, 100))
  const type = String.fromCharCode(block[156] ?? 0)
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    target: textOf(block.subarray(157, 257)),
    size: octal(block, 124, 12),
    mode: octal(block, 100, 8),
    type: type === '\0' ? '0' : type,
  }
}

function octal(block: Buffer, from: number, length: number): number {
  const text = textOf(block.subarray(from, from + length)).trim()
  if (text !== '' && !/^[0-7]+$/.test(text)) throw damaged()
  return text === '' ? 0 : wholeNumber(Number.parseInt(text, 8))
}

function wholeNumber(value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw damaged()
  return value
}

function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0)
  return bytes.toString('utf8', 0, end === -1 ? bytes.length : end)
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator)
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

const paddingOf = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK

function damaged(): ArchiveRefused {
  return new ArchiveRefused('it is damaged')
}

/** Bytes that come in chunks, taken in any portions. */
class Bytes {
  readonly #chunks: AsyncIterator<Uint8Array>
  #rest: Uint8Array = new Uint8Array()

  constructor(input: AsyncIterable<Uint8Array>) {
    this.#chunks = input[Symbol.asyncIterator]()
  }

  /** Exactly so many, or none when the input has ended. */
  async take(length: number): Promise<Buffer> {
    const parts: Uint8Array[] = []
    let missing = length
    while (missing > 0) {
      const part = await this.#some(missing)
      if (part === undefined) break
      parts.push(part)
      missing -= part.length
    }
    if (missing > 0 && missing < length) throw damaged()
    return Buffer.concat(parts)
  }

  async *stream(length: number): AsyncGenerator<Uint8Array> {
    for (let missing = length; missing > 0;) {
      const part = await this.#some(missing)
      if (part === undefined) throw damaged()
      missing -= part.length
      yield part
    }
  }

  async skip(length: number): Promise<void> {
    for await (const _ of this.stream(length)) void _
  }

  async #some(most: number): Promise<Uint8Array | undefined> {
    while (this.#rest.length === 0) {
      const { done, value } = await this.#chunks.next()
      if (done === true) return undefined
      this.#rest = value
    }
    const part = this.#rest.subarray(0, most)
    this.#rest = this.#rest.subarray(part.length)
    return part
  }
}
