// The loop around a stream that goes on over reconnects: one connection at a time, a growing wait after each that is lost.

import type { StreamGateway } from '../wire/event.ts'
import { isWorthRetrying, pauseBeforeRetry } from './sse-connection.ts'

export interface ReconnectOptions {
  readonly signal?: AbortSignal | undefined
  /** Told when the gateway says that it will end, some time before the stream does. */
  readonly onLeaving?: ((gateway: StreamGateway) => void) | undefined
  /**
   * Told each time the connection is lost, before the wait; GATEWAY_DRAINING when the gateway said that it ends, with
   * `details.reason` `stop` or `restart`.
   */
  readonly onReconnect?: ((attempt: number, error: unknown) => void) | undefined
}

/** One connection: gives what it reads, calls `heard` for each sign of life, returns true when the stream is over for good. */
export type Connection<Step> = (signal: AbortSignal, heard: () => void) => AsyncGenerator<Step, boolean, undefined>

const NEVER_ABORTED = new AbortController().signal

/** Ends when a connection says so or `signal` aborts. Rejects with what another connection cannot help. */
export async function* overReconnects<Step>(
  { signal = NEVER_ABORTED, onReconnect }: ReconnectOptions,
  connect: Connection<Step>,
): AsyncGenerator<Step, void, undefined> {
  let attempt = 0
  const heard = (): void => void (attempt = 0)
  while (!isAborted(signal)) {
    let failure: unknown
    try {
      if (yield* connect(signal, heard)) return
    } catch (error) {
      if (isAborted(signal)) return
      if (!isWorthRetrying(error)) throw error
      failure = error
    }
    attempt += 1
    onReconnect?.(attempt, failure)
    await pauseBeforeRetry(attempt, failure, signal)
  }
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted
}
