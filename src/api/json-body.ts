// Reads JSON bodies: objects only, of a sane depth, without keys that reach a prototype. An empty body is an empty object.

import type { FastifyInstance } from 'fastify'

import { HoldfastError } from '../base/errors.ts'
import { isJsonObject } from '../base/json.ts'

/** Deeper than any prompt has a reason to be; what is deeper could end a recursive reader. */
export const BODY_DEPTH_MAX = 64

/** Makes `application/json` the only content type. BAD_JSON for the rest of what can be wrong. */
export function acceptJsonBodies(app: FastifyInstance<never, never, never, never, never>): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (_request, text, done) => {
    try {
      done(null, parseBody(text))
    } catch (error) {
      done(error as Error)
    }
  })
}

/** BAD_JSON when `text` is not one JSON object of at most BODY_DEPTH_MAX levels. */
export function parseBody(text: string): object {
  if (text === '') return {}
  const body = parseJson(text)
  if (!isJsonObject(body)) throw new HoldfastError('BAD_JSON', { reason: 'it must be one object' })
  if (!isShallow(body, BODY_DEPTH_MAX)) throw new HoldfastError('BAD_JSON', { reason: 'it is nested too deep' })
  return body
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new HoldfastError('BAD_JSON', { reason: 'it cannot be parsed' }, { cause })
  }
}

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  if (levels === 0 || Object.hasOwn(value, '__proto__')) return false
  for (const key in value) if (!isShallow((value as Record<string, unknown>)[key], levels - 1)) return false
  return true
}
