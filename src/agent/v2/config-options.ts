// Config options of ACP v2 in the shape of v1: the same choices, under v1's names for ids. Fields of v2 stay beside them.

import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json.ts'

/** A result or an update that may have `configOptions`. */
export function withV1Options(holder: JsonObject): JsonObject {
  const { configOptions } = holder
  return Array.isArray(configOptions) ? { ...holder, configOptions: configOptions.map(toV1Option) } : holder
}

/** The params of `session/set_config_option`: a value says what it is. */
export function toV2Setting(params: JsonObject): JsonObject {
  return { ...params, type: typeof params['value'] === 'boolean' ? 'boolean' : 'id' }
}

function toV1Option(option: Json): Json {
  if (!isJsonObject(option)) return option
  const { configId, options } = option
  return {
    ...option,
    ...(configId !== undefined && { id: configId }),
    ...(Array.isArray(options) && { options: options.map(toV1Group) }),
  }
}

function toV1Group(item: Json): Json {
  return isJsonObject(item) && 'groupId' in item ? { ...item, group: item['groupId'] ?? null } : item
}
