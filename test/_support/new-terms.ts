// What a session and its agent have agreed before there was an agent.

import type { SessionTerms } from '../../src/store/records.ts'

export const NEW_TERMS: SessionTerms = {
  continuity: 'resume',
  options: {},
  controls: undefined,
  title: undefined,
  conversation: { source: undefined, isUsed: false, anew: undefined, isLost: false },
  definitionDigest: undefined,
}
