// Every way in which a session begins, goes on and ends. A load tells it again; lists have one session a page.

import type * as acp from '@agentclientprotocol/sdk/unstable'
import { RequestError } from '@agentclientprotocol/sdk/unstable'

import { configOf, modesOf } from './controls.ts'
import type { Equipment, KeptSession, KeptSessions } from './kept-sessions.ts'
import type { Logins } from './logins.ts'

type Opening = Pick<acp.NewSessionRequest, 'cwd' | 'additionalDirectories'> & {
  readonly mcpServers?: readonly acp.McpServer[]
}

function equipmentOf({ cwd, mcpServers = [], additionalDirectories = [] }: Opening): Equipment {
  return { cwd, mcpServers, directories: additionalDirectories }
}

const controlsOf = (session: KeptSession) => ({ modes: modesOf(session), configOptions: configOf(session) })

export class SessionMethods {
  readonly #sessions: KeptSessions
  readonly #logins: Logins

  constructor(sessions: KeptSessions, logins: Logins) {
    this.#sessions = sessions
    this.#logins = logins
  }

  readonly create: acp.AgentRequestHandler<acp.NewSessionRequest, acp.NewSessionResponse> = async ({
    params,
    client,
  }) => {
    this.#logins.check()
    const session = this.#sessions.make(equipmentOf(params), 'new')
    const update = { sessionUpdate: 'session_info_update', title: 'Just made' } as const
    await client.notify('session/update', { sessionId: session.id, update })
    return { sessionId: session.id, ...controlsOf(session), _meta: null }
  }

  readonly load: acp.AgentRequestHandler<acp.LoadSessionRequest, acp.LoadSessionResponse> = async ({
    params,
    client,
  }) => {
    const session = this.#open(params.sessionId, params, 'load')
    for (const update of session.told) await client.notify('session/update', { sessionId: session.id, update })
    return controlsOf(session)
  }

  /** Says what there is, and nothing of what was. */
  readonly resume: acp.AgentRequestHandler<acp.ResumeSessionRequest, acp.ResumeSessionResponse> = async ({
    params,
    client,
  }) => {
    const session = this.#open(params.sessionId, params, 'resume')
    const update: acp.SessionUpdate = { sessionUpdate: 'available_commands_update', availableCommands: [] }
    await client.notify('session/update', { sessionId: session.id, update })
    return controlsOf(session)
  }

  readonly fork: acp.AgentRequestHandler<acp.ForkSessionRequest, acp.ForkSessionResponse> = ({ params }) => {
    const session = this.#sessions.make(equipmentOf(params), 'fork', this.#sessions.get(params.sessionId))
    return { sessionId: session.id, ...controlsOf(session) }
  }

  readonly list: acp.AgentRequestHandler<acp.ListSessionsRequest, acp.ListSessionsResponse> = ({ params }) => {
    const all = this.#sessions.all().toSorted((a, b) => a.id.localeCompare(b.id))
    const inCwd = all.filter(({ equipment }) => params.cwd == null || equipment.cwd === params.cwd)
    const at = params.cursor == null ? 0 : inCwd.findIndex(({ id }) => cursorOf(id) === params.cursor)
    if (at < 0) throw RequestError.invalidParams({ cursor: params.cursor })
    const next = inCwd[at + 1]
    const sessions = inCwd.slice(at, at + 1).map(({ id, equipment }) => ({
      sessionId: id,
      cwd: equipment.cwd,
      title: `Title of ${id.slice(0, 4)}`,
      updatedAt: null,
      additionalDirectories: [...equipment.directories],
    }))
    return { sessions, nextCursor: next === undefined ? null : cursorOf(next.id) }
  }

  readonly close: acp.AgentRequestHandler<acp.CloseSessionRequest, void> = ({ params }) => {
    this.#open(params.sessionId, undefined, 'close')
  }

  readonly delete: acp.AgentRequestHandler<acp.DeleteSessionRequest, void> = ({ params }) => {
    this.#sessions.delete(params.sessionId)
  }

  #open(id: string, opening: Opening | undefined, opened: string): KeptSession {
    const session = this.#sessions.get(id)
    session.opened = opened
    if (opening !== undefined) session.equipment = equipmentOf(opening)
    this.#sessions.keep(session)
    return session
  }
}

/** Means nothing to anybody else. */
function cursorOf(id: string): string {
  return Buffer.from(`after/${id}?=`).toString('base64')
}
