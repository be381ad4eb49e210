// One line of a transcript file: how it is written, and whether bytes are what was written. Pure; knows no file.
// `{"seq":1,"type":"…","at":…,"epoch":…,"body":{…},"crc":"xxxxxxxx"}`: the checksum is over the bytes before `,"crc"`, seeded with that of the line
// before, so that a line that is changed, missing or in another place shows.

import { crc32 } from 'node:zlib'

import { assert } from '../../../../src/base/assert.ts'
import { isJsonObject } from '../../../../src/base/json.ts'
import type { Entry, TranscriptId } from '../port.ts'

export const FORMAT_VERSION = 1
/** The seed of the first entry's checksum, and of the header's. */
export const CRC_START = 0
/** Bytes of one line with its LF: what one write may be, and one read has to hold. */
export const LINE_BYTES_MAX = 64 * 1024 * 1024

const CRC_PREFIX = ',"crc":"'
const CRC_SUFFIX = '"}'
const CRC_DIGITS = 8
/** Only what would be written: a sign would make a number of it that no checksum is. */
const CRC_PATTERN = /^[0-9a-f]{8}$/
/** Of every line: `,"crc":"xxxxxxxx"}`. */
const TAIL_BYTES = CRC_PREFIX.length + CRC_DIGITS + CRC_SUFFIX.length
/** Enough for `{"seq":N,"type":"T"` with the longest of both. */
const HEAD_BYTES = 80
const TYPE_PATTERN = /^[a-z][a-z_]{0,31}$/

export interface Header {
  readonly id: TranscriptId
  readonly cwd: string
  /** Epoch ms. */
  readonly created: number
  /** What it was copied from, up to and with `seq`. */
  readonly parent?: { readonly id: TranscriptId; readonly seq: number }
}

export interface EncodedLine {
  readonly bytes: Buffer
  readonly crc: number
}

export function encodeHeader({ id, cwd, created, parent }: Header): Buffer {
  return seal(JSON.stringify({ holdfast: 'transcript', version: FORMAT_VERSION, id, cwd, created, parent }), CRC_START)
    .bytes
}

/** `previousCrc`: of the line before, CRC_START for the first entry. */
export function encodeEntry({ seq, type, at, epoch, body }: Entry, previousCrc: number): EncodedLine {
  assert(TYPE_PATTERN.test(type), `an entry cannot have the type ${type}`)
  return seal(JSON.stringify({ seq, type, at, epoch, body }), previousCrc)
}

function seal(json: string, seed: number): EncodedLine {
  const head = Buffer.from(json.slice(0, -1))
  const crc = crc32(head, seed)
  return { bytes: Buffer.concat([head, Buffer.from(`${CRC_PREFIX}${crcText(crc)}${CRC_SUFFIX}\n`)]), crc }
}

type HeaderProblem = { readonly problem: string } | { readonly newerVersion: number }

/** The header of the line without its LF; or what is wrong with it. */
export function decodeHeader(line: Buffer): Header | HeaderProblem {
  const fields = parseObject(line)
  if (fields?.['holdfast'] !== 'transcript') return { problem: 'it is not the header of a transcript' }
  const { version, id, cwd, created, parent } = fields as unknown as Header & { version: number }
  // Before the checksum: who made it may have changed that, too.
  if (version > FORMAT_VERSION) return { newerVersion: version }
  if (checkLine(line, CRC_START) === undefined) return { problem: 'its checksum is wrong' }
  return { id, cwd, created, ...(parent && { parent }) }
}

/** The checksum of a line without its LF, if the line is what was written after a line with `previousCrc`. */
export function checkLine(line: Buffer, previousCrc: number): number | undefined {
  const stored = storedCrc(line)
  if (stored === undefined) return undefined
  return crc32(line.subarray(0, line.length - TAIL_BYTES), previousCrc) === stored ? stored : undefined
}

/** The checksum that the line names, looked at or not. */
export function storedCrc(line: Buffer): number | undefined {
  const tail = line.toString('latin1', Math.max(0, line.length - TAIL_BYTES), line.length)
  if (tail.length !== TAIL_BYTES || !tail.startsWith(CRC_PREFIX) || !tail.endsWith(CRC_SUFFIX)) return undefined
  const digits = tail.slice(CRC_PREFIX.length, -CRC_SUFFIX.length)
  return CRC_PATTERN.test(digits) ? Number.parseInt(digits, 16) : undefined
}

/** The bytes that the end of a line with this checksum has, LF included. */
export function tailOf(crc: number): Buffer {
  return Buffer.from(`${CRC_PREFIX}${crcText(crc)}${CRC_SUFFIX}\n`)
}

/** The type of a line that is to be entry `seq`; undefined when it is not. Looks at the first bytes only. */
export function typeOfLine(line: Buffer, seq: number): string | undefined {
  const head = line.toString('latin1', 0, HEAD_BYTES)
  const prefix = `{"seq":${seq},"type":"`
  const end = head.indexOf('"', prefix.length)
  return head.startsWith(prefix) && end !== -1 ? head.slice(prefix.length, end) : undefined
}

/** The entry of a line; undefined when it cannot be one. Says nothing about its checksum. */
export function decodeEntry(line: Buffer): Entry | undefined {
  const fields = parseObject(line)
  if (fields === undefined) return undefined
  const { seq, type, at, epoch, body } = fields
  const isEntry =
    typeof seq === 'number' &&
    typeof type === 'string' &&
    typeof at === 'number' &&
    typeof epoch === 'number' &&
    isJsonObject(body)
  return isEntry ? { seq, type, at, epoch, body } : undefined
}

function parseObject(line: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line.toString('utf8'))
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function crcText(crc: number): string {
  return crc.toString(16).padStart(CRC_DIGITS, '0')
}
