// The `_meta` that goes to the agent with a prompt: what the body says, and the trace of the request (W3C trace context).

import type { IncomingHttpHeaders } from 'node:http'

import { HoldfastError } from '../base/errors.ts'
import { META_CHARS_MAX } from '../session/service.ts'
import type { PromptCreate } from '../wire/turn.ts'

/** The names that ACP reserves for them in `_meta`. */
const TRACE = ['traceparent', 'tracestate', 'baggage'] as const
const TRACE_CHARS_MAX = 4_096

/** JSON text; undefined for none. A header stands back behind a member of the same name, and is left out when it is not usable. BAD_REQUEST. */
export function promptMeta(body: Pick<PromptCreate, 'meta'>, headers: IncomingHttpHeaders): string | undefined {
  const meta = { ...traceOf(headers), ...body.meta }
  if (Object.keys(meta).length === 0) return undefined
  const text = JSON.stringify(meta)
  if (text.length > META_CHARS_MAX) {
    const reason = `body/meta has more than ${META_CHARS_MAX} characters`
    throw new HoldfastError('BAD_REQUEST', { reason })
  }
  return text
}

/** A state without its trace means nothing. */
function traceOf(headers: IncomingHttpHeaders): Record<string, string> {
  const given = TRACE.map((name) => [name, headers[name]] as const)
  const usable = given.filter(
    (entry): entry is [(typeof TRACE)[number], string] =>
      typeof entry[1] === 'string' && entry[1] !== '' && entry[1].length <= TRACE_CHARS_MAX,
  )
  const trace = Object.fromEntries(usable)
  if (TRACEPARENT.test(trace['traceparent'] ?? '')) return trace
  const { traceparent: _, tracestate: __, ...baggage } = trace
  return baggage
}

const TRACEPARENT = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}(?:-.*)?$/
