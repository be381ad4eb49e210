// What the commands of an agent run with: what the agent itself was started with, for its session.

import type { SessionId } from '../../base/ids.ts'
import type { TerminalGround } from './agent-terminals.ts'
import type { CommandAgent } from '../definition.ts'
import type { StartPorts } from '../start/start-agent.ts'

export interface GroundRequest {
  readonly definition: CommandAgent
  readonly sessionId: SessionId
  readonly generation: number
  readonly cwd: string
}

export interface GroundPorts extends Pick<StartPorts, 'environmentOf'> {
  readonly host: TerminalGround['host']
}

export function groundOf(
  { host, environmentOf }: GroundPorts,
  { definition, sessionId, generation, cwd }: GroundRequest,
): TerminalGround {
  const { name: agent, containment } = definition
  return { host, agent, sessionId, generation, cwd, env: environmentOf(definition), containment }
}
