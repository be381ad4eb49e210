// What waits for a person in all sessions as frames: the same stream for every reader, but for where it began.

import type { SessionService } from '../../session/service.ts'
import type { InboxStep, InboxStream } from '../../session/inbox.ts'
import type { InboxSnapshot } from '../../wire/inbox.ts'
import { elicitationView } from '../elicitation-view.ts'
import { permissionView } from '../views.ts'
import type { Frames, Source } from './stream-writer.ts'

type Permission = Extract<InboxStep, { permission: unknown }>['permission']
type Elicitation = Extract<InboxStep, { elicitation: unknown }>['elicitation']

export interface InboxFrame {
  readonly event:
    | 'snapshot'
    | `permission.${'requested' | 'closed'}`
    | `elicitation.${'requested' | 'closed' | 'completed'}`
  readonly data: object
}

/** Steps with the ids that clients know; ends with `steps`. */
export function inboxSource(steps: InboxStream, sessionIdOf: SessionService['sessionIdOf']): Source<InboxFrame> {
  const viewOf = async (permission: Permission) => permissionView(permission, await sessionIdOf(permission.sessionNo))
  const questionOf = async (asked: Elicitation) => elicitationView(asked, await sessionIdOf(asked.sessionNo))
  async function* frames(): AsyncGenerator<InboxFrame> {
    for await (const step of steps) {
      if (step.kind === 'snapshot') {
        const snapshot: InboxSnapshot = {
          permissions: await Promise.all(step.permissions.map(viewOf)),
          elicitations: await Promise.all(step.elicitations.map(questionOf)),
        }
        yield { event: 'snapshot', data: snapshot }
      } else if ('permission' in step) yield { event: `permission.${step.kind}`, data: await viewOf(step.permission) }
      else yield { event: `elicitation.${step.kind}`, data: await questionOf(step.elicitation) }
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
