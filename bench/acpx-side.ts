// The peer: acpx's embedded runtime on the same agent, through its public interface, with its own file store.
// Its package lives in bench/node_modules (npm ci in bench/); without it the column stays empty.

import { pathToFileURL } from 'node:url'
import { createRequire } from 'node:module'
import { join } from 'node:path'

import { serveSide } from './side.ts'
import type { Side, SideOptions, TurnBatch, TurnTimes } from './side.ts'

interface Handle {
  readonly sessionKey: string
}

interface Turn {
  readonly events: AsyncIterable<{ readonly type: string }>
  readonly result: Promise<{ readonly status: string; readonly error?: unknown }>
}

interface Runtime {
  ensureSession(input: object): Promise<Handle>
  startTurn(input: object): Turn
  shutdown?(): Promise<void>
}

interface Acpx {
  createAcpRuntime(options: object): Runtime
  createFileSessionStore(options: { stateDir: string }): unknown
  createAgentRegistry(options: object): unknown
}

const AGENT = 'bench'

class AcpxSide implements Side {
  readonly #handles = new Map<string, Handle>()
  #options: SideOptions | undefined
  #runtime: Runtime | undefined
  #requests = 0

  async open(options: SideOptions): Promise<{ pid: number; readyMs: number }> {
    const from = performance.now()
    const { home, agent } = options
    const { createAcpRuntime, createFileSessionStore, createAgentRegistry } = await loadAcpx()
    this.#options = options
    this.#runtime = createAcpRuntime({
      cwd: home,
      sessionStore: createFileSessionStore({ stateDir: join(home, 'acpx') }),
      agentRegistry: createAgentRegistry({ overrides: { [AGENT]: agent } }),
      permissionMode: 'approve-all',
    })
    return { pid: process.pid, readyMs: performance.now() - from }
  }

  async coldStart(): Promise<{ session: string; readyMs: number; endMs: number }> {
    const session = `bench-${this.#handles.size + 1}`
    const from = performance.now()
    const handle = await this.#runtime!.ensureSession({
      sessionKey: session,
      agent: AGENT,
      mode: 'persistent',
      cwd: this.#options!.home,
    })
    this.#handles.set(session, handle)
    const readyMs = performance.now() - from
    await this.#turn(handle, 'turn')
    return { session, readyMs, endMs: performance.now() - from }
  }

  async prompt(session: string, text: string, count: number): Promise<TurnBatch> {
    const handle = this.#handles.get(session)!
    const before = process.cpuUsage()
    const turns: TurnTimes[] = []
    for (let i = 0; i < count; i++) turns.push(await this.#turn(handle, text))
    const { user, system } = process.cpuUsage(before)
    return { turns, cpuMs: (user + system) / 1000 }
  }

  async close(): Promise<void> {
    await this.#runtime?.shutdown?.()
  }

  async #turn(handle: Handle, text: string): Promise<TurnTimes> {
    const from = performance.now()
    const requestId = `request-${++this.#requests}`
    const turn = this.#runtime!.startTurn({ handle, text, mode: 'prompt', requestId })
    let updates = 0
    let firstAt = 0
    let lastAt = 0
    for await (const { type } of turn.events) {
      if (type !== 'text_delta') continue
      lastAt = performance.now()
      if (updates++ === 0) firstAt = lastAt
    }
    const { status, error } = await turn.result
    if (status !== 'completed') throw new Error(`the turn ended ${status}: ${JSON.stringify(error)}`)
    return { firstMs: firstAt - from, lastMs: lastAt - from, endMs: performance.now() - from, updates }
  }
}

/** By path and not by name: the types of the repository must not depend on a package that only the benchmark has. */
async function loadAcpx(): Promise<Acpx> {
  const file = createRequire(import.meta.url).resolve('acpx/runtime')
  return (await import(pathToFileURL(file).href)) as Acpx
}

serveSide(new AcpxSide())
