// Reads JSON bodies: objects only, of a sane depth, without keys that reach a prototype. An empty body is an empty object.

import type { FastifyInstance } from 'fastify'
import type { IncomingMessage } from 'node:http'

import { HoldfastError } from '../base/errors.ts'
import { isJsonObject } from '../base/json.ts'

/** Deeper than any prompt has a reason to be; what is deeper could end a recursive reader. */
export const BODY_DEPTH_MAX = 64

/** The bound is read for each request: a reload may change it. */
export interface BodyLimits {
  readonly bodyBytesMax: number
}

/** Makes `application/json` the only content type. PAYLOAD_TOO_LARGE, and BAD_JSON for the rest of what can be wrong. */
export function acceptJsonBodies(app: FastifyInstance<never, never, never, never, never>, limits: BodyLimits): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', async (_request: unknown, payload: IncomingMessage) =>
    parseBody(await readText(payload, limits.bodyBytesMax)),
  )
}

/** Nothing is kept of what is too large, and no more of it is read: the answer closes the connection. */
function readText(payload: IncomingMessage, bytesMax: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = Number(payload.headers['content-length'] ?? 0) > bytesMax ? Infinity : 0
    const refuse = (): void => {
      payload.off('data', take).pause()
      chunks.length = 0
      reject(new HoldfastError('PAYLOAD_TOO_LARGE', { bytesMax }))
    }
    const take = (chunk: Buffer): void => {
      bytes += chunk.length
      if (bytes > bytesMax) refuse()
      else chunks.push(chunk)
    }
    if (bytes > bytesMax) return refuse()
    payload.on('data', take).once('error', reject)
    payload.once('end', () => resolve(Buffer.concat(chunks).toString()))
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
