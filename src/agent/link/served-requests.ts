// The requests of one agent that are served here: which server takes one, and up to which line the host may forget what it told.

import type { RpcId } from '../../acp/peer.ts'
import type { StopReport } from '../../keeper/agent-host.ts'
import { AcknowledgedLines } from './acknowledged-lines.ts'
import type { AskedOfUs, RequestServer, ServerPorts } from './request-server.ts'

interface ServedPorts extends Omit<ServerPorts, 'withhold'> {
  acknowledge(line: number): void
}

export class ServedRequests {
  readonly #ports: ServerPorts
  readonly #acknowledged: AcknowledgedLines
  readonly #servers: RequestServer[] = []

  constructor({ peer, process, acknowledge }: ServedPorts) {
    this.#acknowledged = new AcknowledgedLines(acknowledge)
    this.#ports = { peer, process, withhold: (line) => this.#acknowledged.withhold(line) }
  }

  /** Serves one more family of requests from here on. */
  add<T extends RequestServer>(open: (ports: ServerPorts) => T): T {
    const server = open(this.#ports)
    this.#servers.push(server)
    return server
  }

  /** False: nobody serves this method. */
  take(id: RpcId, asked: AskedOfUs): boolean {
    const server = this.#servers.find((each) => each.serves(asked.method))
    server?.take(id, asked)
    return server !== undefined
  }

  /** The agent takes a request back, whoever serves it. */
  withdraw(id: RpcId): void {
    for (const server of this.#servers) server.withdraw(id)
  }

  /** What was told up to line `n` is stored; lines that somebody here still works on are kept by the host. */
  stored(n: number): void {
    for (const server of this.#servers) server.pinUpTo(n)
    this.#acknowledged.stored(n)
  }

  /** The process ends. Never rejects. */
  async release(): Promise<StopReport[]> {
    const reports = await Promise.all(this.#servers.map((server) => server.release()))
    return reports.flat()
  }
}
