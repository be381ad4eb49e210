// What a name of a session stands for: nothing, a session that can be used, or one that is there and cannot be used any more.

import type { AgentDefinition } from '../../agent/definition.ts'
import { HoldfastError, isHoldfastError } from '../../base/errors.ts'
import type { SessionRecord } from '../../store/records.ts'
import type { Store } from '../../store/store.ts'

export type Resolution =
  | { readonly kind: 'none' }
  | { readonly kind: 'ready'; readonly session: SessionRecord }
  | { readonly kind: 'stale'; readonly session: SessionRecord; readonly reason: string }

export interface ResolutionPorts {
  readonly store: Pick<Store, 'findSession'>
  checkCwd(cwd: string): Promise<string>
  findDefinition(name: string): AgentDefinition | undefined
}

/** By id or key. Looks at the disk: for calls that are about to need an agent. */
export async function resolveSession(ports: ResolutionPorts, idOrKey: string): Promise<Resolution> {
  const session = await ports.store.findSession(idOrKey.trim())
  if (session === undefined) return { kind: 'none' }
  const reason = await staleReason(ports, session)
  return reason === undefined ? { kind: 'ready', session } : { kind: 'stale', session, reason }
}

/** SESSION_STALE when no agent could be started for the session as things are. */
export async function refuseStale(ports: Omit<ResolutionPorts, 'store'>, session: SessionRecord): Promise<void> {
  const reason = await staleReason(ports, session)
  if (reason !== undefined) throw new HoldfastError('SESSION_STALE', { session: session.key ?? session.id, reason })
}

async function staleReason(
  { checkCwd, findDefinition }: Omit<ResolutionPorts, 'store'>,
  { agent, cwd }: SessionRecord,
): Promise<string | undefined> {
  if (findDefinition(agent) === undefined) return `its agent ${agent} is not in the configuration any more`
  try {
    await checkCwd(cwd)
    return undefined
  } catch (error) {
    if (!isHoldfastError(error)) throw error
    return error.code === 'CWD_NOT_ALLOWED' ? `agents may not work in ${cwd} any more` : `${cwd} is not there any more`
  }
}
