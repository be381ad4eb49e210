// The port between a connection and the words of its protocol version: what a connection asks and hears in the shape of v1,
// whatever is spoken on the pipes.

import type { JsonRpcPeer, PeerOptions } from '../../acp/peer.ts'

export type AgentPeer = Pick<
  JsonRpcPeer,
  | 'request'
  | 'cancelRequest'
  | 'notify'
  | 'respond'
  | 'respondError'
  | 'expect'
  | 'restore'
  | 'receive'
  | 'note'
  | 'close'
> & {
  /** Its version wants updates before the answer to a resume. */
  readonly reportsEarly?: true
}

export interface PeerPorts extends PeerOptions {
  /** The agent has said something that nobody is told of. */
  alive(): void
  /** Runs `tell`, whose messages are not all that comes of the line: after a crash they are told again rather than that lost. */
  inPart(tell: () => void): void
}

export type OpenPeer = (ports: PeerPorts) => AgentPeer
