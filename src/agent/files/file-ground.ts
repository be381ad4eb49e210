// Which files an agent gets from us: what its definition says, where the system lets us keep to it.

import type { SessionId } from '../../base/ids.ts'
import type { AgentDefinition, FileAccess } from '../definition.ts'
import type { AgentLink } from '../link/agent-link.ts'
import { FileCalls } from './file-calls.ts'
import { canHoldEntries } from './held-entry.ts'
import type { OwnPlaces } from './own-places.ts'
import { SessionFiles } from './session-files.ts'

export interface FilesRequest {
  readonly definition: AgentDefinition
  readonly sessionId: SessionId
  readonly generation: number
  /** The directories of the session. */
  readonly roots: readonly string[]
  /** See FileGround. */
  readonly life: number
}

/** Without a way to confine them (7.2) no files are offered, whatever is configured. */
export function fileAccessOf({ files = 'none' }: AgentDefinition, isConfinable = canHoldEntries()): FileAccess {
  return isConfinable ? files : 'none'
}

/** Serves fs/* on `link` from here on; undefined when the agent gets no files. */
export function offerFiles(link: AgentLink, own: OwnPlaces, request: FilesRequest): SessionFiles | undefined {
  const { definition, roots: directories, sessionId, generation, life } = request
  const access = fileAccessOf(definition)
  if (access === 'none') return undefined
  const files = new SessionFiles({ access, own, directories, sessionId, generation, life })
  link.offer((ports) => new FileCalls(files, ports))
  return files
}
