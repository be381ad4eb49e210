// What a session and its agent have agreed before there was an agent.

import type { EquipmentRequest } from '../../src/session/equipment/equipper.ts'
import { NO_EQUIPMENT } from '../../src/store/records.ts'
import type { SessionEquipment, SessionTerms } from '../../src/store/records.ts'

export const NEW_TERMS: SessionTerms = {
  continuity: 'resume',
  options: {},
  controls: undefined,
  title: undefined,
  conversation: { source: undefined, isUsed: false, begunAt: undefined, anew: undefined, isLost: false },
  login: undefined,
  definitionDigest: undefined,
  equipment: NO_EQUIPMENT,
}

/** What is named of a request, unchecked. */
export function equipped(equipment: SessionEquipment, { mcpServers, directories }: EquipmentRequest): SessionEquipment {
  return { ...equipment, ...(mcpServers && { mcpServers }), ...(directories && { directories }) }
}
