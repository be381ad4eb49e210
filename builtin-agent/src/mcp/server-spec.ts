// A tool server as the client describes it, narrowed.

import { isJsonObject, type Json, type JsonObject } from '../../../src/base/json.ts'

export type McpServerSpec =
  | {
      readonly kind: 'stdio'
      readonly name: string
      readonly command: string
      readonly args: readonly string[]
      readonly env: Readonly<Record<string, string>>
    }
  | {
      readonly kind: 'http'
      readonly name: string
      readonly url: string
      readonly headers: Readonly<Record<string, string>>
    }

/** The list, or a sentence that says what is wrong with it. Absent means none. */
export function readServerSpecs(value: Json | undefined): readonly McpServerSpec[] | string {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) return 'mcpServers must be a list'
  const specs: McpServerSpec[] = []
  for (const item of value) {
    const spec = isJsonObject(item) ? readSpec(item) : 'each of mcpServers must be an object'
    if (typeof spec === 'string') return spec
    specs.push(spec)
  }
  return specs
}

function readSpec(item: JsonObject): McpServerSpec | string {
  const { name, type, url, command } = item
  if (typeof name !== 'string' || name === '') return 'a tool server needs a name'
  if (type === 'http') {
    if (typeof url !== 'string' || !URL.canParse(url)) return `the tool server ${name} needs a url`
    return { kind: 'http', name, url, headers: pairsOf(item['headers']) }
  }
  if (type !== undefined && type !== 'stdio') return `the tool server ${name} is of a type that is not supported`
  if (typeof command !== 'string' || command === '') return `the tool server ${name} needs a command`
  const args = Array.isArray(item['args']) ? item['args'].filter((arg) => typeof arg === 'string') : []
  return { kind: 'stdio', name, command, args, env: pairsOf(item['env']) }
}

/** `[{ name, value }]` as ACP has headers and variables. */
function pairsOf(value: Json | undefined): Record<string, string> {
  const pairs: [string, string][] = []
  for (const item of Array.isArray(value) ? value : []) {
    const { name, value: text } = isJsonObject(item) ? item : {}
    if (typeof name === 'string' && typeof text === 'string') pairs.push([name, text])
  }
  return Object.fromEntries(pairs)
}
