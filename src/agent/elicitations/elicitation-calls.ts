// The elicitation/create requests of one connection: judged here, decided by the session they are for. Always served: a request is
// stored and waits, so that nobody has to be there when it comes (C-07).

import { elicitationResult, narrowElicitation } from '../../acp/elicitation.ts'
import type { ElicitationAnswer } from '../../acp/elicitation.ts'
import { answerFrame } from '../../acp/peer.ts'
import type { JsonRpcPeer, RpcId } from '../../acp/peer.ts'
import { RPC_CODES } from '../../acp/rpc.ts'
import type { AgentProcess, StopReport } from '../../keeper/agent-host.ts'
import type { AskedOfUs, RequestServer } from '../link/request-server.ts'
import type { Tells } from '../link/tells.ts'

export interface ElicitationCallsPorts {
  readonly peer: Pick<JsonRpcPeer, 'respond' | 'respondError'>
  readonly process: Pick<AgentProcess, 'wasWritten' | 'flushed'>
  readonly tells: Pick<Tells, 'elicitationAsked'>
  /** Lines up to this one were dealt with by an earlier life of the gateway. */
  readonly storedLine: number
}

export class ElicitationCalls implements RequestServer {
  readonly #ports: ElicitationCallsPorts

  constructor(ports: ElicitationCallsPorts) {
    this.#ports = ports
  }

  serves(method: string): boolean {
    return method === 'elicitation/create'
  }

  /**
   * One that an earlier life has dealt with, and that no row says is unanswered, was refused then; the host writes no answer twice. One
   * for a request of ours outside of any session (a login) is dismissed: nobody is there to be asked.
   */
  take(id: RpcId, { params, line }: AskedOfUs): void {
    const { process, tells, storedLine } = this.#ports
    if (line <= storedLine || process.wasWritten(answerFrame(line))) return this.#respond(id, { action: 'cancel' })
    const narrowed = narrowElicitation(params)
    if (narrowed.kind === 'malformed') return this.#refuse(id, narrowed.reason)
    const { scope, elicitation } = narrowed
    if (scope.kind === 'request') return this.#respond(id, { action: 'cancel' })
    const isOurs = tells.elicitationAsked(scope.sessionId, { requestId: id, line, elicitation })
    if (!isOurs) this.#refuse(id, 'the session is not the one of this connection')
  }

  /** See AgentConnection. */
  answer(id: RpcId, answer: ElicitationAnswer): Promise<boolean> {
    this.#respond(id, answer)
    return this.#ports.process.flushed()
  }

  /** Its session is told, and answers it. */
  withdraw(): void {}

  /** What waits for a person is a row. */
  pinUpTo(): void {}

  release(): Promise<readonly StopReport[]> {
    return Promise.resolve([])
  }

  #respond(id: RpcId, answer: ElicitationAnswer): void {
    this.#ports.peer.respond(id, elicitationResult(answer))
  }

  #refuse(id: RpcId, message: string): void {
    this.#ports.peer.respondError(id, { code: RPC_CODES.invalidParams, message })
  }
}
