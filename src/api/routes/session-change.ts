// /v1/sessions/{session}: ensure by key, change. What a body says of a session that is made is here too.

import type { JsonObject } from '../../base/json.ts'
import type { DescribeRequest, SessionChange, SessionRequest } from '../../session/service.ts'
import { SessionDetail, SessionEnsure, SessionEnsured, SessionPatch } from '../../wire/session.ts'
import { sessionDetail, sessionView } from '../views.ts'
import { refuseWhileDraining, sessionIdOf, withErrors } from './context.ts'
import type { App, RouteContext } from './context.ts'
import { SessionParams } from './params.ts'

export function addSessionChangeRoutes(app: App, context: RouteContext): void {
  addEnsure(app, context)
  addPatch(app, context)
}

/** What is asked for, but for the key. */
export function sessionRequest(body: SessionEnsure): SessionRequest {
  const { agent, cwd, mode, on_interrupt: onInterrupt, continuity, options, label, parent, notify } = body
  const { permission_mode: permissionMode } = body
  return {
    agent,
    cwd,
    ...(mode === undefined ? {} : { mode }),
    ...(onInterrupt === undefined ? {} : { onInterrupt }),
    ...(permissionMode === undefined ? {} : { permissionMode }),
    ...(continuity === undefined ? {} : { continuity }),
    ...(options === undefined ? {} : { options: options as JsonObject }),
    ...equipmentRequest(body),
    ...(label === undefined ? {} : { label }),
    ...(parent === undefined ? {} : { parent }),
    ...(notify === undefined ? {} : { notify }),
  }
}

function addEnsure(app: App, context: RouteContext): void {
  app.put(
    '/v1/sessions/:session',
    {
      schema: {
        operationId: 'ensureSession',
        summary: 'The session that has the key, made if there is none',
        params: SessionParams,
        body: SessionEnsure,
        response: withErrors({ 200: SessionEnsured, 201: SessionEnsured }),
      },
    },
    async ({ params, body }, reply) => {
      refuseWhileDraining(context)
      const { status, created } = await context.service.ensure({ ...sessionRequest(body), key: params.session })
      return reply.code(created ? 201 : 200).send({ session: sessionView(status), created })
    },
  )
}

function addPatch(app: App, context: RouteContext): void {
  app.patch(
    '/v1/sessions/:session',
    {
      schema: {
        operationId: 'changeSession',
        summary:
          'Change options, MCP servers, directories, continuity, permission mode, label, parent or what the parent is told',
        params: SessionParams,
        body: SessionPatch,
        response: withErrors({ 200: SessionDetail }),
      },
    },
    async ({ params, body }) => {
      const id = await sessionIdOf(context, params.session)
      const { service } = context
      // What an agent may refuse comes first.
      const change = sessionChange(body)
      if (Object.keys(change).length > 0) await service.change(id, change)
      const equipment = equipmentRequest(body)
      if (Object.keys(equipment).length > 0) await service.equip(id, equipment)
      const description = describeRequest(body)
      if (Object.keys(description).length > 0) await service.describe(id, description)
      if (body.permission_mode !== undefined) await context.permissions.setMode(id, body.permission_mode, 'api')
      return sessionDetail(await service.get(id))
    },
  )
}

function sessionChange({ options, continuity }: SessionPatch): SessionChange {
  return {
    ...(options === undefined ? {} : { options: options as JsonObject }),
    ...(continuity === undefined ? {} : { continuity }),
  }
}

export function equipmentRequest({
  mcp_servers: mcpServers,
  additional_directories: directories,
}: Pick<SessionPatch, 'mcp_servers' | 'additional_directories'>): Pick<SessionRequest, 'mcpServers' | 'directories'> {
  return { ...(mcpServers && { mcpServers }), ...(directories && { directories }) }
}

function describeRequest({ label, parent, notify }: SessionPatch): DescribeRequest {
  return {
    ...(label === undefined ? {} : { label }),
    ...(parent === undefined ? {} : { parent }),
    ...(notify === undefined ? {} : { notify }),
  }
}
