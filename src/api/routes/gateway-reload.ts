// /v1/gateway/reload: reads the configuration again.

import { GatewayReload, GatewayReloaded } from '../../wire/gateway-reload.ts'
import { refuseWhileDraining, withErrors } from './context.ts'
import type { App, RouteContext } from './context.ts'

export function addGatewayReloadRoute(app: App, context: RouteContext): void {
  app.post(
    '/v1/gateway/reload',
    {
      schema: {
        operationId: 'reloadGateway',
        summary: 'Read configuration and token again; when anything is wrong with them nothing changes',
        body: GatewayReload,
        response: withErrors({ 200: GatewayReloaded }),
      },
    },
    async () => {
      refuseWhileDraining(context)
      const { applied, pending, agents, mcpServers } = await context.gateway.reload()
      const views = agents.map(({ name, change, sessions }) => ({ name, change, sessions }))
      return {
        applied: applied.map(changeView),
        pending: pending.map(changeView),
        agents: views,
        mcp_servers: [...mcpServers],
      }
    },
  )
}

function changeView({
  name,
  from,
  to,
}: {
  name: string
  from: unknown
  to: unknown
}): GatewayReloaded['applied'][number] {
  return { name, from: from ?? null, to: to ?? null }
}
