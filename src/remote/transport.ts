// The port between a remote agent as the gateway's logic sees it and the wire that its messages travel on.
// One connection, one message at a time and in order; both ways are bounded.

import type { HoldfastError } from '../base/errors.ts'

/** What a wire tells. Nothing is told after `tooLong` or `lost`. */
export interface TransportListener {
  message(text: string): void
  /** A message was larger than it may be. */
  tooLong(): void
  /** AGENT_DISCONNECTED, AGENT_UNREACHABLE or AGENT_AUTH_REQUIRED. */
  lost(error: HoldfastError): void
}

export interface Transport {
  /** Never throws. `written` is called when the first byte of the message may be on its way; not at all if that never happens. */
  send(text: string, written: () => void): void
  /** Takes nothing more from the other side until `resume`; a little that is here already may still be told. */
  pause(): void
  resume(): void
  /** Ends the connection in order; resolves when it is closed, after two seconds at most. Nothing is told any more. */
  close(): Promise<void>
  /** Ends it at once. */
  cut(): void
}

/** Each in milliseconds. */
export interface TransportTimes {
  /** From the first packet to an open connection; for HTTP, to the head of an answer. */
  readonly connectMs: number
  /** How often a sign of life is asked for, and whether what was sent has left is looked at. Two without one are the end. */
  readonly beatMs: number
  /** A message over HTTP that is not answered with a status for so long is not taken. */
  readonly postMs: number
  /** How long a message that answers or cancels waits behind one that has no status yet. */
  readonly heldMs: number
  readonly closeMs: number
}

export const TRANSPORT_TIMES: TransportTimes = {
  connectMs: 15_000,
  beatMs: 15_000,
  postMs: 60_000,
  heldMs: 500,
  closeMs: 2_000,
}

/** Bytes that may wait for the other side. */
export const WAITING_BYTES_MAX = 64 * 1024 * 1024
