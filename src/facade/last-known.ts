// What an agent said when it was last connected, in any session: the best answer for one that it was not started for yet.

import type { SessionStatus } from '../session/service.ts'
import { offersOf } from '../session/terms/offers.ts'
import { reachOf } from '../session/equipment/reach.ts'
import { contentTakenBy } from '../session/turns/check-prompt.ts'
import type { AgentReach, PromptContent } from './initialize.ts'
import type { FacadePorts } from './ports.ts'

type Ports = Pick<FacadePorts, 'service' | 'agents'>

/** Newest sessions of the agent that are looked at. */
const SESSIONS_MAX = 20

/** The agent of a session that names none: the first of the configuration, else the first there is. */
export function defaultAgent({ agents }: Pick<Ports, 'agents'>): string | undefined {
  const all = agents()
  return (all.find(({ source }) => source === 'config') ?? all[0])?.name
}

/** What `agent`, else the default one, takes in prompts and can be given; while nobody knows, nothing but text, links and stdio. */
export async function lastKnown(
  ports: Ports,
  agent: string | undefined,
): Promise<{ readonly content: PromptContent; readonly reach: AgentReach }> {
  const name = agent ?? defaultAgent(ports)
  const sessions = name === undefined ? [] : await newest(ports, name)
  const taken = new Set(firstOf(sessions, ({ session }) => contentTakenBy(session)))
  const content = { image: taken.has('image'), audio: taken.has('audio'), embeddedContext: taken.has('resource') }
  return { content, reach: firstOf(sessions, ({ session }) => reachOf(session)) ?? NO_REACH }
}

const NO_REACH: AgentReach = { http: false, sse: false, additionalDirectories: false, fork: false }

/** What the agent of the session offered last to choose from. */
export async function lastKnownOffers(ports: Ports, agent: string): Promise<ReturnType<typeof offersOf>> {
  return firstOf(await newest(ports, agent), ({ session }) => offersOf(session))
}

function newest({ service }: Ports, agent: string): Promise<SessionStatus[]> {
  return service.list({ agent }, { limit: SESSIONS_MAX })
}

function firstOf<T>(sessions: readonly SessionStatus[], read: (status: SessionStatus) => T | undefined): T | undefined {
  for (const status of sessions) {
    const value = read(status)
    if (value !== undefined) return value
  }
  return undefined
}
