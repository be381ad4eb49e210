// The handshake: which version is spoken, what the editor can show, and what the gateway can do for any editor.

import { isJsonObject } from '../base/json.ts'
import type { Json, JsonObject } from '../base/json.ts'
import { META, metaText } from './meta.ts'
import { invalidParams } from './rpc-errors.ts'

export const PROTOCOL_VERSION = 1

/** What the editor said of itself; what it left out it cannot (F-09). */
export interface EditorFacts {
  readonly name: string
  /** Names it over several connections; undefined for one that does not come back. */
  readonly clientId: string | undefined
  /** It can run its own command once more in a terminal, for a person to log in. */
  readonly canLogIn: boolean
  /** Modes of questions that it can show. */
  readonly elicitation: { readonly form: boolean; readonly url: boolean }
  readonly shows: { readonly notices: boolean; readonly compaction: boolean; readonly booleans: boolean }
}

/** Kinds of content in prompts besides text and resource links. */
export interface PromptContent {
  readonly image: boolean
  readonly audio: boolean
  readonly embeddedContext: boolean
}

const NAME_CHARS_MAX = 60

/** Refuses a version that is no integer (F-03); any integer is fine, the answer says which version is spoken (F-01). */
export function readInitialize(params: JsonObject): EditorFacts {
  const { protocolVersion, clientCapabilities, clientInfo } = params
  if (typeof protocolVersion !== 'number' || !Number.isSafeInteger(protocolVersion) || protocolVersion < 0) {
    throw invalidParams('protocolVersion is not an integer')
  }
  const session = objectOf(objectOf(clientCapabilities)['session'])
  const name = objectOf(clientInfo)['name']
  const { form, url } = objectOf(objectOf(clientCapabilities)['elicitation'])
  return {
    name: typeof name === 'string' && name !== '' ? name.slice(0, NAME_CHARS_MAX) : 'editor',
    clientId: metaText(params, META.client),
    canLogIn: objectOf(objectOf(clientCapabilities)['auth'])['terminal'] === true,
    elicitation: { form: isJsonObject(form), url: isJsonObject(url) },
    shows: {
      notices: isJsonObject(session['notices']),
      compaction: isJsonObject(session['compaction']),
      booleans: isJsonObject(objectOf(session['configOptions'])['boolean']),
    },
  }
}

/** What of the equipment of a session its agent can use, besides MCP servers on stdio. */
export interface AgentReach {
  readonly http: boolean
  readonly sse: boolean
  readonly additionalDirectories: boolean
  readonly fork: boolean
}

/** Only what works for every session of this gateway; content, MCP servers and directories as far as it is known of the agent (ADR 44). */
export function initializeResult(
  version: string,
  prompt: PromptContent,
  reach: AgentReach,
  authMethods: JsonObject[],
): JsonObject {
  const { http, sse, additionalDirectories, fork } = reach
  return {
    protocolVersion: PROTOCOL_VERSION,
    agentCapabilities: {
      loadSession: true,
      promptCapabilities: { ...prompt },
      mcpCapabilities: { http, sse },
      sessionCapabilities: {
        list: {},
        resume: {},
        close: {},
        delete: {},
        ...(fork && { fork: {} }),
        ...(additionalDirectories && { additionalDirectories: {} }),
      },
    },
    agentInfo: { name: 'holdfast', title: 'Holdfast', version },
    authMethods,
  }
}

function objectOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {}
}
