// The permission requests of all sessions as frames: the same stream for every reader, but for where it began.

import type { SessionService } from '../../session/service.ts'
import type { InboxStep, InboxStream } from '../../session/permissions/permission-inbox.ts'
import type { InboxSnapshot } from '../../wire/permission.ts'
import { permissionView } from '../views.ts'
import type { Frames, Source } from './stream-writer.ts'

type Permission = Extract<InboxStep, { kind: 'requested' | 'closed' }>['permission']

export interface InboxFrame {
  readonly event: 'snapshot' | 'permission.requested' | 'permission.closed'
  readonly data: object
}

/** Steps with the ids that clients know; ends with `steps`. */
export function inboxSource(steps: InboxStream, sessionIdOf: SessionService['sessionIdOf']): Source<InboxFrame> {
  const viewOf = async (permission: Permission) => permissionView(permission, await sessionIdOf(permission.sessionNo))
  async function* frames(): AsyncGenerator<InboxFrame> {
    for await (const step of steps) {
      if (step.kind === 'snapshot') {
        const snapshot: InboxSnapshot = { permissions: await Promise.all(step.permissions.map(viewOf)) }
        yield { event: 'snapshot', data: snapshot }
      } else yield { event: `permission.${step.kind}`, data: await viewOf(step.permission) }
    }
  }
  return {
    [Symbol.asyncIterator]: frames,
    finish: () => steps.finish(),
    [Symbol.dispose]: () => steps[Symbol.dispose](),
  }
}

export const INBOX_FRAMES: Frames<InboxFrame> = {
  of: ({ event, data }) => Buffer.from(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`),
  placeOf: () => undefined,
  endOf: () => undefined,
}
