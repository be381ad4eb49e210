// The OpenAPI document, made from the schemas of the routes themselves. Built when somebody asks for it, never at start.

import swagger from '@fastify/swagger'
import Fastify from 'fastify'

import { addRoutes } from './app.ts'
import type { App, RouteContext } from './routes/context.ts'

/** OpenAPI 3.1 as a plain object. The same for every gateway of this version. */
export async function buildOpenApi(): Promise<Record<string, unknown>> {
  const app: App = Fastify({ logger: false, exposeHeadRoutes: false })
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Holdfast', version: 'v1', description: DESCRIPTION },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    },
  })
  app.after(() => addRoutes(app, NO_PORTS))
  app.setValidatorCompiler(() => () => true)
  app.setSerializerCompiler(() => () => '')
  await app.ready()
  const document = app.swagger() as unknown as Record<string, unknown>
  await app.close()
  return document
}

const DESCRIPTION =
  'Durable, supervised sessions of coding agents. Every request needs the token of the token file as a Bearer token. ' +
  'Errors have one shape; branch on `error.code`. Times are RFC 3339 in UTC with milliseconds. Lists have opaque cursors.'

/** The routes are only looked at here: none is ever called. */
const NO_PORTS = Object.freeze({}) as RouteContext
