// The modes of a session: what the agent may do by itself, what it asks for, what it must not do at all.

import type { JsonObject } from '../../../src/base/json.ts'

export const MODE_IDS = ['ask', 'code', 'plan'] as const

export type ModeId = (typeof MODE_IDS)[number]

const MODES: Readonly<Record<ModeId, { readonly name: string; readonly description: string }>> = {
  ask: { name: 'Ask', description: 'Asks before every change and every command.' },
  code: { name: 'Code', description: 'Asks before changes and commands; remembers what you allow always.' },
  plan: { name: 'Plan', description: 'Only reads, presents a plan, and asks to go on with it.' },
}

export function isModeId(value: unknown): value is ModeId {
  return MODE_IDS.some((id) => id === value)
}

/** `{ id, name, description }` of each mode, as ACP lists them. */
export function listModes(): JsonObject[] {
  return MODE_IDS.map((id) => ({ id, ...MODES[id] }))
}
