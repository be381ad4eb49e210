// Holdfast as an editor meets it: the same gateway process, ACP instead of the API. As `facade` over a WebSocket, as `bridge` over
// `holdfast acp`.

import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'

import { WebSocket } from 'ws'

import { childEnvironment } from './child-environment.ts'
import { startGateway } from './gateway-process.ts'
import type { GatewayProcess } from './gateway-process.ts'
import { cpuMsOfAll } from './proc.ts'
import { serveSide } from './side.ts'
import type { Side, SideOptions, TurnBatch, TurnTimes } from './side.ts'

interface Message {
  readonly id?: number
  readonly method?: string
  readonly result?: { readonly sessionId?: string; readonly stopReason?: string }
  readonly error?: { readonly message: string }
}

interface Wire {
  send(line: string): void
  close(): void
}

class FacadeSide implements Side {
  readonly #answers = new Map<number, (message: Message) => void>()
  #onUpdate: () => void = () => {}
  #gateway: GatewayProcess | undefined
  #options: SideOptions | undefined
  #wire: Wire | undefined
  #lastId = 0

  async open(options: SideOptions): Promise<{ pid: number; readyMs: number }> {
    this.#options = options
    this.#gateway = await startGateway(options)
    this.#wire = process.argv[2] === 'bridge' ? this.#startBridge(options) : await this.#openSocket()
    await this.#ask('initialize', { protocolVersion: 1, clientCapabilities: {} })
    return { pid: this.#gateway.pid, readyMs: this.#gateway.readyMs }
  }

  async coldStart(): Promise<{ session: string; readyMs: number; endMs: number }> {
    const from = performance.now()
    const { result } = await this.#ask('session/new', { cwd: this.#options!.home, mcpServers: [] })
    const session = result!.sessionId!
    const { turns } = await this.prompt(session, 'turn', 1)
    return { session, readyMs: turns[0]!.firstMs, endMs: performance.now() - from }
  }

  async prompt(session: string, text: string, count: number): Promise<TurnBatch> {
    const { pid, keepers } = this.#gateway!
    const pids = [pid, ...keepers()]
    const before = cpuMsOfAll(pids)
    const turns: TurnTimes[] = []
    for (let i = 0; i < count; i++) turns.push(await this.#turn(session, text))
    return { turns, cpuMs: cpuMsOfAll(pids) - before }
  }

  async close(): Promise<void> {
    this.#wire?.close()
    await this.#gateway?.[Symbol.asyncDispose]()
  }

  async #turn(sessionId: string, text: string): Promise<TurnTimes> {
    const from = performance.now()
    let [firstMs, lastMs, updates] = [0, 0, 0]
    this.#onUpdate = () => {
      lastMs = performance.now() - from
      if (updates === 0) firstMs = lastMs
      updates += 1
    }
    await this.#ask('session/prompt', { sessionId, prompt: [{ type: 'text', text }] })
    return { firstMs, lastMs, endMs: performance.now() - from, updates }
  }

  #ask(method: string, params: object): Promise<Message> {
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      this.#answers.set(id, (message) => {
        if (message.error === undefined) resolve(message)
        else reject(new Error(`${method}: ${message.error.message}`))
      })
      this.#wire!.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }))
    })
  }

  #hear(line: string): void {
    const message = JSON.parse(line) as Message
    if (message.method === 'session/update') this.#onUpdate()
    if (message.id === undefined) return
    this.#answers.get(message.id)?.(message)
    this.#answers.delete(message.id)
  }

  #openSocket(): Promise<Wire> {
    const { socketPath, token } = this.#gateway!.address
    const socket = new WebSocket('ws://localhost/acp', {
      headers: { authorization: `Bearer ${token}` },
      maxPayload: 1e8,
      perMessageDeflate: false,
      handshakeTimeout: 5_000,
      createConnection: () => connect(socketPath),
    })
    socket.on('message', (data) => this.#hear(data.toString('utf8')))
    return new Promise((resolve, reject) => {
      socket.on('open', () => resolve({ send: (line) => socket.send(line), close: () => socket.terminate() }))
      socket.on('error', reject)
    })
  }

  #startBridge({ launcher, home }: SideOptions): Wire {
    const env = childEnvironment({ HOLDFAST_HOME: home })
    const child = spawn(process.execPath, [launcher, 'acp'], { env, stdio: ['pipe', 'pipe', 'inherit'] })
    createInterface({ input: child.stdout }).on('line', (line) => this.#hear(line))
    return { send: (line) => void child.stdin.write(`${line}\n`), close: () => child.stdin.end() }
  }
}

serveSide(new FacadeSide())
