// What a stream says of a gateway that ends, and how a reader that comes back takes it.

import { HoldfastError } from '../base/errors.ts'
import type { StreamEnd, StreamGateway } from '../wire/event.ts'

/**
 * GATEWAY_DRAINING for an `end` that is the gateway's: `details.reason` is `stop` or `restart`, `details.retryAfterMs` when to come
 * back. Undefined for any other end.
 */
export function leavingError({ reason }: StreamEnd, told: StreamGateway | undefined): HoldfastError | undefined {
  if (reason !== 'gateway_stopping' && reason !== 'gateway_restarting') return undefined
  const retryAfterMs = told?.reconnect_after_ms ?? undefined
  const why = reason === 'gateway_restarting' ? 'restart' : 'stop'
  return new HoldfastError('GATEWAY_DRAINING', { reason: why, ...(retryAfterMs !== undefined && { retryAfterMs }) })
}
