// /v1/agents/:agent/login: somebody has logged in to an agent, or out of it, on this machine. Runs no login: nobody can make one over
// the network.

import { AgentParams, LoginChange, LoginChanged } from '../../wire/agent-login.ts'
import { withErrors } from './context.ts'
import type { App, RouteContext } from './context.ts'

export function addAgentLoginRoute(app: App, { logins }: RouteContext): void {
  app.post(
    '/v1/agents/:agent/login',
    {
      schema: {
        operationId: 'tellLogin',
        summary:
          'Somebody has logged in to the agent, or out of it: no process keeps the old login, sessions that waited go on',
        params: AgentParams,
        body: LoginChange,
        response: withErrors({ 200: LoginChanged }),
      },
    },
    async ({ params, body: { logged_in: isLoggedIn } }) => {
      const { agent, retired, resumed } = await logins.changed(params.agent, isLoggedIn)
      return { agent, retired, resumed: [...resumed] }
    },
  )
}
