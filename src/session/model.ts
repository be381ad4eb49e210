// The state a session's actor starts from: its row, before the open work of an earlier life is looked at.

import type { SessionRecord } from '../store/records.ts'
import type { SessionModel } from './state.ts'

export function modelOf(record: SessionRecord, agentName: string): SessionModel {
  return {
    sessionNo: record.no,
    sessionId: record.id,
    mode: record.mode,
    onInterrupt: record.onInterrupt,
    permissionMode: record.permissionMode,
    cwd: record.cwd,
    agentName,
    phase: record.state === 'closed' ? { kind: 'closed' } : { kind: 'open' },
    isPaused: false,
    queue: [],
    active: undefined,
    blockedBy: record.blockedBy,
    agent: { kind: 'none' },
    generation: record.generation,
    agentSessionId: record.agentSessionId,
    agentCapabilities: record.agentCapabilities,
    terms: record.terms,
    changes: [],
    controlNo: 0,
    resets: [],
    begins: [],
    permissions: [],
    elicitations: [],
    keptAnswers: [],
    awaited: [],
    lastTurnN: record.lastTurnN,
    spareTurnId: undefined,
    lastEndAt: 0,
    startsFailed: 0,
    startNotBefore: 0,
    lanePass: undefined,
    lanePassNo: 0,
    closedTurns: [],
    waiters: [],
    lastStop: undefined,
    family: record.family,
    report: undefined,
  }
}
