// The gateway itself: agents, status, stop, health, and the description of this API.

import { Type } from 'typebox'

import { HoldfastError } from '../../base/errors.ts'
import {
  AgentList,
  GatewayRestart,
  GatewayRestarting,
  GatewayStop,
  GatewayStopping,
  Health,
  NotReady,
  SafeModeChange,
  SafeModeChanged,
  StatusView,
} from '../../wire/gateway.ts'
import type { AgentView } from '../../wire/gateway.ts'
import type { AgentSummary } from '../ports.ts'
import { healthView } from '../health-view.ts'
import { agentView, statusView } from '../views.ts'
import { withErrors } from './context.ts'
import type { App, RouteContext } from './context.ts'

export function addGatewayRoutes(app: App, context: RouteContext): void {
  const { gateway, streams, config } = context
  app.get(
    '/v1/agents',
    {
      schema: {
        operationId: 'listAgents',
        summary: 'Agents that sessions can have',
        response: withErrors({ 200: AgentList }),
      },
    },
    async () => {
      const [presence, needed] = await Promise.all([context.detectAgents(), context.logins.needed()])
      // What files tell is a guess; an agent that refuses to work knows.
      const isNeeded = new Set(needed.map(({ agent }) => agent))
      const viewOf = (agent: AgentSummary): AgentView => {
        const view = agentView(agent, presence.get(agent.name))
        return isNeeded.has(agent.name) ? { ...view, login: 'no' } : view
      }
      return { agents: context.agents().map(viewOf) }
    },
  )
  app.get(
    '/v1/status',
    {
      schema: { operationId: 'getStatus', summary: 'What the gateway does', response: withErrors({ 200: StatusView }) },
    },
    async () => {
      const { socket } = config
      const status = await gateway.status()
      const api = { phase: gateway.phase(), url: context.url(), socket, streams: streams.open }
      const needed = (await context.logins.needed()).map(({ isElsewhere, ...login }) => ({
        ...login,
        elsewhere: isElsewhere,
      }))
      return { ...statusView(status, api), ...healthView(status.health), logins_needed: needed }
    },
  )
  app.post(
    '/v1/gateway/stop',
    {
      schema: {
        operationId: 'stopGateway',
        summary: 'Drain and stop; answers when it has begun',
        body: GatewayStop,
        response: withErrors({ 202: GatewayStopping }),
      },
    },
    async ({ body: { now = false, drain_ms: drainMs, keep_agents: keepAgents = false } }, reply) => {
      const { pid, hosting } = await gateway.status()
      if (keepAgents && hosting === 'inline') {
        throw new HoldfastError('BAD_REQUEST', { reason: 'keep_agents needs keeper.hosting `keeper`' })
      }
      gateway.stop({ now, drainMs, keepAgents })
      return reply.code(202).send({ state: gateway.phase(), pid })
    },
  )
  addRestart(app, context)
  addSafeMode(app, context)
  addHealth(app, context)
}

function addSafeMode(app: App, { gateway }: RouteContext): void {
  app.post(
    '/v1/gateway/safe-mode',
    {
      schema: {
        operationId: 'leaveSafeMode',
        summary: 'End safe mode: prompts are taken and queues go on',
        body: SafeModeChange,
        response: withErrors({ 200: SafeModeChanged }),
      },
    },
    () => ({ left: gateway.leaveSafeMode() }),
  )
}

function addRestart(app: App, { gateway }: RouteContext): void {
  app.post(
    '/v1/gateway/restart',
    {
      schema: {
        operationId: 'restartGateway',
        summary: 'Restart; answers when the next life is prepared and this one begins to end',
        body: GatewayRestart,
        response: withErrors({ 202: GatewayRestarting }),
      },
    },
    async ({ body: { reason = 'asked over the API' } }, reply) => {
      const { pid, epoch } = await gateway.status()
      const { outcome, way } = await gateway.restart(reason)
      return reply.code(202).send({ outcome, way, pid, epoch })
    },
  )
}

function addHealth(app: App, { gateway }: RouteContext): void {
  app.get(
    '/livez',
    {
      schema: { operationId: 'live', summary: 'The process answers', security: [], response: { 200: Health } },
    },
    () => ({ ok: true }),
  )
  app.get(
    '/readyz',
    {
      schema: {
        operationId: 'ready',
        summary: 'New work is accepted',
        security: [],
        response: { 200: Health, 503: NotReady },
      },
    },
    async (_request, reply) => {
      const reason = gateway.readiness()
      if (reason === 'ready') return { ok: true }
      return reply.code(503).send({ ok: false, reason })
    },
  )
  app.get(
    '/openapi.json',
    { schema: { operationId: 'getOpenApi', summary: 'This document', response: withErrors({ 200: Type.Unknown() }) } },
    async () => (await import('../openapi.ts')).buildOpenApi(),
  )
}
