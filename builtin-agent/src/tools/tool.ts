// What a tool of the agent is: described to the model, prepared (what would it do?), allowed or refused, run.
// Types and the one error class; the life of a call is tool-runner.ts.

import type { Json, JsonObject } from '../../../src/base/json.ts'
import type { Ground } from './ground.ts'

/** As ACP names them. */
export type ToolKind = 'read' | 'edit' | 'search' | 'execute' | 'think' | 'fetch' | 'switch_mode' | 'other'

export interface ToolLocation {
  /** Absolute. */
  readonly path: string
  /** From 1. */
  readonly line?: number
}

export interface Tool {
  readonly name: string
  readonly description: string
  /** JSON Schema of the arguments; they are checked before `title` and `prepare` see them. */
  readonly parameters: JsonObject
  readonly kind: ToolKind
  /** Offered in the modes named here. */
  readonly offeredIn: 'always' | 'unlessPlanning' | 'whilePlanning'
  /** Not shown as a call: what it does is shown by itself. */
  readonly isSilent?: boolean
  /** One line for people; the arguments may be anything here. */
  title(args: JsonObject): string
  /** Finds out what the call would do, without doing it. Rejects with ToolFailure. */
  prepare(args: JsonObject, ground: Ground): Promise<PreparedCall>
}

/** What somebody must allow before it happens. */
export interface Effect {
  /** What an answer for good holds for, within the session. */
  readonly key: string
  /** The same in words, after "Always allow" and "Always reject": `edits`, `npm test`. */
  readonly scope: string
}

export interface PreparedCall {
  readonly title?: string
  readonly locations?: readonly ToolLocation[]
  /** Shown before it is allowed, such as a diff. */
  readonly content?: readonly JsonObject[]
  /** Undefined: nothing to ask for. */
  readonly effect?: Effect
  run(progress: Progress, signal: AbortSignal): Promise<ToolOutcome>
}

/** Shows content of a call that still runs. */
export type Progress = (content: readonly JsonObject[]) => void

export interface ToolOutcome {
  /** For the model. */
  readonly text: string
  readonly images?: readonly { readonly data: string; readonly mimeType: string }[]
  /** For people; `text` when absent. */
  readonly content?: readonly JsonObject[]
  readonly rawOutput?: Json
  /** It ran, and what it was to do did not succeed: a command with another exit code than 0. */
  readonly isFailure?: boolean
  /** The model is not asked again in this turn. */
  readonly endsTurn?: boolean
}

/** A call that cannot be done; the sentence goes to the model and to the person. */
export class ToolFailure extends Error {
  override readonly name = 'ToolFailure'
}

/** Text as content of a tool call. */
export function textContent(text: string): JsonObject {
  return { type: 'content', content: { type: 'text', text } }
}

export function diffContent(path: string, oldText: string | undefined, newText: string): JsonObject {
  return { type: 'diff', path, oldText: oldText ?? null, newText }
}
