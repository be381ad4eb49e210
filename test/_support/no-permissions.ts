// Rules, modes, questions and the inbox for tests of the API that are not about them: nothing waits, nothing can be changed.

import { HoldfastError } from '../../src/base/errors.ts'
import type { InboxStep, InboxStream } from '../../src/session/inbox.ts'
import type { ElicitationControl } from '../../src/session/elicitations/elicitation-control.ts'
import type { PermissionControl } from '../../src/session/permissions/permission-control.ts'

export const NO_PERMISSIONS: PermissionControl = {
  setMode: () => Promise.reject(new HoldfastError('SESSION_CLOSED')),
  addRule: () => Promise.reject(new HoldfastError('PERMISSION_RULE_LIMIT', { limit: 0 })),
  revokeRule: (id) => Promise.reject(new HoldfastError('PERMISSION_RULE_NOT_FOUND', { rule: id })),
  rules: () => Promise.resolve([]),
  inbox: emptyInbox,
  attend: () => ({ [Symbol.dispose]: () => {} }),
}

const noQuestion = (id: string): Promise<never> =>
  Promise.reject(new HoldfastError('ELICITATION_NOT_FOUND', { elicitation: id }))

export const NO_ELICITATIONS: ElicitationControl = {
  get: noQuestion,
  answer: noQuestion,
  list: () => Promise.resolve([]),
}

function emptyInbox(): InboxStream {
  const ended = Promise.withResolvers<void>()
  async function* steps(): AsyncGenerator<InboxStep> {
    yield { kind: 'snapshot', permissions: [], elicitations: [] }
    await ended.promise
  }
  const end = (): void => ended.resolve()
  return { [Symbol.asyncIterator]: steps, finish: end, [Symbol.dispose]: end }
}
