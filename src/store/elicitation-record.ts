// What an agent has asked of a person, as it is stored. What was answered is in it only until the agent has it (ADR 42).

import type { ElicitationId, TurnId } from '../base/ids.ts'
import type { PermissionState, SessionNo } from './records.ts'

/** As of a permission request: `void` when the agent took it back or is gone. */
export type ElicitationState = PermissionState
export type ElicitationAction = 'accept' | 'decline' | 'cancel'

export interface ElicitationRecord {
  readonly id: ElicitationId
  readonly sessionNo: SessionNo
  readonly turnId: TurnId | undefined
  readonly generation: number
  /** JSON-RPC id of the agent's request. */
  readonly requestId: string | number | null
  /** Number of the request's line in the output of its process. */
  readonly line: number
  readonly mode: 'form' | 'url'
  readonly message: string
  /** Of a form: JSON Schema as JSON text, as the agent sent it. */
  readonly requestedSchema: string | undefined
  readonly url: string | undefined
  /** The agent's own name of one with a URL. */
  readonly agentElicitationId: string | undefined
  readonly toolCallId: string | undefined
  readonly state: ElicitationState
  /** What the agent was answered; undefined while it is open. */
  readonly action: ElicitationAction | undefined
  /** Names of the fields that were filled in. */
  readonly fields: readonly string[] | undefined
  /** The values, as JSON text, from the answer until the agent provably has it. */
  readonly content: string | undefined
  readonly answeredBy: string | undefined
  readonly requestedAt: number
  readonly dueAt: number
  readonly closedAt: number | undefined
  /** When the agent said that what the person was sent away for is done. */
  readonly completedAt: number | undefined
}

export interface ElicitationFilter {
  readonly sessionNo?: SessionNo
  readonly state?: ElicitationState
}

export type ElicitationWrite =
  | { readonly kind: 'elicitation.insert'; readonly elicitation: ElicitationRecord }
  | {
      readonly kind: 'elicitation.close'
      readonly elicitationId: ElicitationId
      readonly state: Exclude<ElicitationState, 'open'>
      readonly action: ElicitationAction
      readonly fields?: readonly string[]
      readonly content?: string
      readonly answeredBy?: string
      readonly closedAt: number
    }
  /** The values that were answered are not needed any more. */
  | { readonly kind: 'elicitation.forget'; readonly elicitationId: ElicitationId }
  /** The first time counts. */
  | { readonly kind: 'elicitation.complete'; readonly elicitationId: ElicitationId; readonly at: number }

export interface ElicitationReads {
  find(id: ElicitationId): Promise<ElicitationRecord | undefined>
  /** Newest first. */
  list(filter: ElicitationFilter, limit: number): Promise<ElicitationRecord[]>
  /** Those of a session that are open, or whose values are still kept; oldest first. */
  listUnsettled(no: SessionNo): Promise<ElicitationRecord[]>
}
