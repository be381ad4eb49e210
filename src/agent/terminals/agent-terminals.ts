// The commands that one agent process has asked for: terminal/* as the client serves it (C-63 to C-65).
// Owns the terminals from their creation until they are released, by the agent or with it. Knows no connection: it gives answers.

import { RPC_CODES } from '../../acp/rpc.ts'
import type { RpcErrorBody } from '../../acp/rpc.ts'
import { narrowCreateTerminal, narrowTerminalRef } from '../../acp/terminal-requests.ts'
import type { CreateTerminal, TerminalMethod } from '../../acp/terminal-requests.ts'
import { isHoldfastError } from '../../base/errors.ts'
import type { SessionId } from '../../base/ids.ts'
import type { JsonObject } from '../../base/json.ts'
import type { AgentHost, ProcessExit, StopReport } from '../../keeper/agent-host.ts'
import type { Terminal, TerminalSpec } from '../../keeper/held/terminal.ts'

/** What a command runs with unless its request says otherwise. */
export interface TerminalGround extends Pick<TerminalSpec, 'agent' | 'env' | 'cwd' | 'containment'> {
  readonly host: Pick<AgentHost, 'spawnTerminal'>
  readonly sessionId: SessionId
  readonly generation: number
}

export type TerminalAnswer =
  | { readonly kind: 'result'; readonly result: JsonObject }
  | { readonly kind: 'error'; readonly error: RpcErrorBody }

/** A request and the number of its line. */
export interface TerminalAsked {
  readonly method: TerminalMethod
  readonly params: JsonObject
  readonly line: number
}

/** Terminals of one agent process that are not released. */
export const TERMINALS_MAX = 32
const OUTPUT_BYTES_DEFAULT = 1024 * 1024
/** It is kept twice: here and with the holder. */
const OUTPUT_BYTES_MAX = 8 * 1024 * 1024

/** Modes: serving, then for ever ended by `release`. */
export class AgentTerminals {
  /** Undefined when nothing can be started any more; what there is goes on. */
  readonly #ground: TerminalGround | undefined
  readonly #terminals = new Map<string, Terminal>()
  readonly #creating = new Set<Promise<unknown>>()
  readonly #end = new AbortController()
  #onOutput: () => void = () => {}

  /** `held`: those of an earlier life of the gateway. */
  constructor(ground: TerminalGround | undefined, held: readonly Terminal[] = []) {
    this.#ground = ground
    for (const terminal of held) this.#add(terminal)
  }

  /** `tell` is called when a command has written something. */
  watch(tell: () => void): void {
    this.#onOutput = tell
  }

  /** Never rejects. May take as long as the command runs; asking again, in any life of the gateway, does nothing twice. */
  async answer(asked: TerminalAsked): Promise<TerminalAnswer> {
    try {
      return { kind: 'result', result: await this.#serve(asked) }
    } catch (error) {
      if (error instanceof Refusal) return { kind: 'error', error: error.body }
      return { kind: 'error', error: { code: RPC_CODES.internalError, message: reasonOf(error) } }
    }
  }

  /** Ends all of them, and those that are being started. Never rejects. */
  async release(): Promise<StopReport[]> {
    this.#end.abort()
    await Promise.allSettled(this.#creating)
    return Promise.all([...this.#terminals.values()].map((terminal) => terminal.release()))
  }

  #serve({ method, params, line }: TerminalAsked): Promise<JsonObject> | JsonObject {
    if (method === 'terminal/create') return this.#create(params, line)
    const terminal = this.#find(params)
    switch (method) {
      case 'terminal/output':
        return outputOf(terminal)
      case 'terminal/wait_for_exit':
        return terminal.exited.then(asStatus)
      case 'terminal/kill':
        return terminal.stop().then(asGone)
      case 'terminal/release':
        this.#terminals.delete(idOf(terminal))
        return terminal.release().then(asGone)
      default:
        return method satisfies never
    }
  }

  async #create(params: JsonObject, line: number): Promise<JsonObject> {
    const narrowed = narrowCreateTerminal(params)
    if (narrowed.kind === 'malformed') throw refusal(RPC_CODES.invalidParams, narrowed.reason)
    // An earlier life has started it and could not say so any more.
    const known = [...this.#terminals.values()].find((terminal) => terminal.line === line)
    if (known !== undefined) return { terminalId: idOf(known) }
    if (this.#terminals.size + this.#creating.size >= TERMINALS_MAX)
      throw refusal(RPC_CODES.internalError, `at most ${TERMINALS_MAX} terminals at once: release some`)
    const starting = this.#start(narrowed.request, line)
    this.#creating.add(starting)
    try {
      return { terminalId: this.#add(await starting) }
    } finally {
      this.#creating.delete(starting)
    }
  }

  #start({ argv, env, cwd, outputByteLimit }: CreateTerminal, line: number): Promise<Terminal> {
    const ground = this.#ground
    if (ground === undefined) throw refusal(RPC_CODES.internalError, 'this agent is not configured any more')
    const { host, ...own } = ground
    const outputBytesMax = Math.min(outputByteLimit ?? OUTPUT_BYTES_DEFAULT, OUTPUT_BYTES_MAX)
    const order = { argv, env: { ...own.env, ...env }, cwd: cwd ?? own.cwd, terminal: { line, outputBytesMax } }
    return host.spawnTerminal({ ...own, ...order }, this.#end.signal)
  }

  #add(terminal: Terminal): string {
    const id = idOf(terminal)
    this.#terminals.set(id, terminal)
    terminal.watch(() => this.#onOutput())
    return id
  }

  #find(params: JsonObject): Terminal {
    const narrowed = narrowTerminalRef(params)
    if (narrowed.kind === 'malformed') throw refusal(RPC_CODES.invalidParams, narrowed.reason)
    const { terminalId } = narrowed.request
    const terminal = this.#terminals.get(terminalId)
    if (terminal === undefined) throw refusal(RPC_CODES.resourceNotFound, 'there is no such terminal', { terminalId })
    return terminal
  }
}

class Refusal extends Error {
  readonly body: RpcErrorBody

  constructor(body: RpcErrorBody) {
    super(body.message)
    this.body = body
  }
}

function refusal(code: number, message: string, data?: JsonObject): Refusal {
  return new Refusal({ code, message, ...(data !== undefined && { data }) })
}

/** The lease names it: the same in every life of the gateway. */
function idOf({ leaseId }: Terminal): string {
  return `term-${leaseId}`
}

function outputOf(terminal: Terminal): JsonObject {
  const { text, isTruncated } = terminal.read()
  const { exit } = terminal
  return { output: text, truncated: isTruncated, ...(exit !== undefined && { exitStatus: asStatus(exit) }) }
}

function asStatus({ code, signal }: ProcessExit): JsonObject {
  return { exitCode: code, signal }
}

function asGone({ survivors }: StopReport): JsonObject {
  if (survivors.length === 0) return {}
  throw refusal(RPC_CODES.internalError, 'some of its processes could not be ended', { pids: [...survivors] })
}

/** The agent is told what is wrong with its command, in words that are not about the agent. */
function reasonOf(error: unknown): string {
  if (!isHoldfastError(error)) return 'Internal error'
  const { command, reason } = error.details
  switch (error.code) {
    case 'AGENT_COMMAND_MISSING':
      return `the command was not found: ${String(command)}`
    case 'AGENT_COMMAND_UNUSABLE':
      return `the command cannot be executed: ${String(command)} (${String(reason)})`
    default:
      return `the command could not be started: ${typeof reason === 'string' ? reason : error.code}`
  }
}
