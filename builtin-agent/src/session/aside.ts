// What a person should know beside the conversation, such as a server that cannot be reached: a notice where the client shows
// them, else a thought. The model never sees it.

import { newId } from '../../../src/base/ids.ts'
import type { JsonObject } from '../../../src/base/json.ts'
import type { Client } from '../client/client.ts'

export function warningUpdate({ abilities }: Client, text: string): JsonObject {
  if (abilities.notices) return { sessionUpdate: 'notice', severity: 'warning', title: text }
  const content = { type: 'text', text: `${text}\n` }
  return { sessionUpdate: 'agent_thought_chunk', content, messageId: newId('msg') }
}
