// Follows the permission requests of all sessions over reconnects. Each connection begins with everything that is open, so a reader
// that takes each snapshot as the whole truth misses nothing that still waits.

import type { StreamEnd, StreamGateway } from '../wire/event.ts'
import type { InboxSnapshot } from '../wire/inbox.ts'
import type { PermissionView } from '../wire/permission.ts'
import { leavingError } from './leaving.ts'
import { overReconnects } from './reconnect.ts'
import type { ReconnectOptions } from './reconnect.ts'
import type { Requests } from './requests.ts'
import { readFrames } from './sse-connection.ts'
import type { SseFrame } from './sse-parser.ts'

export type PermissionStep =
  /** Everything that waits now. */
  | { readonly kind: 'snapshot'; readonly permissions: readonly PermissionView[] }
  | { readonly kind: 'requested' | 'closed'; readonly permission: PermissionView }

/** See HoldfastClient.followPermissions. */
export function followPermissions(
  requests: Requests,
  options: ReconnectOptions,
): AsyncGenerator<PermissionStep, void, undefined> {
  return overReconnects(options, async function* (signal, heard) {
    let leaving: StreamGateway | undefined
    for await (const frame of readFrames(requests, '/v1/permissions/events', signal)) {
      if (frame.event === 'gateway') options.onLeaving?.((leaving = JSON.parse(frame.data) as StreamGateway))
      const step = toStep(frame, leaving)
      if (step === undefined) continue
      heard()
      yield step
    }
    return false
  })
}

function toStep({ event, data }: SseFrame, leaving: StreamGateway | undefined): PermissionStep | undefined {
  switch (event) {
    case 'snapshot':
      return { kind: 'snapshot', permissions: (JSON.parse(data) as InboxSnapshot).permissions }
    case 'permission.requested':
      return { kind: 'requested', permission: JSON.parse(data) as PermissionView }
    case 'permission.closed':
      return { kind: 'closed', permission: JSON.parse(data) as PermissionView }
    case 'end': {
      const error = leavingError(JSON.parse(data) as StreamEnd, leaving)
      if (error !== undefined) throw error
      return undefined
    }
    default:
      return undefined
  }
}
