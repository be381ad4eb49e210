// An `elicitation/create` of an agent, narrowed: a form with fields that are known, or a URL that a person is sent to. Anything else is
// refused with a reason (C-60, C-66). A URL is judged by its text and never fetched (C-67).

import { FormError, readForm } from '../base/form/fields.ts'
import { isJsonObject } from '../base/json.ts'
import type { Json, JsonObject } from '../base/json.ts'
import type { RpcId } from './rpc.ts'

/** What a person is asked; as it came. */
export type Elicitation = {
  readonly message: string
  /** The tool call that it is part of. */
  readonly toolCallId: string | undefined
} & (
  | { readonly mode: 'form'; readonly requestedSchema: JsonObject }
  /** `elicitationId` is the agent's name of it. */
  | { readonly mode: 'url'; readonly url: string; readonly elicitationId: string }
)

/** What it belongs to: a session, or a request of ours outside of any. */
export type ElicitationScope =
  | { readonly kind: 'session'; readonly sessionId: string }
  | { readonly kind: 'request'; readonly requestId: RpcId }

export type NarrowedElicitation =
  | { readonly kind: 'request'; readonly scope: ElicitationScope; readonly elicitation: Elicitation }
  | { readonly kind: 'malformed'; readonly reason: string }

export type ElicitationAnswer =
  /** With a form its values; with a URL the consent to open it, nothing more. */
  { readonly action: 'accept'; readonly content: JsonObject | undefined } | { readonly action: 'decline' | 'cancel' }

const MESSAGE_LENGTH_MAX = 10_000
const SCHEMA_LENGTH_MAX = 65_536
const URL_LENGTH_MAX = 4_096
const ID_LENGTH_MAX = 1_000
/** Control and format characters: they could make a URL look like another one. */
const INVISIBLE = /[\p{C}\s]/u

class Malformed extends Error {}

/** Judges the params of one `elicitation/create`. */
export function narrowElicitation(params: JsonObject): NarrowedElicitation {
  try {
    const scope = scopeOf(params)
    const { message, toolCallId } = params
    if (typeof message !== 'string' || message.length > MESSAGE_LENGTH_MAX)
      throw new Malformed(`message must be a text of at most ${MESSAGE_LENGTH_MAX} characters`)
    const about = { message, toolCallId: isId(toolCallId) ? toolCallId : undefined }
    return { kind: 'request', scope, elicitation: { ...about, ...askedOf(params) } }
  } catch (error) {
    if (error instanceof Malformed || error instanceof FormError) return { kind: 'malformed', reason: error.message }
    throw error
  }
}

/** The agent's name of the elicitation that an `elicitation/complete` is about. */
export function completedElicitation({ elicitationId }: JsonObject): string | undefined {
  return isId(elicitationId) ? elicitationId : undefined
}

/** The result of an `elicitation/create`. */
export function elicitationResult(answer: ElicitationAnswer): JsonObject {
  const content = answer.action === 'accept' ? answer.content : undefined
  return { action: answer.action, ...(content !== undefined && { content }) }
}

function scopeOf({ sessionId, requestId }: JsonObject): ElicitationScope {
  const isOfSession = (sessionId ?? undefined) !== undefined
  // The id of a request may be null as a value, so that its key decides.
  const isOfRequest = requestId !== undefined && (requestId !== null || !isOfSession)
  if (isOfSession === isOfRequest) throw new Malformed('it needs exactly one of sessionId and requestId')
  if (isOfSession && typeof sessionId !== 'string') throw new Malformed('sessionId must be a text')
  if (typeof sessionId === 'string') return { kind: 'session', sessionId }
  if (typeof requestId === 'string' || typeof requestId === 'number' || requestId === null)
    return { kind: 'request', requestId }
  throw new Malformed('requestId must be the id of a request')
}

function askedOf({ mode, requestedSchema, url, elicitationId }: JsonObject) {
  if (mode === 'form') return { mode, requestedSchema: schemaOf(requestedSchema) } as const
  if (mode !== 'url') throw new Malformed('the mode is not one that was advertised: form, url')
  if (!isId(elicitationId)) throw new Malformed('elicitationId must be a text')
  return { mode, url: urlOf(url), elicitationId } as const
}

function schemaOf(schema: Json | undefined): JsonObject {
  // First: what is read field by field takes the longer the larger it is.
  const isLarge = isJsonObject(schema) && JSON.stringify(schema).length > SCHEMA_LENGTH_MAX
  if (isLarge) throw new Malformed('requestedSchema is too large')
  readForm(schema)
  return schema as JsonObject
}

/** It is shown as it is, so it must be what it looks like. */
function urlOf(url: Json | undefined): string {
  if (typeof url !== 'string' || url.length > URL_LENGTH_MAX || INVISIBLE.test(url))
    throw new Malformed(`url must be a text of at most ${URL_LENGTH_MAX} characters that can be seen`)
  const { protocol = '' } = URL.parse(url) ?? {}
  if (protocol !== 'http:' && protocol !== 'https:') throw new Malformed('url must be an absolute http or https URL')
  return url
}

function isId(value: Json | undefined): value is string {
  return typeof value === 'string' && value !== '' && value.length <= ID_LENGTH_MAX
}
