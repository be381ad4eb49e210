// Follows what waits for a person in all sessions over reconnects. Each connection begins with everything that is open, so a reader
// that takes each snapshot as the whole truth misses nothing that still waits.

import type { ElicitationView } from '../wire/elicitation.ts'
import type { StreamEnd, StreamGateway } from '../wire/event.ts'
import type { InboxSnapshot } from '../wire/inbox.ts'
import type { PermissionView } from '../wire/permission.ts'
import { leavingError } from './leaving.ts'
import { overReconnects } from './reconnect.ts'
import type { ReconnectOptions } from './reconnect.ts'
import type { Requests } from './requests.ts'
import { readFrames } from './sse-connection.ts'
import type { SseFrame } from './sse-parser.ts'

export type InboxStep =
  /** Everything that waits now. */
  | ({ readonly kind: 'snapshot' } & InboxSnapshot)
  | { readonly kind: 'requested' | 'closed'; readonly permission: PermissionView }
  /** `completed`: what a URL was for is done, says the agent. */
  | { readonly kind: 'requested' | 'closed' | 'completed'; readonly elicitation: ElicitationView }

/** See HoldfastClient.followInbox. */
export function followInbox(requests: Requests, options: ReconnectOptions): AsyncGenerator<InboxStep, void, undefined> {
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

const TOLD = /^(permission|elicitation)\.(requested|closed|completed)$/

function toStep({ event, data }: SseFrame, leaving: StreamGateway | undefined): InboxStep | undefined {
  if (event === 'snapshot') return { kind: 'snapshot', ...(JSON.parse(data) as InboxSnapshot) }
  if (event === 'end') {
    const error = leavingError(JSON.parse(data) as StreamEnd, leaving)
    if (error !== undefined) throw error
    return undefined
  }
  const [, of, kind] = TOLD.exec(event) ?? []
  return of === undefined ? undefined : ({ kind, [of]: JSON.parse(data) as unknown } as InboxStep)
}
