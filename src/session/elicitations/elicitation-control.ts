// What the front doors may do about the questions of agents. Implemented by session-elicitations.ts.

import type { ElicitationAnswer } from '../../agent/elicitations/elicitation.ts'
import type { ElicitationId, SessionId } from '../../base/ids.ts'
import type { ElicitationRecord, ElicitationState } from '../../store/elicitation-record.ts'

/** Of the values of an answer a record has the names, never the values themselves. */
export type ShownElicitation = Omit<ElicitationRecord, 'content'>

export interface ElicitationControl {
  /** ELICITATION_NOT_FOUND. */
  get(id: ElicitationId): Promise<ShownElicitation>
  /** Newest first. SESSION_NOT_FOUND. */
  list(
    filter: { readonly sessionId?: SessionId; readonly state?: ElicitationState },
    limit: number,
  ): Promise<ShownElicitation[]>
  /**
   * First answer wins: ELICITATION_CLOSED afterwards. ELICITATION_INVALID names the field and leaves it open. `by`: who, for the
   * record. Resolves when the answer is stored.
   */
  answer(id: ElicitationId, answer: ElicitationAnswer, by: string): Promise<ShownElicitation>
}
