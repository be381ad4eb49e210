// The port between a connection and what serves one family of the agent's requests: terminals, files.
// A connection asks its servers in turn; a method that none of them serves is not known (C-60).

import type { JsonRpcPeer, RpcId } from '../../acp/peer.ts'
import type { JsonObject } from '../../base/json.ts'
import type { AgentProcess, StopReport } from '../../keeper/agent-host.ts'

/** A request, and the number of its line. */
export interface AskedOfUs {
  readonly method: string
  readonly params: JsonObject
  readonly line: number
}

export interface RequestServer {
  serves(method: string): boolean
  /** Leads to exactly one answer, now or later. A line that is read again after a crash is served again: it must do nothing twice. */
  take(id: RpcId, asked: AskedOfUs): void
  /** The agent takes a request back: it is still answered once, and what it waits for may go on. Any id. */
  withdraw(id: RpcId): void
  /** To be called before the lines up to `n` are acknowledged: a request that is still open is pinned, or answered by then. */
  pinUpTo(n: number): void
  /** The process ends: gives back whatever was held for it. Never rejects. */
  release(): Promise<readonly StopReport[]>
}

/** What a connection gives to who serves it. */
export interface ServerPorts {
  readonly peer: Pick<JsonRpcPeer, 'respond' | 'respondError'>
  readonly process: Pick<AgentProcess, 'wasWritten' | 'pin'>
  /** See AcknowledgedLines. */
  withhold(line: number): Disposable
}
