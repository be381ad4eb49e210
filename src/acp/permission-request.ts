// A `session/request_permission` of an agent, narrowed. Options of unknown kind are kept and shown; which of them may ever
// be chosen without a person is not decided here (C-55, C-56).

import type { ToolCallUpdate } from '@agentclientprotocol/sdk'

import { isJsonObject } from '../base/json.ts'
import type { Json, JsonObject } from '../base/json.ts'
import { isLooseRequestPermissionRequest, isRequestPermissionRequest } from './validators.gen.js'
import { violationOf } from './violation.ts'

/** As it came: `kind` may be one we do not know, `name` may be missing. */
export type OfferedOption = JsonObject & { optionId: string }

export type NarrowedPermissionRequest =
  | {
      readonly kind: 'request'
      readonly sessionId: string
      /** The tool call in its update shape, as it came. */
      readonly toolCall: ToolCallUpdate & JsonObject
      /** In the agent's order; without those that have no id and so could not be chosen. May be empty. */
      readonly options: readonly OfferedOption[]
      readonly warning: string | undefined
    }
  | { readonly kind: 'malformed'; readonly reason: string }

/** Judges the params of one `session/request_permission`. Malformed: no session, no tool call id or no list of options. */
export function narrowPermissionRequest(params: JsonObject): NarrowedPermissionRequest {
  if (isRequestPermissionRequest(params)) return request(params, undefined)
  const warning = violationOf(isRequestPermissionRequest)
  const { options } = params
  if (!Array.isArray(options)) return { kind: 'malformed', reason: warning }
  // One bad option must not cost the agent its request: options are judged one by one.
  if (isLooseRequestPermissionRequest({ ...params, options: [] })) {
    return request({ ...params, options: options.filter(isOffered) }, warning)
  }
  return { kind: 'malformed', reason: violationOf(isLooseRequestPermissionRequest) }
}

/** `params` are what the types say: a validator has seen them. */
function request(params: JsonObject, warning: string | undefined): NarrowedPermissionRequest {
  const { sessionId, toolCall, options } = params as {
    sessionId: string
    toolCall: ToolCallUpdate & JsonObject
    options: OfferedOption[]
  }
  return { kind: 'request', sessionId, toolCall, options, warning }
}

function isOffered(option: Json): boolean {
  return isJsonObject(option) && typeof option['optionId'] === 'string'
}
