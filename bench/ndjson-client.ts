// The bare client: spawn, split, JSON.parse, dispatch. The least that anybody pays who talks to an agent; nothing is checked or kept.

import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'

import type { TurnTimes } from './side.ts'

interface Message {
  readonly id?: number
  readonly method?: string
  readonly result?: unknown
  readonly error?: unknown
}

export class NdjsonClient {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  #rest = ''
  #lastId = 0
  #updates = 0
  #firstAt = 0
  #lastAt = 0

  constructor([command, ...args]: readonly [string, ...string[]]) {
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#child.stdout.setEncoding('utf8').on('data', (chunk: string) => this.#take(chunk))
    this.#child.once('exit', (code, signal) => this.#lose(new Error(`the agent exited (${code ?? signal})`)))
  }

  request(method: string, params: object): Promise<unknown> {
    const id = ++this.#lastId
    const waiting = Promise.withResolvers<unknown>()
    this.#waiting.set(id, waiting)
    this.#child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`)
    return waiting.promise
  }

  async initialize(): Promise<void> {
    await this.request('initialize', { protocolVersion: 1, clientCapabilities: {} })
  }

  async newSession(cwd: string): Promise<string> {
    const result = (await this.request('session/new', { cwd, mcpServers: [] })) as { sessionId: string }
    return result.sessionId
  }

  async prompt(sessionId: string, text: string): Promise<TurnTimes> {
    this.#updates = 0
    const from = performance.now()
    await this.request('session/prompt', { sessionId, prompt: [{ type: 'text', text }] })
    const endMs = performance.now() - from
    return { firstMs: this.#firstAt - from, lastMs: this.#lastAt - from, endMs, updates: this.#updates }
  }

  /** Ends the agent; resolves when it is gone. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()))
    this.#child.kill('SIGKILL')
    await exited
  }

  #take(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#dispatch(JSON.parse(line) as Message)
  }

  #dispatch({ id, method, result, error }: Message): void {
    if (method === 'session/update') {
      this.#lastAt = performance.now()
      if (this.#updates++ === 0) this.#firstAt = this.#lastAt
      return
    }
    if (id === undefined) return
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) waiting?.resolve(result)
    else waiting?.reject(new Error(JSON.stringify(error)))
  }

  #lose(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
