// The end of everything that the agent has asked and nobody has answered yet.

import type { Draft } from '../draft.ts'
import { closeElicitations } from '../elicitations/elicitations.ts'
import { closePermissions } from '../permissions/permissions.ts'

/** The agent, if it is alive, is told exactly once for each (C-43, C-45). */
export function closeRequests(draft: Draft, state: 'cancelled' | 'void'): void {
  closePermissions(draft, state)
  closeElicitations(draft, state)
}
