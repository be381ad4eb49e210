// Goes on with agents that outlived the gateway that started them: no spawn and no handshake, the rows say what was agreed.

import type { AgentCapabilities } from '../../acp/initialize.ts'
import { answerFrame } from '../../acp/peer.ts'
import type { Clock } from '../../base/clock.ts'
import type { AgentHost, HeldAgent } from '../../keeper/agent-host.ts'
import type { HeldTerminal, Terminal } from '../../keeper/held/terminal.ts'
import { AgentLink } from '../link/agent-link.ts'
import { AgentTerminals } from '../terminals/agent-terminals.ts'
import type { AgentConnection, AttachRequest, HeldSessionAgent } from '../connection.ts'
import { NO_CONTROLS } from '../control-plan.ts'
import type { AgentDefinition } from '../definition.ts'
import { offerFiles } from '../files/file-ground.ts'
import type { OwnPlaces } from '../files/own-places.ts'
import { joinReports } from '../link/join-reports.ts'
import type { OpenPeer } from '../link/agent-peer.ts'
import { MessageIds } from '../link/message-ids.ts'
import type { StartPorts } from './start-agent.ts'
import { V2Peer } from '../v2/v2-peer.ts'
import { groundOf } from '../terminals/terminal-ground.ts'

export interface AttachPorts extends Pick<StartPorts, 'environmentOf'> {
  readonly host: Pick<AgentHost, 'held' | 'heldTerminals' | 'spawnTerminal'>
  readonly clock: Clock
  readonly ownPlaces: OwnPlaces
  findDefinition(name: string): AgentDefinition | undefined
}

/** What the host holds from earlier lives, as a session's actor can use it. Terminals whose agent is gone are ended. */
export function listHeldAgents(ports: AttachPorts): HeldSessionAgent[] {
  const { host } = ports
  const agents = host.held()
  const terminals = host.heldTerminals()
  for (const each of terminals) if (!agents.some((held) => isOf(held, each))) void each.terminal.release()
  return agents.map((held) => toSessionAgent(ports, held, terminalsOf(held, terminals)))
}

function toSessionAgent(ports: AttachPorts, held: HeldAgent, terminals: readonly Terminal[]): HeldSessionAgent {
  const { process, sessionId, generation } = held
  return {
    sessionId,
    generation,
    pid: process.pid,
    isRetiring: process.isRetiring,
    hasPrompt: (turnId) => process.wasWritten(turnId),
    hasAnswer: (line) => process.wasWritten(answerFrame(line)),
    attach: (request) => attachAgent(ports, held, { request, terminals }),
    stop: async () => {
      const released = Promise.all(terminals.map((terminal) => terminal.release()))
      return joinReports(await process.stop(), await released)
    },
  }
}

interface Attaching {
  readonly request: AttachRequest
  readonly terminals: readonly Terminal[]
}

function attachAgent(ports: AttachPorts, held: HeldAgent, { request, terminals }: Attaching): AgentConnection {
  const { agentSessionId, line, lastUpdate, life, updates } = request
  const capabilities = JSON.parse(request.capabilities) as AgentCapabilities
  const messageIds = MessageIds.goingOn(held.generation, line, lastUpdate)
  const earlier = { sessionId: agentSessionId, line, updates }
  const openPeer: OpenPeer | undefined = capabilities.protocol === 2 ? (peer) => new V2Peer(peer, earlier) : undefined
  const link = new AgentLink(held.agent, held.process, {
    clock: ports.clock,
    messageIds,
    earlier: { line, life },
    openPeer,
  })
  offerTerminals(ports, link, { held, request, terminals })
  offerFilesAgain(ports, link, { held, request })
  return link.resume(request, {
    opened: { agentSessionId, continuity: 'resumed', controls: NO_CONTROLS, refused: [] },
    capabilities,
  })
}

/** What was offered in the handshake goes on being served, whatever the configuration says about the agent now. */
function offerTerminals(
  ports: AttachPorts,
  link: AgentLink,
  { held, request, terminals }: Attaching & { held: HeldAgent },
): void {
  const { sessionId, generation, agent } = held
  const definition = ports.findDefinition(agent)
  if (sessionId === undefined || (definition?.terminals !== true && terminals.length === 0)) return
  const isHere = definition !== undefined && definition.remote === undefined
  const ground = isHere ? groundOf(ports, { definition, sessionId, generation, cwd: request.cwd }) : undefined
  link.offerTerminals(new AgentTerminals(ground, terminals))
}

/** As the configuration says now: an agent that has lost them gets none, from here on. */
function offerFilesAgain(
  { findDefinition, ownPlaces }: AttachPorts,
  link: AgentLink,
  { held, request }: { readonly held: HeldAgent; readonly request: AttachRequest },
): void {
  const { sessionId, generation, agent } = held
  const definition = findDefinition(agent)
  if (sessionId === undefined || definition === undefined) return
  const { roots, life, agentSessionId } = request
  offerFiles(link, ownPlaces, { definition, sessionId, generation, roots, life })?.opened(agentSessionId)
}

function terminalsOf(held: HeldAgent, terminals: readonly HeldTerminal[]): Terminal[] {
  return terminals.filter((each) => isOf(held, each)).map(({ terminal }) => terminal)
}

function isOf({ sessionId, generation }: HeldAgent, terminal: HeldTerminal): boolean {
  return sessionId === terminal.sessionId && generation === terminal.generation
}
