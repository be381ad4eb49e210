// The HTTP application: guard, JSON, validation, errors, routes. Knows no port and no socket; listeners.ts does.

import Fastify from 'fastify'
import { randomBytes } from 'node:crypto'

import { HoldfastError, isHoldfastError } from '../base/errors.ts'
import { sendError } from './error-answer.ts'
import type { Guard } from './guard/guard.ts'
import { acceptJsonBodies } from './json-body.ts'
import { addElicitationRoutes } from './routes/elicitations.ts'
import { addEventRoutes } from './routes/events.ts'
import { addAgentLoginRoute } from './routes/agent-login.ts'
import { addGatewayRoutes } from './routes/gateway.ts'
import { addGatewayReloadRoute } from './routes/gateway-reload.ts'
import { addInsightRoutes } from './routes/insight.ts'
import { addPermissionInboxRoute } from './routes/permission-inbox.ts'
import { addPermissionRuleRoutes } from './routes/permission-rules.ts'
import { addPermissionRoutes } from './routes/permissions.ts'
import { addSessionResetRoute } from './routes/session-reset.ts'
import { addSessionRoutes } from './routes/sessions.ts'
import { addAdoptRoutes } from './routes/adopt.ts'
import { addForkRoute } from './routes/fork.ts'
import { addSessionChangeRoutes } from './routes/session-change.ts'
import { addTaskRoutes } from './routes/tasks.ts'
import { addCancelRoute } from './routes/cancel.ts'
import { addQueueRoutes } from './routes/queue.ts'
import { addStorageRoutes } from './routes/storage.ts'
import { addTurnRoutes } from './routes/turns.ts'
import type { App, RouteContext } from './routes/context.ts'
import type { Streams } from './streams/streams.ts'
import { compileValidator } from './validate.ts'

/** The application, not yet ready: `app.ready()` compiles the routes. `app.inject` works without a port. */
export function createApp(context: RouteContext, guard: Guard): App {
  const { logger, config, streams } = context
  const app: App = Fastify({
    logger: false,
    genReqId: createRequestIds(),
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 500 },
    frameworkErrors: (error, request, reply) => sendError(error, request, reply as never, logger),
    schemaController: { compilersFactory: { buildValidator: () => compileValidator as never, buildSerializer } },
  })
  app.addHook('onRequest', (request, reply, done) => {
    try {
      guard.check(request.raw)
      done()
    } catch (error) {
      reply.header('connection', 'close') // what it still sends is not read
      done(error as Error)
    }
  })
  acceptJsonBodies(app as never, config)
  app.setErrorHandler((error, request, reply) => {
    sendError(withRetryTime(error, streams), request, reply, logger)
  })
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0]?.slice(0, 200)
    sendError(new HoldfastError('NOT_FOUND', { path }), request, reply, logger)
  })
  addRoutes(app, context)
  return app
}

const RETRY_MS_MIN = 1_000
const RETRY_MS_MAX = 60_000

/** Who is refused because the gateway ends is told to come back when it may have done so. */
function withRetryTime(error: unknown, { leaving }: Streams): unknown {
  if (leaving === undefined || !isHoldfastError(error) || error.code !== 'GATEWAY_DRAINING') return error
  const leftMs = leaving.until - Date.now() + RETRY_MS_MIN
  const retryAfterMs = Math.min(Math.max(leftMs, RETRY_MS_MIN), RETRY_MS_MAX)
  return new HoldfastError('GATEWAY_DRAINING', { retryAfterMs }, { cause: error })
}

export function addRoutes(app: App, context: RouteContext): void {
  addSessionRoutes(app, context)
  addSessionResetRoute(app, context)
  addSessionChangeRoutes(app, context)
  addTaskRoutes(app, context)
  addAdoptRoutes(app, context)
  addForkRoute(app, context)
  addTurnRoutes(app, context)
  addQueueRoutes(app, context)
  addCancelRoute(app, context)
  addEventRoutes(app, context)
  addPermissionRoutes(app, context)
  addElicitationRoutes(app, context)
  addPermissionInboxRoute(app, context)
  addPermissionRuleRoutes(app, context)
  addInsightRoutes(app, context)
  addStorageRoutes(app, context)
  addGatewayRoutes(app, context)
  addAgentLoginRoute(app, context)
  addGatewayReloadRoute(app, context)
}

/** Answers are made by views.ts, which is checked against the schemas by the compiler; V8 writes plain objects fastest. */
const buildSerializer = () => () => (answer: unknown) => JSON.stringify(answer)

/** Short, unique in this life of the process, and not to be guessed from another. */
function createRequestIds(): () => string {
  const life = randomBytes(4).toString('hex')
  let count = 0
  return () => `req_${life}${(++count).toString(36)}`
}
