// Our own fields in `_meta`: names with a prefix, read leniently, written only where the protocol lets us (F-57).

import { isJsonObject } from '../base/json.ts'
import { membersOf, objectText } from '../base/json-text.ts'
import type { JsonObject } from '../base/json.ts'

export const META = {
  /** initialize: names the client over several connections; prompts whose idempotency key begins with it are its own. */
  client: 'holdfast/client',
  /** session/list */
  activity: 'holdfast/activity',
  /** session/new */
  agent: 'holdfast/agent',
  key: 'holdfast/key',
  title: 'holdfast/title',
  parent: 'holdfast/parent',
  options: 'holdfast/options',
  mcpServers: 'holdfast/mcpServers',
  /** session/resume: go on after this event, told live. */
  after: 'holdfast/after',
  /** session/prompt, session/new, session/fork: sent again, it is done once. */
  idempotencyKey: 'holdfast/idempotencyKey',
  /** session/prompt */
  whenBusy: 'holdfast/whenBusy',
  turn: 'holdfast/turn',
  /** session/update: the event that it tells, and which part of it when there are several. */
  seq: 'holdfast/seq',
  part: 'holdfast/part',
  /** session/request_permission */
  permission: 'holdfast/permission',
  /** elicitation/create */
  elicitation: 'holdfast/elicitation',
  /** session/resume: permission requests and questions that wait. */
  permissions: 'holdfast/permissions',
} as const

export function metaOf(params: JsonObject): JsonObject {
  const meta = params['_meta']
  return isJsonObject(meta) ? meta : {}
}

/** What of `_meta` is not for us. */
export function withoutOurs(meta: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(meta).filter(([name]) => !name.startsWith(OURS)))
}

const OURS = 'holdfast/'

/** As `withoutOurs`, of the text of `_meta`, which stays as it is written otherwise; undefined when nothing is left. */
export function textWithoutOurs(text: string): string | undefined {
  const members = membersOf(text).filter(([name]) => !name.startsWith(OURS))
  return members.length === 0 ? undefined : objectText(members)
}

/** Undefined when it is not there or no text. */
export function metaText(params: JsonObject, name: string): string | undefined {
  const value = metaOf(params)[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}
