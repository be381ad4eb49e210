// Server-sent events out of bytes: data and number, nothing else. Bounded: an event larger than a message may be ends the stream.
// Lines end with LF or CRLF; a CR alone, which the format allows and nobody sends, is not one.

export interface ServerEvent {
  readonly id: string | undefined
  readonly data: string
}

const LF = 0x0a
const ID_CHARS_MAX = 200
/** Names of fields and line ends, beside the data itself. */
const OVERHEAD_BYTES = 1_024

export class EventParser {
  readonly #bytesMax: number
  /** Of the line that is not complete. */
  #parts: Buffer[] = []
  #data: string[] = []
  /** Of the event that is not complete. */
  #bytes = 0
  #id: string | undefined
  #isFirst = true

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax + OVERHEAD_BYTES
  }

  /** The events that are complete; undefined when one is too large: the stream cannot be read on. */
  push(bytes: Buffer): ServerEvent[] | undefined {
    const events: ServerEvent[] = []
    let from = 0
    for (let end = bytes.indexOf(LF); end !== -1; end = bytes.indexOf(LF, from)) {
      this.#keep(bytes.subarray(from, end))
      if (this.#bytes > this.#bytesMax) return undefined
      const event = this.#take(this.#line())
      if (event !== undefined) events.push(event)
      from = end + 1
    }
    this.#keep(bytes.subarray(from))
    return this.#bytes > this.#bytesMax ? undefined : events
  }

  #keep(bytes: Buffer): void {
    this.#parts.push(bytes)
    this.#bytes += bytes.length
  }

  #line(): string {
    const [one, ...others] = this.#parts
    const text = (others.length === 0 && one !== undefined ? one : Buffer.concat(this.#parts)).toString('utf8')
    this.#parts = []
    const isMarked = this.#isFirst && text.startsWith(BYTE_ORDER_MARK)
    this.#isFirst = false
    return text.slice(isMarked ? 1 : 0, text.endsWith('\r') ? -1 : undefined)
  }

  #take(line: string): ServerEvent | undefined {
    if (line === '') return this.#finish()
    const colon = line.indexOf(':')
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'data') this.#data.push(value)
    else if (field === 'id' && value.length <= ID_CHARS_MAX && !value.includes('\0')) this.#id = value
    return undefined
  }

  #finish(): ServerEvent | undefined {
    const data = this.#data.join('\n')
    this.#data = []
    this.#bytes = 0
    return data === '' ? undefined : { id: this.#id, data }
  }
}

const BYTE_ORDER_MARK = '\ufeff'
