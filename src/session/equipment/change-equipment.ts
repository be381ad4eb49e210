// Another equipment for the agent of a session: stored and told at once, true from the next start of the agent on. A process that was
// opened otherwise ends when no turn is out, so that it is true soon.

import { canContinue } from '../../agent/start/open-agent-session.ts'
import type { SessionEquipment } from '../../store/records.ts'
import { retire } from '../agents/retire-agent.ts'
import type { Draft } from '../draft.ts'
import type { CallerInput } from '../input.ts'
import { toContinue } from '../terms/conversation.ts'
import type { EquipmentChange } from './equipper.ts'
import { pump } from '../turns/queue.ts'

export function changeEquipment(
  draft: Draft,
  { reply, change: { equipment, given } }: Extract<CallerInput, { kind: 'equip' }>,
): void {
  const { state } = draft
  if (state.phase.kind === 'draining') return draft.refuse(reply, 'GATEWAY_DRAINING')
  if (state.phase.kind !== 'open') return draft.refuse(reply, 'SESSION_CLOSED')
  if (given !== undefined) draft.write({ kind: 'session.given', given: given.whole })
  if (!isSameEquipment({ equipment, given: undefined }, state)) {
    draft.agree({ equipment })
    draft.event('equipment.changed', undefined, equipmentView(equipment))
    if (mayEnd(draft)) retire(draft, 'equipment_changed')
  }
  pump(draft)
  draft.reply(reply, { kind: 'equipped' })
}

/** What is asked for is as it is: nothing has to be stored. */
export function isSameEquipment(
  { equipment, given }: EquipmentChange,
  { terms }: { readonly terms: { readonly equipment: SessionEquipment } },
): boolean {
  return given === undefined && JSON.stringify(equipment) === JSON.stringify(terms.equipment)
}

/** One whose conversation could not be gone on with lives on as it is: its next start is early enough. */
function mayEnd({ state }: Draft): boolean {
  return state.agent.kind === 'starting' || toContinue(state) === undefined || canContinue(state.agentCapabilities)
}

/** As it is shown and told: names and paths. */
export function equipmentView({ mcpServers, directories, given }: SessionEquipment): {
  mcp_servers: string[]
  editor_mcp_servers: string[]
  additional_directories: string[]
} {
  return {
    mcp_servers: [...mcpServers],
    editor_mcp_servers: [...given.mcpServers],
    additional_directories: [...new Set([...directories, ...given.directories])],
  }
}
