// What a simple agent of the family's world says, as inputs of the reducer.

import { NO_CONTROLS } from '../../src/agent/control-plan.ts'
import { HoldfastError, toStoredError } from '../../src/base/errors.ts'
import type { AgentSessionId, PermissionId, TurnId } from '../../src/base/ids.ts'
import type { Input } from '../../src/session/input.ts'

const REPORT = { forced: false, swept: 0, survivors: [], ms: 1, exit: undefined }
const OPTIONS = [
  { optionId: 'yes', kind: 'allow_once' },
  { optionId: 'no', kind: 'reject_once' },
]

export const stopped = (generation: number): Input => ({ kind: 'agent.stopped', generation, report: REPORT })

export const ready = (generation: number): Input => ({
  kind: 'agent.ready',
  generation,
  pid: generation,
  agentSessionId: `as${generation}` as AgentSessionId,
  continuity: 'new',
  capabilities: '{}',
  controls: NO_CONTROLS,
  refused: [],
  definitionDigest: '',
  isRetiring: false,
  line: 1,
})

export const failed = (generation: number): Input => ({
  kind: 'agent.failed',
  generation,
  error: toStoredError(new HoldfastError('AGENT_NOT_ACP', { agent: 'sim', reason: 'junk' })),
})

export const lost = (generation: number): Input => ({
  kind: 'agent.lost',
  generation,
  error: toStoredError(new HoldfastError('AGENT_EXITED', { agent: 'sim', exit: '1', stage: 'prompt' })),
})

export const said = (generation: number, turnId: TurnId, line: number): Input => ({
  kind: 'agent.updates',
  generation,
  data: [
    JSON.stringify({
      sessionUpdate: 'agent_message_chunk',
      content: { type: 'text', text: 'x' },
      generation,
      turnId,
      line,
    }),
  ],
  line,
})

export const asked = (generation: number, permissionId: PermissionId): Input => ({
  kind: 'agent.permission',
  generation,
  permissionId,
  requestId: permissionId,
  toolCall: '{"title":"t"}',
  options: OPTIONS,
  line: Number(permissionId.slice(5)),
  ruling: undefined,
  isAttended: true,
})

export const answer = ({ generation, turnId }: { generation: number; turnId: TurnId }, stopReason: string): Input => ({
  kind: 'agent.answered',
  generation,
  turnId,
  answer: { kind: 'stopped', stopReason, usage: undefined },
  line: 1,
})
