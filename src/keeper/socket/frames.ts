// Frames of the keeper's socket: a fixed head and a body of bytes. Pure; knows no socket and no process.
//
//   u32 length of the body | u8 kind | u48 lease (0: about the connection) | body
//
// Numbers are big-endian. Bodies are JSON, or for the two hot kinds bytes: `lines` is u48 first, u32 count, then whole lines;
// `send` is u16 length of the frame id, the frame id, then one line with its LF.

import { HoldfastError, type ErrorDetails } from '../../base/errors.ts'
import type { NumberedLines } from '../held/output-spool.ts'

/** Raised when frames change their meaning; both sides refuse any other. */
export const KEEPER_PROTOCOL = 1

/** From the gateway: below 32. From the keeper: from 32 on. */
export const FRAME = {
  hello: 1,
  spawn: 2,
  read: 3,
  send: 4,
  acknowledge: 5,
  stop: 6,
  relabel: 7,
  forget: 8,
  killNow: 9,
  shutdown: 10,
  ping: 11,
  pin: 12,
  welcome: 32,
  refused: 33,
  spawned: 34,
  spawnFailed: 35,
  lines: 36,
  outputEnd: 37,
  exit: 38,
  inputLost: 39,
  stderr: 40,
  stopped: 41,
  pong: 42,
} as const

export interface Frame {
  readonly kind: number
  readonly lease: number
  readonly body: Buffer
}

const HEAD_BYTES = 11
const LINES_HEAD_BYTES = 10
const EMPTY = Buffer.alloc(0)
const LF = 0x0a

/** A prompt with attachments is the largest; what an agent writes is bounded by its own line limit. */
export const FRAME_BYTES_MAX = 128 * 1024 * 1024
/** Before a connection has shown the secret. */
export const HELLO_BYTES_MAX = 4_096

/** The bytes of a frame, in pieces that are written one after the other. */
export function encodeFrame(kind: number, lease: number, body: Buffer = EMPTY): Buffer[] {
  const head = Buffer.allocUnsafe(HEAD_BYTES)
  writeHead(head, { kind, lease, length: body.length })
  return body.length === 0 ? [head] : [head, body]
}

export function encodeJson(kind: number, lease: number, value: unknown): Buffer[] {
  return encodeFrame(kind, lease, Buffer.from(JSON.stringify(value)))
}

export function encodeLines(lease: number, { first, count, bytes }: NumberedLines): Buffer[] {
  const head = Buffer.allocUnsafe(HEAD_BYTES + LINES_HEAD_BYTES)
  writeHead(head, { kind: FRAME.lines, lease, length: LINES_HEAD_BYTES + bytes.length })
  head.writeUIntBE(first, HEAD_BYTES, 6)
  head.writeUInt32BE(count, HEAD_BYTES + 6)
  return [head, bytes]
}

/** One piece: a prompt is small, and one write is one system call. `frameId` is cut to 64 KiB. */
export function encodeSend(lease: number, line: string, frameId: string | undefined): Buffer[] {
  const name = Buffer.from(frameId ?? '').subarray(0, 0xffff)
  const lineBytes = Buffer.byteLength(line)
  const length = 2 + name.length + lineBytes + 1
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + length)
  writeHead(bytes, { kind: FRAME.send, lease, length })
  let at = bytes.writeUInt16BE(name.length, HEAD_BYTES)
  at += name.copy(bytes, at)
  at += bytes.write(line, at, 'utf8')
  bytes[at] = LF
  return [bytes]
}

export function encodeNumber(kind: number, lease: number, n: number): Buffer[] {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + 6)
  writeHead(bytes, { kind, lease, length: 6 })
  bytes.writeUIntBE(n, HEAD_BYTES, 6)
  return [bytes]
}

/** Each `decode…` rejects with KEEPER_PROTOCOL_ERROR when the body is not what the kind says. */
export function decodeLinesBody(body: Buffer): NumberedLines {
  if (body.length <= LINES_HEAD_BYTES) throw broken('lines without lines')
  const count = body.readUInt32BE(6)
  return { first: body.readUIntBE(0, 6), count, bytes: body.subarray(LINES_HEAD_BYTES) }
}

export function decodeSendBody(body: Buffer): { frameId: string | undefined; line: Buffer } {
  const nameLength = body.length < 2 ? Infinity : body.readUInt16BE(0)
  if (2 + nameLength >= body.length) throw broken('a line that is too short')
  const line = body.subarray(2 + nameLength)
  if (line.indexOf(LF) !== line.length - 1) throw broken('a line that is not one line')
  return { frameId: nameLength === 0 ? undefined : body.toString('utf8', 2, 2 + nameLength), line }
}

export function decodeNumberBody(body: Buffer): number {
  if (body.length !== 6) throw broken('a number of the wrong size')
  return body.readUIntBE(0, 6)
}

export function decodeJsonBody(body: Buffer): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(body.toString('utf8'))
  } catch (cause) {
    throw new HoldfastError('KEEPER_PROTOCOL_ERROR', { reason: 'a body that is not JSON' }, { cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw broken('a body that is not an object')
  return value as Record<string, unknown>
}

export function broken(reason: string, details: ErrorDetails = {}): HoldfastError {
  return new HoldfastError('KEEPER_PROTOCOL_ERROR', { reason, ...details })
}

function writeHead(bytes: Buffer, { kind, lease, length }: { kind: number; lease: number; length: number }): void {
  bytes.writeUInt32BE(length, 0)
  bytes[4] = kind
  bytes.writeUIntBE(lease, 5, 6)
}

/** Cuts a stream of bytes into frames, however it arrives. Owns the bytes of one unfinished frame. Modes: open, then broken. */
export class FrameReader {
  #bytesMax: number
  #pending: Buffer[] = []
  #pendingBytes = 0
  /** Bytes needed before anything can be cut; saves joining the pieces of a large body again and again. */
  #needed = HEAD_BYTES
  #isBroken = false

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Larger bodies are taken from here on. */
  allow(bytesMax: number): void {
    this.#bytesMax = bytesMax
  }

  /**
   * Calls `take` for every frame that `chunk` completes. Bodies may be views of it. Throws KEEPER_PROTOCOL_ERROR, or what
   * `take` throws; then it is broken, and no frame is taken any more.
   */
  push(chunk: Buffer, take: (frame: Frame) => void): void {
    if (this.#isBroken) return
    this.#pending.push(chunk)
    this.#pendingBytes += chunk.length
    if (this.#pendingBytes < this.#needed) return
    const bytes = this.#pending.length === 1 ? chunk : Buffer.concat(this.#pending)
    this.#pending = []
    this.#isBroken = true
    const rest = this.#cut(bytes, take)
    this.#isBroken = false
    this.#pendingBytes = rest.length
    if (rest.length > 0) this.#pending.push(rest)
  }

  /** Gives what is left after the last whole frame. */
  #cut(bytes: Buffer, take: (frame: Frame) => void): Buffer {
    let at = 0
    this.#needed = HEAD_BYTES
    while (bytes.length - at >= HEAD_BYTES) {
      const length = bytes.readUInt32BE(at)
      if (length > this.#bytesMax) throw broken('a frame that is too large')
      const end = at + HEAD_BYTES + length
      if (end > bytes.length) {
        this.#needed = HEAD_BYTES + length
        break
      }
      take({ kind: bytes[at + 4]!, lease: bytes.readUIntBE(at + 5, 6), body: bytes.subarray(at + HEAD_BYTES, end) })
      at = end
    }
    return bytes.subarray(at)
  }
}
