// What went over the pipes of an agent, line by line, and what the SDK made of each request: appended to a file as JSON.

import { appendFileSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import type { Readable, Writable } from 'node:stream'

interface HeardRequest {
  readonly method: string
  readonly params: unknown
  readonly requestId: unknown
}

export class Journal {
  readonly #file: string | undefined

  constructor(file: string | undefined) {
    this.#file = file
  }

  note(kind: 'to_agent' | 'to_client' | 'parsed' | 'complaint', what: unknown): void {
    if (this.#file !== undefined) appendFileSync(this.#file, `${JSON.stringify({ kind, pid: process.pid, what })}\n`)
  }

  /** What the SDK is to read instead of `stdin`. */
  input(stdin: Readable): Readable {
    const through = new PassThrough()
    this.#watch(through, 'to_agent')
    return stdin.pipe(through)
  }

  /** What the SDK is to write to instead of `stdout`. */
  output(stdout: Writable): Writable {
    const through = new PassThrough()
    this.#watch(through, 'to_client')
    through.pipe(stdout)
    return through
  }

  /** A request handler whose parameters are noted as the SDK has validated them. */
  readonly heard =
    <Context extends HeardRequest, Answer>(handler: (context: Context) => Answer) =>
    (context: Context): Answer => {
      const { method, params, requestId } = context
      this.note('parsed', { id: requestId, method, params })
      return handler(context)
    }

  #watch(stream: PassThrough, kind: 'to_agent' | 'to_client'): void {
    let rest = Buffer.alloc(0)
    const push = stream.push.bind(stream)
    stream.push = (chunk: Buffer | null) => {
      rest = Buffer.concat([rest, chunk ?? Buffer.alloc(0)])
      for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
        this.note(kind, JSON.parse(rest.subarray(0, end).toString()))
        rest = rest.subarray(end + 1)
      }
      return push(chunk)
    }
  }
}
