// What an agent calls itself in its answer to `initialize`: for people, and to know which program answers under a name.

import { isJsonObject } from '../base/json.ts'
import type { Json } from '../base/json.ts'

export interface AgentInfo {
  readonly name: string
  readonly version: string | undefined
}

const TEXT_CHARS_MAX = 100
/** Would turn or hide text, or end a line. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/** Undefined when it does not say so, or says it in a shape that nobody can read. Untrusted, bounded and of one line. */
export function narrowAgentInfo(info: Json | undefined): AgentInfo | undefined {
  if (!isJsonObject(info)) return undefined
  const name = textOf(info['name'])
  return name === undefined ? undefined : { name, version: textOf(info['version']) }
}

function textOf(value: Json | undefined): string | undefined {
  if (typeof value !== 'string') return undefined
  const text = value.slice(0, TEXT_CHARS_MAX).replace(INVISIBLE, '').trim()
  return text === '' ? undefined : text
}
