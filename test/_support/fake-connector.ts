// Agents without processes, for tests of sessions: a connector whose connections do what the test says. An agent has a life of
// its own, as behind a keeper: it goes on when the gateway is cut off, and the next connector can take it over.

import type {
  AgentConnection,
  AgentConnector,
  AttachRequest,
  ConnectRequest,
  HeldSessionAgent,
} from '../../src/agent/connection.ts'
import type { ImportedHistory } from '../../src/agent/link/history.ts'
import type { AgentOffer } from '../../src/agent/start/list-agent-sessions.ts'
import { NO_CONTROLS } from '../../src/agent/control-plan.ts'
import type { ControlRequest, Controls } from '../../src/agent/control-plan.ts'
import type { AgentSessionId, TurnId } from '../../src/base/ids.ts'
import type { StopReport } from '../../src/keeper/agent-host.ts'
import { FakeAgent } from './fake-agent.ts'
import type { OnPrompt } from './fake-agent.ts'

export type { FakeAgent, OnPrompt } from './fake-agent.ts'

export interface FakeConnector extends AgentConnector {
  /** In the order in which they were started; those that were taken over are first. */
  readonly agents: FakeAgent[]
  onPrompt: OnPrompt
  /** What an agent says that it could go on with, and what it tells of such a conversation. */
  offers: AgentOffer
  /** Sessions of its own that it was asked to delete. */
  readonly forgotten: AgentSessionId[]
  history?: ImportedHistory
  /** What an agent that starts says that it can do. */
  capabilities: string
  /** What an agent tells that goes on with a conversation of ours. */
  replay?: ImportedHistory
  onCancel: (agent: FakeAgent) => void
  /** The request of its prompt is taken back. */
  onWithdraw: (agent: FakeAgent, turnId: TurnId) => void
  /** What an agent that starts offers to choose from; and how it takes a choice: at once and always, if not said otherwise. */
  controls: Controls
  onControl: (agent: FakeAgent, no: number, request: ControlRequest) => void
  /** How an agent answers a method of its own. */
  onExtension: AgentConnection['extension']
  /** Replaces a start; whoever refuses a conversation rejects here. */
  onConnect: (request: ConnectRequest) => void
  /** The gateway that uses this connector is gone: nothing it still does reaches an agent, and it hears nothing. */
  cut(): void
}

export const echo: OnPrompt = ({ listener }, turnId, prompt) => {
  listener.update(JSON.stringify({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: prompt } }))
  listener.answered(turnId, { kind: 'stopped', stopReason: 'end_turn', usage: undefined })
}

const REPORT: StopReport = { forced: false, swept: 0, survivors: [], ms: 1, exit: undefined }

export function fakeConnector(onPrompt: OnPrompt = echo, survivors: readonly FakeAgent[] = []): FakeConnector {
  const wire = new Wire(survivors.length)
  const connector: FakeConnector = {
    agents: [...survivors],
    onPrompt,
    capabilities: '{"fake":true}',
    onCancel: () => {},
    onWithdraw: () => {},
    controls: NO_CONTROLS,
    onControl: (agent, no) => agent.listener.controlled(no, { kind: 'accepted', result: {} }),
    onExtension: () => Promise.resolve({}),
    onConnect: () => {},
    connect: async (request) => {
      connector.onConnect(request)
      return connectFake(connector, wire, request)
    },
    offer: () => Promise.resolve(connector.offers),
    forget: async ({ agentSessionId, ready }) => {
      await ready()
      connector.forgotten.push(agentSessionId)
    },
    forgotten: [],
    offers: { canContinue: true, sessions: [], isCut: false },
    held: () => survivors.map((agent) => heldFake(connector, wire, agent)),
    cut: () => {
      wire.isCut = true
      for (const agent of connector.agents) agent.unlisten()
    },
  }
  return connector
}

class Wire {
  isCut = false
  started: number

  constructor(started: number) {
    this.started = started
  }
}

function connectFake(connector: FakeConnector, wire: Wire, request: ConnectRequest): AgentConnection {
  const agent = new FakeAgent(request, 1_000 + wire.started++)
  const connection = toConnection(connector, wire, agent)
  const listen: AgentConnection['listen'] = (listener) => {
    connector.agents.push(agent)
    agent.listen(listener, 0)
  }
  return { ...connection, listen }
}

function heldFake(connector: FakeConnector, wire: Wire, agent: FakeAgent): HeldSessionAgent {
  const { request, pid } = agent
  return {
    sessionId: request.sessionId,
    generation: request.generation,
    pid,
    isRetiring: agent.isRetiring,
    hasPrompt: (turnId) => agent.written.has(turnId),
    hasAnswer: (line) => agent.written.has(`a${line}`),
    attach: (rows: AttachRequest) => {
      agent.attachments.push(rows)
      const listen: AgentConnection['listen'] = (listener) => agent.listen(listener, rows.line)
      return { ...toConnection(connector, wire, agent), listen }
    },
    stop: () => stop(wire, agent),
  }
}

function toConnection(connector: FakeConnector, wire: Wire, agent: FakeAgent): Omit<AgentConnection, 'listen'> {
  const { request, pid } = agent
  const ifWired = (run: () => void): void => (wire.isCut ? undefined : run())
  return {
    pid,
    agentSessionId: (isFresh(request) ? `as-${request.sessionId}` : request.resume) as AgentSessionId,
    continuity: request.isFork === true ? 'forked' : isFresh(request) ? 'new' : 'loaded',
    capabilities: connector.capabilities,
    controls: connector.controls,
    refused: [],
    history: request.wantsHistory === true ? connector.history : request.resume && connector.replay,
    line: 0,
    isRetiring: agent.isRetiring,
    prompt: (turnId, prompt, meta) =>
      ifWired(() => {
        if (agent.isGone || !agent.write(turnId)) return
        agent.prompts.push(turnId)
        agent.metas.push(meta)
        queueMicrotask(() => connector.onPrompt(agent, turnId, prompt))
      }),
    hasPrompt: (turnId) => agent.written.has(turnId),
    cancel: () =>
      ifWired(() => {
        agent.cancels++
        queueMicrotask(() => connector.onCancel(agent))
      }),
    withdraw: (turnId) =>
      ifWired(() => {
        agent.withdrawn.push(turnId)
        queueMicrotask(() => connector.onWithdraw(agent, turnId))
      }),
    extension: (call) => connector.onExtension(call),
    control: (no, control) =>
      ifWired(() => {
        agent.controls.push(control)
        queueMicrotask(() => connector.onControl(agent, no, control))
      }),
    answerPermission: (requestId, outcome) => ifWired(() => agent.answer(requestId, outcome)),
    answerElicitation: (requestId, answer) => {
      ifWired(() => agent.answerElicitation(requestId, answer))
      return Promise.resolve(!wire.isCut)
    },
    acknowledge: (n) => ifWired(() => void (agent.acknowledged = n)),
    stop: (isClosed) => {
      if (isClosed === true) agent.isClosed = true
      return stop(wire, agent)
    },
  }
}

function stop(wire: Wire, agent: FakeAgent): Promise<StopReport> {
  if (!wire.isCut) agent.stops++
  return Promise.resolve(REPORT)
}

/** It gets a conversation of its own. */
function isFresh({ resume, isFork }: ConnectRequest): boolean {
  return resume === undefined || isFork === true
}
