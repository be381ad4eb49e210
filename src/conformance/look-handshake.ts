// The handshake, and sessions that begin: what an agent says of itself and of a session.

import { narrowInitialize } from '../acp/initialize.ts'
import type { AgentCapabilities } from '../acp/initialize.ts'
import { NO_CONTROLS, narrowControls } from '../acp/session-controls.ts'
import type { Controls } from '../acp/session-controls.ts'
import { narrowNewSession } from '../acp/session-results.ts'
import { HoldfastError } from '../base/errors.ts'
import { isJsonObject } from '../base/json.ts'
import type { Json, JsonObject } from '../base/json.ts'
import type { Bench } from './bench.ts'
import { failed, yes } from './report.ts'
import type { Seen } from './report.ts'

const PROTOCOL_VERSION = 1

export interface Handshake {
  readonly seen: Seen
  readonly agent: string | undefined
  readonly protocolVersion: number
  readonly capabilities: AgentCapabilities
}

/** Offers what the gateway offers: neither files nor terminals. AGENT_NOT_ACP when the answer is none. */
export async function shakeHands({ agent, options }: Bench, version: string): Promise<Handshake> {
  const result = await agent.ask(
    'initialize',
    {
      protocolVersion: PROTOCOL_VERSION,
      clientCapabilities: {
        fs: { readTextFile: false, writeTextFile: false },
        terminal: false,
        session: { configOptions: { boolean: {} }, compaction: {}, notices: {} },
      },
      clientInfo: { name: 'holdfast', title: 'Holdfast', version },
    },
    options,
  )
  const answer = narrowInitialize(result)
  if (answer.kind === 'malformed') throw new HoldfastError('AGENT_NOT_ACP', { agent: 'agent', reason: answer.reason })
  const { protocolVersion, capabilities } = answer
  const name = agentName(result)
  const detail = `protocol version ${protocolVersion}${name === undefined ? '' : `, ${name}`}`
  const seen = protocolVersion === PROTOCOL_VERSION ? yes(detail) : failed(`${detail}; asked for ${PROTOCOL_VERSION}`)
  return { seen, agent: name, protocolVersion, capabilities }
}

export interface OpenedSession {
  readonly sessionId: string
  readonly controls: Controls
}

/** AGENT_PROTOCOL_ERROR when the answer has no session id. */
export async function openSession({ agent, cwd, options }: Bench): Promise<OpenedSession> {
  const answer = narrowNewSession(await agent.ask('session/new', { cwd, mcpServers: [] }, options))
  if (answer.kind === 'malformed')
    throw new HoldfastError('AGENT_PROTOCOL_ERROR', { agent: 'agent', reason: answer.reason })
  const { sessionId, result } = answer.value
  return { sessionId, controls: narrowControls(result) ?? NO_CONTROLS }
}

function agentName(result: Json): string | undefined {
  const info = isJsonObject(result) ? result['agentInfo'] : undefined
  if (!isJsonObject(info)) return undefined
  const { name, title, version }: JsonObject = info
  const words = [title ?? name, version].filter((word): word is string => typeof word === 'string' && word !== '')
  return words.length === 0 ? undefined : words.join(' ')
}
