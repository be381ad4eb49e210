// What the next life of the simulated gateway finds of an earlier one's agents, as held-agents.ts reads it.

import type { AttachedAgent } from '../../src/session/input.ts'
import type { ModelStore } from './model-store.ts'
import type { Line } from './pipe.ts'
import type { Random } from './random.ts'
import type { ScriptedProcess } from './scripted-process.ts'
import { heldElicitations } from './world-elicitations.ts'

/** The process whose output the rows know up to a line; any other one is gone before the session opens. */
export function attachedTo(
  store: ModelStore,
  processes: readonly ScriptedProcess[],
  random: Random,
): AttachedAgent | undefined {
  const { generation, agentLine: line } = store.session
  const waiting = store.unsettledTurns().filter(({ state }) => state === 'queued')
  const hasRefused = ({ pipe }: ScriptedProcess): boolean => waiting.some(({ id }) => pipe.wasWritten(id))
  const held = processes.find((one) => one.generation === generation && line !== undefined && !hasRefused(one))
  for (const process of processes) if (process !== held) process.kill()
  if (held === undefined || line === undefined) return undefined
  const out = store.unsettledTurns().find((turn) => turn.generation === generation && turn.state !== 'queued')
  const isOut = out !== undefined && (out.state === 'running' || held.pipe.wasWritten(out.id))
  const ended = [...store.permissions.values()].filter((one) => one.state !== 'open')
  return {
    generation,
    pid: generation,
    line,
    isRetiring: random.chance(0.1),
    isOutdated: random.chance(0.1),
    turnId: isOut ? out.id : undefined,
    untold: ended.filter((one) => one.generation === generation && !held.pipe.wasWritten(`a${one.line}`)),
    elicitations: heldElicitations(store.elicitations, held),
  }
}

/** Whether what was asked on the line has a row. */
export function isStored({ permissions, elicitations }: ModelStore, { generation, line }: Line): boolean {
  const rows = [...permissions.values(), ...elicitations.rows.values()]
  return rows.some((one) => one.generation === generation && one.line === line)
}
