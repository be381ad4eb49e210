// The session that a schedule is about.

import type { AgentSessionId, SessionId } from '../../src/base/ids.ts'
import type { SessionRecord } from '../../src/store/records.ts'
import { POLICIES } from './conversations.ts'
import { NEW_TERMS } from '../_support/new-terms.ts'
import { NO_FAMILY } from '../_support/no-family.ts'
import type { Random } from './random.ts'

/** The agent's own conversation that some sessions are made for. */
export const THEIRS = 'theirs' as AgentSessionId

export function newSession(random: Random): SessionRecord {
  const terms = { ...NEW_TERMS, continuity: random.pick(POLICIES) }
  const adopted = { ...terms, conversation: { ...terms.conversation, source: 'adopted', isUsed: true } } as const
  const isAdopted = random.chance(0.1)
  return {
    no: 1,
    id: 'ses_1' as SessionId,
    key: undefined,
    agent: 'sim',
    cwd: '/',
    mode: random.chance(0.1) ? 'oneshot' : 'persistent',
    onInterrupt: random.pick(['hold', 'continue', 'retry']),
    state: 'open',
    blockedBy: undefined,
    agentSessionId: isAdopted ? THEIRS : undefined,
    generation: 0,
    agentLine: undefined,
    agentCapabilities: undefined,
    permissionMode: 'ask',
    terms: isAdopted ? adopted : terms,
    node: 'local',
    epoch: 1,
    lastSeq: 0,
    lastTurnN: 0,
    createdAt: 0,
    updatedAt: 0,
    closedAt: undefined,
    family: NO_FAMILY,
  }
}
