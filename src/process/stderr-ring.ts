// The newest stderr of one child: always drained, never more than its ring, shown with control characters made visible.
// Assumes no encoding: what is not UTF-8 shows as U+FFFD.

import { ByteRing } from './byte-ring.ts'

const RING_BYTES_MAX = 256 * 1024
const TAIL_BYTES_MAX = 4_096

export class StderrRing {
  readonly #bytesMax: number
  readonly #ring: ByteRing

  constructor(bytesMax: number = RING_BYTES_MAX) {
    this.#bytesMax = bytesMax
    this.#ring = new ByteRing(bytesMax)
  }

  get droppedBytes(): number {
    return this.#ring.droppedBytes
  }

  push(chunk: Uint8Array): void {
    this.#ring.push(chunk)
  }

  /** The newest text, at most `bytesMax` bytes of it; lines stay lines, every other control character is written as its code. */
  tail(bytesMax: number = TAIL_BYTES_MAX): string {
    const bytes = this.#ring.newest(Math.min(bytesMax, this.#bytesMax))
    const text = neutralise(bytes.toString('utf8'))
    return Buffer.byteLength(text) <= bytesMax ? text : cutFront(text, bytesMax)
  }
}

// C0 without tab and newline, DEL, C1, line and paragraph separators, and what turns text around.
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

function neutralise(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(CONTROL, (character) => {
    return `\\u{${character.charCodeAt(0).toString(16)}}`
  })
}

function cutFront(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text)
  let from = bytes.length - bytesMax
  while (((bytes[from] ?? 0) & 0xc0) === 0x80) from++
  return bytes.toString('utf8', from)
}
