// The capabilities and logins of an answer to `initialize` in version 2, as version 1 would say them. Markers are objects there.

import { isJsonObject } from '../base/json.ts'
import type { Json, JsonObject } from '../base/json.ts'
import { narrowAgentInfo } from './agent-info.ts'
import type { AgentCapabilities, LoginOffer } from './initialize.ts'
import { knownLogins, narrowLoginMethods } from './login-methods.ts'

interface V2Agent {
  readonly capabilities: AgentCapabilities
  readonly login: LoginOffer
}

export function narrowV2({ capabilities, authMethods, info }: JsonObject): V2Agent {
  const agent = narrowAgentInfo(info)
  const methods = narrowLoginMethods(Array.isArray(authMethods) ? authMethods.map(toV1Method) : [])
  const logins = methods.length === 0 ? {} : { logins: knownLogins(methods) }
  // Whoever names a login can end it as well.
  return {
    capabilities: { ...narrowCapabilities(capabilities), ...(agent !== undefined && { agent }), ...logins },
    login: { methods, canLogOut: methods.length > 0 },
  }
}

/** `session` stands for new, list, resume and close; a resume can replay, which is what `loadSession` means. */
function narrowCapabilities(capabilities: Json | undefined): AgentCapabilities {
  const { session } = objectOrEmpty(capabilities)
  const base = isJsonObject(session)
  const { prompt, mcp, fork, delete: deletes, additionalDirectories } = objectOrEmpty(session)
  const content = objectOrEmpty(prompt)
  return {
    protocol: 2,
    loadSession: base,
    resume: base,
    close: base,
    delete: isJsonObject(deletes),
    list: base,
    fork: isJsonObject(fork),
    additionalDirectories: isJsonObject(additionalDirectories),
    mcp: { http: isJsonObject(objectOrEmpty(mcp)['http']), sse: false },
    prompt: {
      image: isJsonObject(content['image']),
      audio: isJsonObject(content['audio']),
      embeddedContext: isJsonObject(content['embeddedContext']),
    },
  }
}

/** Ids have a name of their own, and variables are a list. A method without a type is none of version 2. */
function toV1Method(method: Json): Json {
  if (!isJsonObject(method)) return method
  const { methodId, env, type, ...rest } = method
  const pairs = Array.isArray(env) ? env.filter(isJsonObject).map(({ name, value }) => [name, value]) : undefined
  return {
    ...rest,
    ...(methodId !== undefined && { id: methodId }),
    type: type ?? 'untyped',
    ...(pairs !== undefined && { env: Object.fromEntries(pairs) as JsonObject }),
  }
}

function objectOrEmpty(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {}
}
