// JSON-RPC over stdio: lines in, lines out, in order. Also lets a directive write what no correct agent would.

export class Wire {
  #lastId = 0
  #pending = new Map()

  /** Calls `onMessage` for each request and notification; answers to our own requests settle `call`. */
  listen(onMessage) {
    let rest = ''
    process.stdin.setEncoding('utf8')
    process.stdin.on('data', (chunk) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop()
      for (const line of lines) if (line.trim()) this.#receive(JSON.parse(line), onMessage)
    })
  }

  #receive(message, onMessage) {
    if (message.method) onMessage(message)
    else this.#settle(message)
  }

  #settle(message) {
    const settle = this.#pending.get(message.id)
    this.#pending.delete(message.id)
    if (settle) settle(message)
    else this.onUnasked(message)
  }

  /** An answer to nothing, or a second one. */
  onUnasked = () => {}

  /** A request to the client; resolves with its `{ result }` or `{ error }`. */
  call(method, params) {
    const id = ++this.#lastId
    const answer = new Promise((resolve) => this.#pending.set(id, resolve))
    void this.send({ id, method, params })
    return answer
  }

  notify(method, params) {
    return this.send({ method, params })
  }

  respond(id, result) {
    void this.send({ id, result })
  }

  fail(id, code, message, data) {
    void this.send({ id, error: { code, message, ...(data === undefined ? {} : { data }) } })
  }

  send(message) {
    return this.raw(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  }

  /** Any bytes; resolves when the pipe has taken them, so that floods are slowed by the reader. */
  raw(bytes) {
    return new Promise((resolve) => process.stdout.write(bytes, () => resolve()))
  }
}
