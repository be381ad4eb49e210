// Connects one agent: a spare that waits, else a new process, then its session, each under its deadline, and gives back the live
// connection. Whatever fails on the way, the process of the attempt is stopped before the caller hears of it.

import { applyOptions } from './apply-options.ts'
import { AgentTerminals } from '../terminals/agent-terminals.ts'
import { deadline } from '../../base/deadline.ts'
import { HoldfastError, isHoldfastError } from '../../base/errors.ts'
import type { ErrorCode } from '../../base/errors.ts'
import { offerFiles } from '../files/file-ground.ts'
import type { OwnPlaces } from '../files/own-places.ts'
import { groundOf } from '../terminals/terminal-ground.ts'
import { refuseCommands } from '../equipment.ts'
import { forgetAgentSession } from './forget-agent-session.ts'
import { listHeldAgents } from './attach-agent.ts'
import type { AgentDefinition } from '../definition.ts'
import type { AgentConnection, AgentConnector, ConnectRequest } from '../connection.ts'
import { wantedElsewhere } from '../login-command.ts'
import { listAgentSessions } from './list-agent-sessions.ts'
import type { ListPorts } from './list-agent-sessions.ts'
import { openAgentSession } from './open-agent-session.ts'
import { explainStart, startAgent } from './start-agent.ts'
import type { InitializedAgent, StartLimits } from './start-agent.ts'
import { undoOpened, undoOpening } from './undo-session.ts'

export interface ConnectLimits extends StartLimits {
  readonly sessionMs: number
}

export interface ConnectorPorts extends ListPorts {
  readonly limits: ConnectLimits
  /** No agent gets files there. */
  readonly ownPlaces: OwnPlaces
  /** What the configuration says now about the agent of a process that outlived an earlier life. */
  findDefinition(name: string): AgentDefinition | undefined
}

export function createAgentConnector(ports: ConnectorPorts): AgentConnector {
  return {
    connect: (request, signal) => connectAnywhere(ports, request, signal),
    offer: (request, signal) => listAgentSessions(ports, { ...request, ms: ports.limits.sessionMs }, signal),
    forget: (request, signal) => forgetAgentSession(ports, request, signal),
    held: () => listHeldAgents(ports),
  }
}

async function connectAnywhere(...[ports, request, signal]: Parameters<typeof connectAgent>): Promise<AgentConnection> {
  try {
    return await connectAgent(ports, request, signal)
  } catch (error) {
    throw request.definition.remote === undefined ? error : wantedElsewhere(error)
  }
}

async function connectAgent(
  ports: ConnectorPorts,
  request: ConnectRequest,
  signal: AbortSignal,
): Promise<AgentConnection> {
  const { spare } = request
  if (spare !== undefined) {
    const connection = await connectSpare(ports, request, spare, signal)
    if (connection !== undefined) return connection
  }
  const agent = await startAgent(ports, request, signal)
  try {
    return await openOn(ports, request, agent, signal)
  } catch (error) {
    await agent.link.stop()
    throw withLogins(explainStart(error, request.definition.name, agent.process), agent)
  }
}

/** Undefined when the spare turned out to be of no use and is gone: a session never fails because of what was started ahead. */
async function connectSpare(
  ports: ConnectorPorts,
  request: ConnectRequest,
  spare: InitializedAgent,
  signal: AbortSignal,
): Promise<AgentConnection | undefined> {
  const { sessionId, generation, definition } = request
  const { process, messageIds, link } = spare
  try {
    // Its lease names the session before the agent hears of it: after a crash nobody could say whose it is.
    const assigned = ports.host.assign(process, { sessionId, generation })
    await deadline(assigned, { ms: ports.limits.sessionMs, stage: 'assign', signal })
    messageIds.assign(generation)
    return await openOn(ports, request, spare, signal)
  } catch (error) {
    await link.stop()
    if (signal.aborted || isOwnAnswer(error)) throw withLogins(explainStart(error, definition.name, process), spare)
    return undefined
  }
}

/** An agent that wants a login has said before which ways there are. */
function withLogins(error: unknown, { capabilities: { logins } }: InitializedAgent): unknown {
  if (logins === undefined || !isHoldfastError(error) || error.code !== 'AGENT_AUTH_REQUIRED') return error
  return new HoldfastError(error.code, { ...error.details, methods: logins }, { cause: error.cause })
}

const OWN_ANSWERS: ReadonlySet<ErrorCode> = new Set([
  'AGENT_ERROR',
  'AGENT_AUTH_REQUIRED',
  'AGENT_CONVERSATION_LOST',
  'EQUIPMENT_UNSUPPORTED',
])

/** A living agent refused: a new process would say the same. */
function isOwnAnswer(error: unknown): boolean {
  return isHoldfastError(error) && OWN_ANSWERS.has(error.code)
}

async function openOn(
  ports: ConnectorPorts,
  request: ConnectRequest,
  { link, capabilities }: InitializedAgent,
  signal: AbortSignal,
): Promise<AgentConnection> {
  const ms = ports.limits.sessionMs
  const { definition, wantsHistory = false } = request
  if (definition.terminals === true)
    link.offerTerminals(new AgentTerminals(groundOf(ports, { ...request, definition })))
  if (definition.remote !== undefined) refuseCommands(definition.name, request.equipment)
  const files = offerFiles(link, ports.ownPlaces, { ...request, life: 0 })
  const options = { ...request, wantsHistory, capabilities, clock: ports.clock, ms, signal }
  const opened = await openAgentSession(link, options).catch(async (error: unknown) => {
    await undoOpening(link, options, error)
    throw error
  })
  files?.opened(opened.agentSessionId)
  try {
    const { controls, refused } = await applyOptions(link, opened, { wanted: request.options, ms, signal })
    return link.toConnection({ ...opened, controls, refused }, capabilities)
  } catch (error) {
    await undoOpened(link, opened, capabilities)
    throw error
  }
}
