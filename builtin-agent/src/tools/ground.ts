// What tools stand on: the directories of the session, the way to run commands, the plan, and the way out of planning.

import type { JsonObject } from '../../../src/base/json.ts'
import type { TextUse } from './disk.ts'
import type { Roots } from './roots.ts'
import type { Shell } from './shell/shell.ts'

export interface PlanStep {
  readonly content: string
  readonly status: 'pending' | 'in_progress' | 'completed'
}

export interface Ground {
  readonly roots: Roots
  readonly shell: Shell
  /** Replaces the plan that people see. */
  showPlan(steps: readonly PlanStep[]): void
  /** The plan is accepted: the session leaves the mode that only reads. */
  leavePlanning(): void
  /** Whether the model takes images. */
  readonly takesImages: boolean
  /** Writes the whole text of a file, in the editor where it has offered to do that. */
  writeText(path: string, text: string): Promise<void>
  /** The whole text of a file, with what is not saved yet where the editor tells it. Undefined when there is no such file. */
  readText(path: string, use: TextUse): Promise<string | undefined>
}

/** The arguments have been checked against the schema. */
export function stringArg(args: JsonObject, name: string): string {
  const value = args[name]
  return typeof value === 'string' ? value : ''
}

export function numberArg(args: JsonObject, name: string): number | undefined {
  const value = args[name]
  return typeof value === 'number' ? value : undefined
}
