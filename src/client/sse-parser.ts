// Splits the bytes of a server-sent event stream into frames. Bounded: a frame that grows beyond the limit is an error.

export interface SseFrame {
  readonly event: string
  readonly id: string | undefined
  readonly data: string
}

const FRAME_CHARS_MAX = 64 * 1024 * 1024

export class SseParser {
  readonly #decoder = new TextDecoder()
  #rest = ''
  #frameChars = 0
  #event = ''
  #id: string | undefined
  #data: string[] = []

  /** Complete frames of this chunk; comments are left out. Throws RangeError for a frame beyond 64 Mi characters. */
  push(chunk: Uint8Array): SseFrame[] {
    const text = this.#decoder.decode(chunk, { stream: true })
    this.#frameChars += text.length
    const frames: SseFrame[] = []
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#line(line.endsWith('\r') ? line.slice(0, -1) : line, frames)
    if (this.#frameChars > FRAME_CHARS_MAX) throw new RangeError('a frame of the event stream is too long')
    return frames
  }

  #line(line: string, frames: SseFrame[]): void {
    if (line === '') return this.#dispatch(frames)
    const colon = line.indexOf(':')
    if (colon === 0) return
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'data') this.#data.push(value)
    else if (field === 'event') this.#event = value
    else if (field === 'id') this.#id = value
  }

  #dispatch(frames: SseFrame[]): void {
    this.#frameChars = this.#rest.length
    if (this.#data.length > 0)
      frames.push({ event: this.#event === '' ? 'message' : this.#event, id: this.#id, data: this.#data.join('\n') })
    this.#event = ''
    this.#id = undefined
    this.#data = []
  }
}
