// Follows the permission requests of all sessions over reconnects. Each connection begins with everything that is open, so a reader
// that takes each snapshot as the whole truth misses nothing that still waits.

import { HoldfastError } from '../base/errors.ts'
import type { StreamEnd } from '../wire/event.ts'
import type { InboxSnapshot, PermissionView } from '../wire/permission.ts'
import type { EventsOptions } from './event-stream.ts'
import type { Requests } from './requests.ts'
import { isWorthRetrying, pauseBeforeRetry, readFrames } from './sse-connection.ts'
import type { SseFrame } from './sse-parser.ts'

export type PermissionStep =
  /** Everything that waits now. */
  | { readonly kind: 'snapshot'; readonly permissions: readonly PermissionView[] }
  | { readonly kind: 'requested' | 'closed'; readonly permission: PermissionView }

/** See HoldfastClient.followPermissions. */
export async function* followPermissions(
  requests: Requests,
  { signal = NEVER_ABORTED, onReconnect }: Omit<EventsOptions, 'after'>,
): AsyncGenerator<PermissionStep, void, undefined> {
  let attempt = 0
  while (!isAborted(signal)) {
    let failure: unknown
    try {
      for await (const frame of readFrames(requests, '/v1/permissions/events', signal)) {
        const step = toStep(frame)
        if (step === undefined) continue
        attempt = 0
        yield step
      }
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

const NEVER_ABORTED = new AbortController().signal

function toStep({ event, data }: SseFrame): PermissionStep | undefined {
  switch (event) {
    case 'snapshot':
      return { kind: 'snapshot', permissions: (JSON.parse(data) as InboxSnapshot).permissions }
    case 'permission.requested':
      return { kind: 'requested', permission: JSON.parse(data) as PermissionView }
    case 'permission.closed':
      return { kind: 'closed', permission: JSON.parse(data) as PermissionView }
    case 'end':
      if ((JSON.parse(data) as StreamEnd).reason === 'gateway_stopping') throw new HoldfastError('GATEWAY_DRAINING')
      return undefined
    default:
      return undefined
  }
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted
}
