// The plainest ACP client: JSON lines over a child's stdio, everything received kept in order. For tests of agents alone.
// Knows nothing of sessions; answers the agent's requests with what the test registered, else -32601.

import { type ChildProcess, spawn } from 'node:child_process'

/** Test code reads frames freely; what it reads it asserts. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Frame = Record<string, any>

export interface BareClientOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

type Answer = (params: Frame) => unknown

const WAIT_MS = 15_000
const STDERR_CHARS_MAX = 16_384

export class BareClient implements AsyncDisposable {
  /** Every frame and junk line (`{ junk }`) from the agent, in wire order. */
  readonly frames: Frame[] = []
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  /** stdout has ended and every line of it is in `frames`. */
  readonly outputEnded: Promise<void>
  stderr = ''
  readonly #child: ChildProcess
  readonly #answers = new Map<string, Answer>()
  readonly #watchers = new Set<() => void>()
  #lastId = 0

  constructor([command, ...args]: readonly [string, ...string[]], { env = {}, cwd }: BareClientOptions = {}) {
    const options = { env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env }, detached: true }
    this.#child = spawn(command, args, { ...options, stdio: 'pipe', ...(cwd ? { cwd } : {}) })
    this.exited = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => resolve({ code, signal }))
      this.#child.once('error', () => resolve({ code: null, signal: null }))
    })
    this.#child.stdin!.on('error', () => {}) // the agent may be gone: the test sees it by `exited`
    this.#child.stderr!.on('data', (chunk: Buffer) => {
      this.stderr = (this.stderr + chunk.toString()).slice(-STDERR_CHARS_MAX)
    })
    this.outputEnded = new Promise((resolve) => this.#child.stdout!.once('close', resolve))
    this.#readLines()
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** Answers requests of this method from now on; a promise is awaited first. */
  answer(method: string, answer: Answer): void {
    this.#answers.set(method, answer)
  }

  /** Sends a request; resolves with the whole response frame (`result` or `error`), rejects after `ms`. */
  async request(method: string, params: object, ms = WAIT_MS): Promise<Frame> {
    const id = this.send(method, params)
    return this.waitFor((frame) => frame['id'] === id && !('method' in frame), `response to ${method}`, ms)
  }

  /** Sends a request without waiting; gives its id. */
  send(method: string, params: object): number {
    const id = ++this.#lastId
    this.write({ jsonrpc: '2.0', id, method, params })
    return id
  }

  notify(method: string, params: object): void {
    this.write({ jsonrpc: '2.0', method, params })
  }

  write(frame: object): void {
    this.#child.stdin!.write(`${JSON.stringify(frame)}\n`)
  }

  endStdin(): void {
    this.#child.stdin!.end()
  }

  /** The first frame, past or future, that matches. */
  waitFor(matches: (frame: Frame) => boolean, what: string, ms = WAIT_MS): Promise<Frame> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = this.frames.find(matches)
        if (found) settle(() => resolve(found))
      }
      const settle = (finish: () => void): void => {
        clearTimeout(timer)
        this.#watchers.delete(look)
        finish()
      }
      const fail = (): void => {
        settle(() => reject(new Error(`no ${what} within ${ms} ms; stderr: ${this.stderr.slice(-500)}`)))
      }
      const timer = setTimeout(fail, ms)
      this.#watchers.add(look)
      look()
    })
  }

  /** The `update` objects of all session updates received so far, in order. */
  updates(kind?: string): Frame[] {
    const updates = this.frames.filter((frame) => frame['method'] === 'session/update').map((f) => f['params'].update)
    return kind ? updates.filter((update) => update.sessionUpdate === kind) : updates
  }

  /** The agent's message text received so far. */
  text(): string {
    return this.updates('agent_message_chunk')
      .map((update) => update['content'].text)
      .join('')
  }

  /** Handshake and a new session; gives the session id. */
  async start(cwd: string, capabilities: object = {}): Promise<string> {
    await this.request('initialize', { protocolVersion: 1, clientCapabilities: capabilities }, 30_000)
    const { result } = await this.request('session/new', { cwd, mcpServers: [] }, 30_000)
    return result.sessionId
  }

  prompt(sessionId: string, text: string, ms = WAIT_MS): Promise<Frame> {
    return this.request('session/prompt', { sessionId, prompt: [{ type: 'text', text }] }, ms)
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    try {
      process.kill(-this.pid, signal)
    } catch {
      // the group is gone already
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill()
    await this.exited
  }

  /** By hand: readline would also split at U+2028, which JSON may hold. */
  #readLines(): void {
    let rest = ''
    this.#child.stdout!.setEncoding('utf8')
    this.#child.stdout!.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop()!
      for (const line of lines) this.#receive(line)
    })
    this.#child.stdout!.on('end', () => rest && this.#receive(rest))
  }

  #receive(line: string): void {
    let frame: Frame
    try {
      frame = JSON.parse(line)
    } catch {
      frame = { junk: line }
    }
    this.frames.push(frame)
    if (typeof frame['method'] === 'string' && 'id' in frame) void this.#reply(frame)
    for (const look of this.#watchers) look()
  }

  async #reply({ id, method, params }: Frame): Promise<void> {
    const answer = this.#answers.get(method)
    if (!answer) return this.write({ jsonrpc: '2.0', id, error: { code: -32601, message: 'Method not found' } })
    this.write({ jsonrpc: '2.0', id, result: await answer(params) })
  }
}

/** An answer to `session/request_permission` that picks the first option of one of these kinds. */
export function choose(...kinds: string[]): Answer {
  return ({ options }) => {
    const option = options.find((candidate: Frame) => kinds.includes(candidate['kind']))
    return { outcome: option ? { outcome: 'selected', optionId: option.optionId } : { outcome: 'cancelled' } }
  }
}
