// The agent loop of the library, loaded when the first prompt needs it: it takes longer than all of ours together.

import type * as Loop from '@earendil-works/pi-agent-core'
import type * as Models from '@earendil-works/pi-ai'

/** What we use of both packages. */
export type AgentLibrary = Pick<
  typeof Loop,
  | 'BACKGROUND_CONTEXT'
  | 'convertToLlm'
  | 'estimateTokens'
  | 'generateSummary'
  | 'runAgentLoopContinue'
  | 'withAbortSignal'
> &
  Pick<typeof Models, 'isContextOverflow' | 'normalizeContext'>

/** Loads at the first call. */
export async function loadLibrary(): Promise<AgentLibrary> {
  const [loop, models] = await Promise.all([import('@earendil-works/pi-agent-core'), import('@earendil-works/pi-ai')])
  return { ...loop, isContextOverflow: models.isContextOverflow, normalizeContext: models.normalizeContext }
}
