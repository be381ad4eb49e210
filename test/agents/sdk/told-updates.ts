// Every update that v1 has, each with its optional fields, some of them null.

import type { SessionUpdate } from '@agentclientprotocol/sdk/unstable'

import { configOf } from './controls.ts'
import type { Turn } from './turn.ts'

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const text = (words: string) => ({ type: 'text', text: words }) as const

export async function tellEverything(turn: Turn): Promise<void> {
  turn.choose({ mode: 'code', web: true })
  for (const update of [...shown(turn.session.equipment.cwd), ...described(configOf(turn.session))])
    await turn.tell(update)
}

function shown(cwd: string): SessionUpdate[] {
  const path = `${cwd}/a.txt`
  const resource = { uri: `file://${path}`, text: 'one', mimeType: null, _meta: null }
  const link = { type: 'resource_link', uri: 'https://peer.test/x', name: 'x', size: 12, title: null } as const
  const meta = { 'peer.test/odd': { nested: [1, 'two', null], ünï: '\u2028' } }
  return [
    { sessionUpdate: 'agent_thought_chunk', content: text('hm'), messageId: 'thought-1' },
    { sessionUpdate: 'agent_message_chunk', content: text('Hello '), messageId: 'said-1', _meta: meta },
    { sessionUpdate: 'agent_message_chunk', content: text('there'), messageId: 'said-1' },
    { sessionUpdate: 'agent_message_chunk', content: { type: 'image', data: PIXEL, mimeType: 'image/png', uri: null } },
    { sessionUpdate: 'agent_message_chunk', content: { type: 'audio', data: 'AAAA', mimeType: 'audio/wav' } },
    { sessionUpdate: 'agent_message_chunk', content: { type: 'resource', resource } },
    { sessionUpdate: 'agent_message_chunk', content: link },
    {
      sessionUpdate: 'tool_call',
      toolCallId: 'edit-1',
      title: 'Edit a.txt',
      kind: 'edit',
      status: 'in_progress',
      locations: [{ path, line: null }],
      rawInput: { path },
      content: [{ type: 'diff', path, oldText: null, newText: 'one\n' }],
    },
    { sessionUpdate: 'tool_call_update', toolCallId: 'edit-1', title: null, status: null, rawOutput: { lines: 1 } },
    { sessionUpdate: 'tool_call_update', toolCallId: 'edit-1', status: 'completed', content: null, locations: null },
  ]
}

function described(configOptions: ReturnType<typeof configOf>): SessionUpdate[] {
  const summary = [text('All of it.')]
  const entries = [
    { content: 'First', priority: 'high', status: 'completed' },
    { content: 'Second', priority: 'low', status: 'in_progress' },
  ] as const
  const availableCommands = [
    { name: 'web', description: 'Search', input: { hint: 'what for' } },
    { name: 'test', description: 'Test', input: null },
  ]
  return [
    { sessionUpdate: 'plan', entries: [...entries] },
    { sessionUpdate: 'available_commands_update', availableCommands },
    { sessionUpdate: 'current_mode_update', currentModeId: 'code' },
    { sessionUpdate: 'config_option_update', configOptions },
    { sessionUpdate: 'session_info_update', title: 'Everything', updatedAt: '2026-01-02T03:04:05Z' },
    { sessionUpdate: 'usage_update', used: 100, size: 1000, cost: { amount: 0.5, currency: 'EUR' } },
    { sessionUpdate: 'notice', severity: 'warning', title: 'Nearly full', description: 'Ten percent are left.' },
    { sessionUpdate: 'compaction_update', compactionId: 'c1', status: 'in_progress' },
    { sessionUpdate: 'compaction_summary_chunk', compactionId: 'c1', content: text('All ') },
    { sessionUpdate: 'compaction_update', compactionId: 'c1', status: 'completed', summary, error: null },
  ]
}
