// Which session the messages of one connection are about: a request carries it, an answer has that of its request. Looks at ids only.

import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json.ts'

/** A message of ours on its way out. */
export interface Outbound {
  readonly kind: 'request' | 'notification' | 'answer'
  readonly id: Json | undefined
  readonly method: string | undefined
  /** For `Acp-Session-Id`. */
  readonly sessionId: string | undefined
}

/** What a message of theirs means for the streams. */
export interface Inbound {
  /** It belongs to this session, whose stream has to be open. */
  readonly opens: string | undefined
  /** It answers a load of this session; what was replayed for it may come on another stream. */
  readonly loaded: string | undefined
}

const NOTHING: Inbound = { opens: undefined, loaded: undefined }
/** An update has no id, and there are many of them. */
const HAS_ID = /"id"\s*:/

export class Routes {
  /** Requests that are not answered: ours with method and session, theirs with the session. */
  readonly #ours = new Map<Json, Pick<Outbound, 'method' | 'sessionId'>>()
  readonly #theirs = new Map<Json, string>()

  leaves(text: string): Outbound {
    const { id, method, params } = JSON.parse(text) as JsonObject
    if (typeof method !== 'string') {
      const sessionId = this.#theirs.get(id ?? null)
      this.#theirs.delete(id ?? null)
      return { kind: 'answer', id, method: undefined, sessionId }
    }
    const sessionId = sessionOf(params)
    if (id === undefined) return { kind: 'notification', id, method, sessionId }
    this.#ours.set(id, { method, sessionId })
    return { kind: 'request', id, method, sessionId }
  }

  /** `stream`: the session whose stream it came on. What cannot be read is for somebody else to say. */
  arrives(text: string, stream: string | undefined): Inbound {
    if (!HAS_ID.test(text)) return NOTHING
    const message = parse(text)
    const id = message?.['id']
    if (message === undefined || id === undefined) return NOTHING
    if (message['method'] !== undefined) {
      const about = sessionOf(message['params']) ?? stream
      if (about !== undefined) this.#theirs.set(id, about)
      return NOTHING
    }
    const asked = this.#ours.get(id)
    this.#ours.delete(id)
    if (asked === undefined) return NOTHING
    const isLoad = asked.method === 'session/load' && asked.sessionId !== stream
    return { opens: sessionOf(message['result']), loaded: isLoad ? asked.sessionId : undefined }
  }
}

function sessionOf(params: Json | undefined): string | undefined {
  const sessionId = isJsonObject(params) ? params['sessionId'] : undefined
  return typeof sessionId === 'string' ? sessionId : undefined
}

function parse(text: string): JsonObject | undefined {
  try {
    const message = JSON.parse(text) as Json
    return isJsonObject(message) ? message : undefined
  } catch {
    return undefined
  }
}
