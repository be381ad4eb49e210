// A login to one agent, made by a person at this machine (ADR 40): what the agent offers, one way of it run, and the proof that it works
// now. Each step has a process of its own, so that none has read an old login (C-14). Owns the processes; asks and prints nothing.

import { narrowInitialize } from '../acp/initialize.ts'
import type { AgentCapabilities, LoginOffer } from '../acp/initialize.ts'
import type { LoginMethod } from '../acp/login-methods.ts'
import { RPC_CODES, RpcError } from '../acp/rpc.ts'
import { narrowNewSession } from '../acp/session-results.ts'
import { ignore } from '../base/deadline.ts'
import { HoldfastError } from '../base/errors.ts'
import type { Json, JsonObject } from '../base/json.ts'
import { redactSecrets } from '../base/redact.ts'
import type { Ground } from '../conformance/ground.ts'
import type { TestedAgent } from '../conformance/tested-agent.ts'

export interface LoginRequest {
  readonly agent: string
  /** Of Holdfast, for the handshake. */
  readonly version: string
  /** Where the session of the proof is; empty. */
  readonly cwd: string
  /** Bound of `authenticate`: a person is at it. Milliseconds. */
  readonly loginMs: number
  /** Bound of every other request, in milliseconds. */
  readonly stepMs: number
  readonly signal: AbortSignal
  /** What the agent writes to stderr while it logs in, as it comes: addresses and codes for the person. */
  hear(chunk: Uint8Array): void
}

const PROTOCOL_VERSION = 1
const DETAIL_CHARS_MAX = 500
/** For an agent to remove what the proof has made. */
const FORGET_MS = 5_000

interface Agreed {
  readonly login: LoginOffer
  readonly capabilities: AgentCapabilities
}

export class AgentLogin {
  readonly #ground: Ground
  readonly #request: LoginRequest

  constructor(ground: Ground, request: LoginRequest) {
    this.#ground = ground
    this.#request = request
  }

  /** What the agent offers. AGENT_EXITED, AGENT_NOT_ACP, AGENT_PROTOCOL_VERSION, AGENT_ERROR, DEADLINE, CANCELLED, SPAWN_FAILED. */
  look(): Promise<LoginOffer> {
    return this.#with((_, { login }) => Promise.resolve(login))
  }

  /** AGENT_LOGIN_FAILED when the agent says no, or the program of a terminal login ends with anything but 0. Else as `look`. */
  async logIn(method: LoginMethod): Promise<void> {
    if (method.kind === 'terminal') return this.#inTerminal(method)
    // C-12: nothing else is ever given to `authenticate`.
    if (method.kind !== 'agent') throw this.#failed(`a login of type ${method.type} cannot be run`)
    await this.#with(async (agent, { login: { methods } }) => {
      if (!methods.some(({ id, kind }) => id === method.id && kind === 'agent'))
        throw this.#failed('the agent does not offer it any more')
      await this.#ask(agent, 'authenticate', { methodId: method.id }, this.#request.loginMs)
    })
  }

  /** AGENT_UNSUPPORTED when the agent has no logout, AGENT_LOGIN_FAILED when it refuses. */
  async logOut(): Promise<void> {
    await this.#with(async (agent, { login: { canLogOut } }) => {
      if (!canLogOut) throw new HoldfastError('AGENT_UNSUPPORTED', { agent: this.#request.agent, method: 'logout' })
      await this.#ask(agent, 'logout', {}, this.#request.stepMs)
    })
  }

  /**
   * Whether a new process opens a session now; false: it wants a login. AGENT_ERROR when it refuses for another reason. The session is
   * deleted again, if the agent can.
   */
  prove(): Promise<boolean> {
    return this.#with(async (agent, { capabilities }) => {
      const { cwd, stepMs: ms, signal } = this.#request
      try {
        const made = await agent.ask('session/new', { cwd, mcpServers: [] }, { ms, signal })
        if (capabilities.delete) await this.#forget(agent, made)
        return true
      } catch (error) {
        if (error instanceof RpcError && error.code === RPC_CODES.authRequired) return false
        throw this.#converted(error)
      }
    })
  }

  /** Never rejects: the login works all the same. */
  async #forget(agent: TestedAgent, made: Json): Promise<void> {
    const narrowed = narrowNewSession(made)
    if (narrowed.kind === 'malformed') return
    const { sessionId } = narrowed.value
    await agent
      .ask('session/delete', { sessionId }, { ms: FORGET_MS, signal: this.#request.signal })
      .catch(ignore('it stays on the list of the agent, empty'))
  }

  async #with<T>(work: (agent: TestedAgent, agreed: Agreed) => Promise<T>): Promise<T> {
    const { hear } = this.#request
    await using agent = await this.#ground.start((chunk) => hear(chunk))
    return await work(agent, await this.#shakeHands(agent))
  }

  async #shakeHands(agent: TestedAgent): Promise<Agreed> {
    const { version, stepMs: ms, signal, agent: name } = this.#request
    const params = {
      protocolVersion: PROTOCOL_VERSION,
      clientCapabilities: {
        fs: { readTextFile: false, writeTextFile: false },
        terminal: false,
        auth: { terminal: true },
      },
      clientInfo: { name: 'holdfast', title: 'Holdfast', version },
    }
    const result = await agent.ask('initialize', params, { ms, signal }).catch((error: unknown) => {
      throw this.#converted(error)
    })
    const answer = narrowInitialize(result)
    if (answer.kind === 'malformed') throw new HoldfastError('AGENT_NOT_ACP', { agent: name, reason: answer.reason })
    const { protocolVersion, login, capabilities } = answer
    if (protocolVersion === PROTOCOL_VERSION) return { login, capabilities }
    const versions = { answered: protocolVersion, supported: PROTOCOL_VERSION }
    throw new HoldfastError('AGENT_PROTOCOL_VERSION', { agent: name, ...versions })
  }

  /** C-13: the same program and arguments, those of the method appended, its variables before the others; 0 alone is success. */
  async #inTerminal({ args, env }: Extract<LoginMethod, { kind: 'terminal' }>): Promise<void> {
    const { code, signal } = await this.#ground.runInTerminal({ args, env }, this.#request.signal)
    if (code !== 0)
      throw this.#failed(signal === null ? `its program ended with code ${code}` : `its program ended by ${signal}`)
  }

  async #ask(agent: TestedAgent, method: string, params: JsonObject, ms: number): Promise<Json> {
    try {
      return await agent.ask(method, params, { ms, signal: this.#request.signal })
    } catch (error) {
      if (error instanceof RpcError) throw this.#failed(textOf(error), error)
      throw error
    }
  }

  #failed(reason: string, cause?: Error): HoldfastError {
    return new HoldfastError('AGENT_LOGIN_FAILED', { agent: this.#request.agent, reason }, { cause })
  }

  #converted(error: unknown): unknown {
    if (!(error instanceof RpcError)) return error
    return new HoldfastError('AGENT_ERROR', { agent: this.#request.agent, reason: textOf(error) }, { cause: error })
  }
}

function textOf({ message }: RpcError): string {
  return redactSecrets(message).slice(0, DETAIL_CHARS_MAX).replace(/\.+$/, '')
}
