// The permission requests of all sessions: what waits for a person, without the questions.

import type { PermissionView } from '../wire/permission.ts'
import type { InboxStep } from './inbox-stream.ts'

export type PermissionStep =
  /** Everything that waits now. */
  | { readonly kind: 'snapshot'; readonly permissions: readonly PermissionView[] }
  | { readonly kind: 'requested' | 'closed'; readonly permission: PermissionView }

/** See HoldfastClient.followPermissions. */
export async function* permissionsOf(steps: AsyncIterable<InboxStep>): AsyncGenerator<PermissionStep, void, undefined> {
  for await (const step of steps) {
    if (step.kind === 'snapshot') yield { kind: 'snapshot', permissions: step.permissions }
    else if ('permission' in step) yield step
  }
}
