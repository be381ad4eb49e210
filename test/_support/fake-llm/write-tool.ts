// Finds the tool of a request that can write a file, and the arguments that make it do so.
// Knows the write, edit, apply_patch and shell tools of the agents under test; never invents a tool that was not offered.

import type { Json, JsonObject } from '../../../src/base/json.ts'
import { isJsonObject } from '../../../src/base/json.ts'
import type { OfferedTool } from './conversation.ts'

export interface WriteCall {
  readonly name: string
  /** An object for a tool with a schema, a text for a free-form tool. */
  readonly input: JsonObject | string
}

interface Strategy {
  readonly names: RegExp
  readonly build: (tool: OfferedTool, path: string, content: string) => WriteCall | undefined
}

const PATH_KEYS = ['filePath', 'file_path', 'absolute_path', 'path', 'filename']
const CONTENT_KEYS = ['content', 'contents', 'text', 'file_text']

const STRATEGIES: readonly Strategy[] = [
  { names: /^(?:mcp__acp__)?(write|create|write_?file|create_?file|writefile|fs_write)$/i, build: fileWrite },
  { names: /^(edit|edit_?file|str_replace)$/i, build: fileEdit },
  { names: /^apply_?patch$/i, build: patch },
  { names: /^(bash|shell|shell_command|exec_command|run_shell_command|execute_command|run_command)$/i, build: shell },
]

/** The call that writes `content` to `path`, or undefined when no offered tool can. A better kind of tool goes first. */
export function writeCall(tools: readonly OfferedTool[], path: string, content: string): WriteCall | undefined {
  for (const strategy of STRATEGIES) {
    for (const tool of tools) {
      const call = strategy.names.test(tool.name) ? strategy.build(tool, path, content) : undefined
      if (call) return call
    }
  }
  return undefined
}

function fileWrite(tool: OfferedTool, path: string, content: string): WriteCall | undefined {
  const pathKey = firstKey(tool, PATH_KEYS)
  const contentKey = firstKey(tool, CONTENT_KEYS)
  if (!pathKey || !contentKey) return undefined
  return { name: tool.name, input: complete(tool, { [pathKey]: path, [contentKey]: content }) }
}

function fileEdit(tool: OfferedTool, path: string, content: string): WriteCall | undefined {
  const pathKey = firstKey(tool, PATH_KEYS)
  const oldKey = firstKey(tool, ['oldString', 'old_string', 'old_str'])
  const newKey = firstKey(tool, ['newString', 'new_string', 'new_str'])
  if (!pathKey || !oldKey || !newKey) return undefined
  return { name: tool.name, input: complete(tool, { [pathKey]: path, [oldKey]: '', [newKey]: content }) }
}

function patch(tool: OfferedTool, path: string, content: string): WriteCall | undefined {
  const text = `*** Begin Patch\n*** Add File: ${path}\n+${content}\n*** End Patch\n`
  if (!tool.schema) return { name: tool.name, input: text }
  const key = firstKey(tool, ['patchText', 'patch', 'input'])
  return key ? { name: tool.name, input: complete(tool, { [key]: text }) } : undefined
}

function shell(tool: OfferedTool, path: string, content: string): WriteCall | undefined {
  const line = `printf '%s\\n' ${quoted(content)} > ${quoted(path)}`
  const key = firstKey(tool, ['command', 'cmd', 'script'])
  if (!key) return undefined
  const wantsArray = propertiesOf(tool)[key]?.['type'] === 'array'
  return { name: tool.name, input: complete(tool, { [key]: wantsArray ? ['bash', '-lc', line] : line }) }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

function propertiesOf(tool: OfferedTool): Record<string, JsonObject> {
  const properties = tool.schema?.['properties']
  return isJsonObject(properties) ? (properties as Record<string, JsonObject>) : {}
}

function firstKey(tool: OfferedTool, candidates: readonly string[]): string | undefined {
  const properties = propertiesOf(tool)
  return candidates.find((key) => key in properties)
}

/** Adds a neutral value for every other required property, so that the call passes the agent's own validation. */
function complete(tool: OfferedTool, known: JsonObject): JsonObject {
  const required = tool.schema?.['required']
  const missing = Array.isArray(required) ? required.map(String).filter((key) => !(key in known)) : []
  const fill = missing.map((key) => [key, neutral(propertiesOf(tool)[key])] as const)
  return { ...Object.fromEntries(fill), ...known }
}

function neutral(schema: JsonObject | undefined): Json {
  const choices = schema?.['enum']
  if (Array.isArray(choices)) return choices[0] ?? ''
  switch (schema?.['type']) {
    case 'boolean':
      return false
    case 'number':
    case 'integer':
      return 0
    case 'array':
      return []
    case 'object':
      return {}
    default:
      return 'write a file'
  }
}
