// The terminal/* requests of one connection between their line and their answer. A request that waits for long outlives the
// acknowledgement of its line: it is pinned with the host, and the next life of the gateway answers it.

import { answerFrame } from '../../acp/peer.ts'
import type { JsonRpcPeer, RpcId } from '../../acp/peer.ts'
import { RPC_CODES } from '../../acp/rpc.ts'
import { isTerminalMethod } from '../../acp/terminal-requests.ts'
import { assert } from '../../base/assert.ts'
import { ignore } from '../../base/deadline.ts'
import type { AgentProcess, StopReport } from '../../keeper/agent-host.ts'
import type { AskedOfUs, RequestServer } from '../link/request-server.ts'
import type { AgentTerminals, TerminalAsked } from './agent-terminals.ts'

export interface TerminalCallsPorts {
  readonly terminals: AgentTerminals
  readonly peer: Pick<JsonRpcPeer, 'respond' | 'respondError'>
  readonly process: Pick<AgentProcess, 'wasWritten' | 'pin'>
}

export class TerminalCalls implements RequestServer {
  readonly #ports: TerminalCallsPorts
  /** Lines of requests that are not answered, and not pinned yet. */
  readonly #unanswered = new Set<number>()
  /** Waits that are not answered: the id of each request, and its line. */
  readonly #waits = new Map<RpcId, number>()

  constructor(ports: TerminalCallsPorts) {
    this.#ports = ports
  }

  serves(method: string): boolean {
    return isTerminalMethod(method)
  }

  /** The host writes no answer twice. */
  take(id: RpcId, { method, params, line }: AskedOfUs): void {
    const { peer, process } = this.#ports
    assert(isTerminalMethod(method), 'only what is served is taken')
    const asked = { method, params, line }
    if (process.wasWritten(answerFrame(asked.line))) return peer.respond(id, {}) // never written
    this.#unanswered.add(asked.line)
    if (method === 'terminal/wait_for_exit') this.#waits.set(id, line)
    this.#answer(id, asked).catch(ignore('answer() does not reject'))
  }

  /** A wait ends with -32800; the command goes on. What else is asked for does not take long. */
  withdraw(id: RpcId): void {
    const line = this.#waits.get(id)
    if (line === undefined) return
    this.#waits.delete(id)
    this.#unanswered.delete(line)
    this.#ports.peer.respondError(id, { code: RPC_CODES.requestCancelled, message: 'Request cancelled' })
  }

  pinUpTo(n: number): void {
    for (const line of this.#unanswered) {
      if (line > n) continue
      this.#ports.process.pin(line, answerFrame(line))
      this.#unanswered.delete(line)
    }
  }

  /** See AgentTerminals. */
  release(): Promise<StopReport[]> {
    return this.#ports.terminals.release()
  }

  async #answer(id: RpcId, asked: TerminalAsked): Promise<void> {
    const { terminals, peer } = this.#ports
    const answer = await terminals.answer(asked)
    if (asked.method === 'terminal/wait_for_exit') {
      if (this.#waits.get(id) !== asked.line) return // taken back; the id may be used again
      this.#waits.delete(id)
    }
    this.#unanswered.delete(asked.line)
    if (answer.kind === 'result') peer.respond(id, answer.result)
    else peer.respondError(id, answer.error)
  }
}
