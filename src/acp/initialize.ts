// The result of `initialize`, narrowed once: version and capabilities. Nothing else looks at the raw capabilities again.
// Absent or null means unsupported (C-06); a bad shape counts as absent (C-05).

import { isJsonObject } from '../base/json.ts'
import type { Json, JsonObject } from '../base/json.ts'
import { narrowAgentInfo } from './agent-info.ts'
import type { AgentInfo } from './agent-info.ts'
import { narrowV2 } from './initialize-v2.ts'
import { knownLogins, narrowLoginMethods } from './login-methods.ts'
import type { KnownLogin, LoginMethod } from './login-methods.ts'
import { isInitializeResponse } from './validators.gen.js'
import { violationOf } from './violation.ts'

export interface AgentCapabilities {
  readonly loadSession: boolean
  readonly resume: boolean
  readonly close: boolean
  readonly delete: boolean
  readonly list: boolean
  readonly fork: boolean
  readonly additionalDirectories: boolean
  /** How it can reach MCP servers besides stdio, which every agent can. */
  readonly mcp: { readonly http: boolean; readonly sse: boolean }
  /** The version that was agreed; 1 if absent. What is stored of a process says it, for the next life. */
  readonly protocol?: 2
  /** Content that may be in a prompt besides text and resource links. */
  readonly prompt: {
    readonly image: boolean
    readonly audio: boolean
    readonly embeddedContext: boolean
  }
  /** What it calls itself; absent when it says nothing of that. */
  readonly agent?: AgentInfo
  /** How one logs in to it; absent when it says nothing of that. */
  readonly logins?: readonly KnownLogin[]
}

/** What only who logs in needs, and nobody stores. */
export interface LoginOffer {
  readonly methods: readonly LoginMethod[]
  readonly canLogOut: boolean
}

export type ProtocolVersion = 1 | 2

export type NarrowedInitialize =
  | {
      readonly kind: 'initialized'
      readonly protocolVersion: number
      readonly capabilities: AgentCapabilities
      readonly login: LoginOffer
      /** What the schema does not allow, when the result is usable all the same. */
      readonly warning: string | undefined
    }
  | { readonly kind: 'malformed'; readonly reason: string }

/** Malformed: no object, or a version that is not an integer. Whether we speak that version is the caller's question. */
export function narrowInitialize(result: Json): NarrowedInitialize {
  if (!isJsonObject(result)) return { kind: 'malformed', reason: 'the result of initialize is not an object' }
  const { protocolVersion: told, agentCapabilities } = result
  if (typeof told !== 'number' || !Number.isSafeInteger(told)) {
    return { kind: 'malformed', reason: 'protocolVersion is not an integer' }
  }
  const protocolVersion = told === 2 && hasFirstShape(result) ? 1 : told
  if (protocolVersion === 2) return { kind: 'initialized', protocolVersion, ...narrowV2(result), warning: undefined }
  const agent = narrowAgentInfo(result['agentInfo'])
  const warning = isInitializeResponse(result) ? undefined : violationOf(isInitializeResponse)
  const methods = narrowLoginMethods(result['authMethods'])
  const logins = methods.length === 0 ? {} : { logins: knownLogins(methods) }
  const capabilities = { ...narrowCapabilities(agentCapabilities), ...(agent !== undefined && { agent }), ...logins }
  const login = { methods, canLogOut: isJsonObject(objectOrEmpty(objectOrEmpty(agentCapabilities)['auth'])['logout']) }
  return { kind: 'initialized', protocolVersion, capabilities, login, warning }
}

/** Some agents repeat any number and go on in version 1: what they say of themselves is where that has it. */
function hasFirstShape({ agentCapabilities, capabilities }: JsonObject): boolean {
  return isJsonObject(agentCapabilities) && !isJsonObject(capabilities)
}

function narrowCapabilities(capabilities: Json | undefined): AgentCapabilities {
  const all = objectOrEmpty(capabilities)
  const session = objectOrEmpty(all['sessionCapabilities'])
  const prompt = objectOrEmpty(all['promptCapabilities'])
  const mcp = objectOrEmpty(all['mcpCapabilities'])
  return {
    loadSession: all['loadSession'] === true,
    resume: isJsonObject(session['resume']),
    close: isJsonObject(session['close']),
    delete: isJsonObject(session['delete']),
    list: isJsonObject(session['list']),
    fork: isJsonObject(session['fork']),
    additionalDirectories: isJsonObject(session['additionalDirectories']),
    mcp: { http: mcp['http'] === true, sse: mcp['sse'] === true },
    prompt: {
      image: prompt['image'] === true,
      audio: prompt['audio'] === true,
      embeddedContext: prompt['embeddedContext'] === true,
    },
  }
}

function objectOrEmpty(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {}
}
