// Agents without processes, for tests of sessions: a connector whose connections do what the test says.

import type {
  AgentConnection,
  AgentConnector,
  AgentListener,
  ConnectRequest,
  PermissionOutcome,
} from '../../src/agent/connection.ts'
import type { AgentSessionId, TurnId } from '../../src/base/ids.ts'
import type { StopReport } from '../../src/keeper/agent-host.ts'

export interface FakeAgent {
  readonly request: ConnectRequest
  readonly listener: AgentListener
  readonly prompts: TurnId[]
  readonly outcomes: PermissionOutcome[]
  cancels: number
  stops: number
  acknowledged: number
}

/** What the agent does with a prompt; the default echoes at once. */
export type OnPrompt = (agent: FakeAgent, turnId: TurnId, prompt: string) => void

export interface FakeConnector extends AgentConnector {
  readonly agents: FakeAgent[]
  onPrompt: OnPrompt
  onCancel: (agent: FakeAgent) => void
}

export const echo: OnPrompt = ({ listener }, turnId, prompt) => {
  listener.update(JSON.stringify({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: prompt } }))
  listener.answered(turnId, { kind: 'stopped', stopReason: 'end_turn', usage: undefined })
  listener.batchEnd(1)
}

export function fakeConnector(onPrompt: OnPrompt = echo): FakeConnector {
  const connector: FakeConnector = {
    agents: [],
    onPrompt,
    onCancel: () => {},
    connect: (request) => Promise.resolve(connectFake(connector, request)),
  }
  return connector
}

function connectFake(connector: FakeConnector, request: ConnectRequest): AgentConnection {
  let agent: FakeAgent | undefined
  const report: StopReport = { forced: false, swept: 0, survivors: [], ms: 1, exit: undefined }
  return {
    pid: 1_000 + connector.agents.length,
    agentSessionId: (request.resume ?? `as-${request.sessionId}`) as AgentSessionId,
    continuity: request.resume === undefined ? 'new' : 'loaded',
    listen: (listener) => {
      // As from a real pipe: what is told belongs to a read, and a read ends.
      const update = (data: string): void => {
        listener.update(data)
        queueMicrotask(() => listener.batchEnd(1))
      }
      agent = {
        request,
        listener: { ...listener, update },
        prompts: [],
        outcomes: [],
        cancels: 0,
        stops: 0,
        acknowledged: 0,
      }
      connector.agents.push(agent)
    },
    prompt: (turnId, prompt) => {
      const self = agent
      if (self === undefined) return
      self.prompts.push(turnId)
      queueMicrotask(() => connector.onPrompt(self, turnId, prompt))
    },
    cancel: () => {
      const self = agent
      if (self === undefined) return
      self.cancels++
      queueMicrotask(() => connector.onCancel(self))
    },
    answerPermission: (_, outcome) => agent?.outcomes.push(outcome),
    acknowledge: (n) => {
      if (agent !== undefined) agent.acknowledged = n
    },
    stop: () => {
      if (agent !== undefined) agent.stops++
      return Promise.resolve(report)
    },
  }
}
