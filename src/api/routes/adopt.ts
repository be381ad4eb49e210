// /v1/agents/{agent}/sessions and /v1/sessions/adopt: sessions that an agent has of its own. Both start the agent to ask it.

import { Type } from 'typebox'

import type { AgentSessionId } from '../../base/ids.ts'
import type { AdoptRequest } from '../../session/entry/adopt-session.ts'
import { AgentSessionList, AgentSessionsQuery, SessionAdopt } from '../../wire/adopt.ts'
import { SessionView } from '../../wire/session.ts'
import { sessionView } from '../views.ts'
import { equipmentRequest } from './session-change.ts'
import { refuseWhileDraining, withErrors } from './context.ts'
import type { App, RouteContext } from './context.ts'

const AgentParams = Type.Object({ agent: Type.String({ minLength: 1, maxLength: 100 }) })

export function addAdoptRoutes(app: App, context: RouteContext): void {
  const { service } = context
  app.get(
    '/v1/agents/:agent/sessions',
    {
      schema: {
        operationId: 'listAgentSessions',
        summary: 'Sessions that the agent has of its own; starts it to ask, for at most a minute',
        params: AgentParams,
        querystring: AgentSessionsQuery,
        response: withErrors({ 200: AgentSessionList }),
      },
    },
    async ({ params, query }) => {
      refuseWhileDraining(context)
      const { sessions, isCut } = await service.listAgentSessions(params.agent, query.cwd)
      const views = sessions.map(({ agentSessionId, cwd, directories, title, updatedAt, sessionId }) => ({
        agent_session_id: agentSessionId,
        cwd,
        additional_directories: [...directories],
        title: title ?? null,
        updated_at: updatedAt ?? null,
        session_id: sessionId ?? null,
      }))
      return { sessions: views, is_cut: isCut }
    },
  )
  app.post(
    '/v1/sessions/adopt',
    {
      schema: {
        operationId: 'adoptSession',
        summary: 'Make a session that goes on with one of the agent; its history is read by the first start',
        body: SessionAdopt,
        response: withErrors({ 201: SessionView }),
      },
    },
    async ({ body }, reply) => {
      refuseWhileDraining(context)
      return reply.code(201).send(sessionView(await service.adopt(adoptRequest(body))))
    },
  )
}

function adoptRequest(body: SessionAdopt): AdoptRequest {
  const { agent, agent_session_id: id, cwd, key, label, parent, notify } = body
  return {
    ...equipmentRequest(body),
    agent,
    agentSessionId: id as AgentSessionId,
    ...(cwd === undefined ? {} : { cwd }),
    ...(key === undefined ? {} : { key }),
    ...(label === undefined ? {} : { label }),
    ...(parent === undefined ? {} : { parent }),
    ...(notify === undefined ? {} : { notify }),
  }
}
