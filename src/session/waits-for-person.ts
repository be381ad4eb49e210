// Whether a session waits for a person: an agent that waits for one is not silent.

import type { SessionModel } from './state.ts'

export function waitsForPerson({
  permissions,
  elicitations,
}: Pick<SessionModel, 'permissions' | 'elicitations'>): boolean {
  return permissions.length > 0 || elicitations.length > 0
}
