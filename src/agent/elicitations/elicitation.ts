// What an agent asks of a person beyond permission, as a session sees it.

import type { Elicitation } from '../../acp/elicitation.ts'
import type { AgentRequestId } from '../connection.ts'

export type { Elicitation, ElicitationAnswer } from '../../acp/elicitation.ts'

export interface ElicitationAsked {
  readonly requestId: AgentRequestId
  /** Number of the request's line; names its answer to the host. */
  readonly line: number
  readonly elicitation: Elicitation
}
