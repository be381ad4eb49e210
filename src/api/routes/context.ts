// What every route gets: the application it is added to, the ports, and what the API itself keeps open.

import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify'
import type { IncomingMessage, ServerResponse } from 'node:http'

import { HoldfastError } from '../../base/errors.ts'
import type { SessionId } from '../../base/ids.ts'
import { ErrorBody } from '../../wire/error.ts'
import type { ApiPorts } from '../ports.ts'
import type { Streams } from '../streams/streams.ts'

export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

export interface RouteContext extends ApiPorts {
  readonly streams: Streams
  /** Base address over TCP while it listens. */
  url(): string | undefined
}

/** `responses` and the answer that any route may give instead. */
export function withErrors<T extends object>(responses: T): T & { default: typeof ErrorBody } {
  return { ...responses, default: ErrorBody }
}

/** GATEWAY_DRAINING when new work is not accepted any more. */
export function refuseWhileDraining({ gateway }: ApiPorts): void {
  const phase = gateway.phase()
  if (phase === 'draining' || phase === 'stopped') throw new HoldfastError('GATEWAY_DRAINING')
}

const SESSION_ID = /^ses_[0-9a-z]{26}$/

/** The id of the session in a path, which may be given by its key. An id is not looked up: the service does that anyway. */
export async function sessionIdOf({ service }: ApiPorts, idOrKey: string): Promise<SessionId> {
  return SESSION_ID.test(idOrKey) ? (idOrKey as SessionId) : (await service.get(idOrKey)).session.id
}
