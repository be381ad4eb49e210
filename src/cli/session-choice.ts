// Which session a prompt goes to: the one that is named, else the one that this directory and agent share.

import path from 'node:path'
import { HoldfastError } from '../base/errors.ts'
import type { HoldfastClient } from '../client/client.ts'
import type { SessionCreate, SessionView } from '../wire/session.ts'
import { codeOf } from './error-code.ts'
import { terminalLine } from './output/terminal-text.ts'
import { defaultSessionKey } from './session-key.ts'
import { UsageError } from './usage-error.ts'

export interface SessionChoice {
  /** Id or key. */
  readonly session?: string
  readonly agent?: string
  /** As typed; relative to `here`. */
  readonly cwd?: string
  /** Where the command runs; absolute. */
  readonly here: string
}

/**
 * The session to prompt. A named one must exist (SESSION_NOT_FOUND), unless an agent is named too: then its key is made.
 * An agent or directory that differs from the session's is a SESSION_CONFLICT, never ignored.
 */
export async function chooseSession(client: HoldfastClient, choice: SessionChoice): Promise<SessionView> {
  const { session, agent, here } = choice
  const cwd = path.resolve(here, choice.cwd ?? '.')
  if (session === undefined) {
    const name = agent ?? (await onlyAgent(client))
    return ensure(client, { agent: name, cwd, key: defaultSessionKey(name, cwd) })
  }
  const found = await findSession(client, session)
  if (found !== undefined) return sameAs(found, agent, choice.cwd === undefined ? undefined : cwd)
  if (agent === undefined || session.startsWith('ses_')) throw new HoldfastError('SESSION_NOT_FOUND', { session })
  return (await client.ensureSession(session, { agent, cwd })).session
}

/** The agent to use when none is named; UsageError when there is a choice. */
export async function onlyAgent(client: HoldfastClient): Promise<string> {
  const { agents: all } = await client.listAgents()
  const agents = all.filter(({ chosen }) => chosen)
  const [only, ...others] = agents
  if (only === undefined)
    throw new UsageError('There is no agent.', 'Add one to the configuration; see: holdfast doctor')
  if (others.length === 0) return only.name
  const names = agents.map(({ name }) => terminalLine(name)).join(', ')
  throw new UsageError('Which agent?', `Name one with --agent: ${names}`)
}

async function ensure(client: HoldfastClient, body: SessionCreate): Promise<SessionView> {
  const { session } = await client.createSession(body)
  return session
}

async function findSession(client: HoldfastClient, idOrKey: string): Promise<SessionView | undefined> {
  try {
    return await client.getSession(idOrKey)
  } catch (error) {
    if (codeOf(error) === 'SESSION_NOT_FOUND') return undefined
    throw error
  }
}

function sameAs(found: SessionView, agent: string | undefined, cwd: string | undefined): SessionView {
  const field =
    agent !== undefined && agent !== found.agent ? 'agent' : cwd !== undefined && cwd !== found.cwd ? 'cwd' : undefined
  if (field !== undefined) throw new HoldfastError('SESSION_CONFLICT', { session: found.key ?? found.id, field })
  return found
}
