// Few bytes of an agent of v2 that would be many in the log and in memory.

import { expect, test } from 'vitest'

import type { JsonObject } from '../../base/json.ts'
import { Conversation } from './conversation.ts'

const MIB = 1024 * 1024
const item = (chars: number): JsonObject => ({ type: 'content', content: { type: 'text', text: 'x'.repeat(chars) } })
const SHOWN: JsonObject = { type: 'terminal', terminalId: 'T' }
const tool = (toolCallId: string, content: JsonObject[]): JsonObject => ({
  sessionUpdate: 'tool_call_update',
  toolCallId,
  content,
})
const exit = (exitCode: number): JsonObject => ({
  sessionUpdate: 'terminal_update',
  terminalId: 'T',
  exitStatus: { exitCode },
})
const state = (name: string): JsonObject => ({ sessionUpdate: 'state_update', state: name })
const output = (chars: number): JsonObject => ({
  sessionUpdate: 'terminal_output_chunk',
  terminalId: 'T',
  data: Buffer.from('y'.repeat(chars)).toString('base64'),
})

/** Characters that were told of what came in one turn. */
function toldOf(conversation: Conversation, updates: readonly JsonObject[]): number {
  const told = updates.flatMap((update) => conversation.hear(update, false).updates)
  return told.reduce((sum, update) => sum + JSON.stringify(update).length, 0)
}

test.each<[string, (no: number) => JsonObject[]]>([
  ['a command that ends again and again', (no) => [exit(no % 2)]],
  ['states between pieces of output', (no) => [output(1), state(no % 2 === 0 ? 'idle' : 'running')]],
  [
    'calls that show one terminal many times',
    (no) => [
      tool(
        `n${no}`,
        Array.from({ length: 100 }, () => SHOWN),
      ),
    ],
  ],
])('%s: what is told stays within a bound of what came', (_, flood) => {
  const conversation = new Conversation()
  const calls = ['a', 'b', 'c', 'd'].map((id) => tool(id, [item(MIB / 2), SHOWN]))
  toldOf(conversation, [output(32 * 1024), ...calls])
  const updates = Array.from({ length: 100 }, (__, no) => flood(no)).flat()
  const came = JSON.stringify(updates).length
  expect(toldOf(conversation, updates)).toBeLessThan(2 * MIB + came * 10)
})

test('what was held back of a tool call is told when the turn ends', () => {
  const conversation = new Conversation()
  conversation.startTurn()
  conversation.inserted('u')
  toldOf(conversation, [state('running'), tool('a', [item(2 * MIB), SHOWN]), exit(0), output(10), exit(1)])
  const [last] = conversation.hear({ ...state('idle'), stopReason: 'end_turn' }, false).updates
  expect(JSON.stringify(last)).toContain('y'.repeat(10))
})

test('of tool calls that are large a bounded part is remembered', () => {
  const conversation = new Conversation()
  const rawOutput = 'x'.repeat(MIB / 2)
  const calls: JsonObject[] = Array.from({ length: 40 }, (_, no) => ({ ...tool(`t${no}`, []), rawOutput }))
  toldOf(conversation, calls)
  const known = calls.filter(({ toolCallId: id }) => Object.keys(conversation.tools.view(id as string)).length > 1)
  expect(known.length).toBeLessThan(20)
  expect(known.at(-1)).toBe(calls.at(-1))
  toldOf(conversation, [tool('large', [item(9 * MIB)])])
  expect(JSON.stringify(conversation.tools.view('large')).length).toBeLessThan(1_000)
})

test('a patch is told once, however often its file is named', () => {
  const patch = { format: 'git_patch', text: `--- a/f\n+++ b/f\n@@ -0,0 +1 @@\n+${'x'.repeat(10_000)}\n` }
  const changes = Array.from({ length: 100 }, () => ({ operation: 'modify', path: 'f' }))
  const told = toldOf(new Conversation(), [tool('t', [{ type: 'diff', changes, patch }])])
  expect(told).toBeLessThan(30_000)
})

test('fields with the names of what every object has are fields', () => {
  const [created] = new Conversation().hear({ ...tool('t', []), constructor: null, toString: null }, false).updates
  expect(created).toMatchObject({ sessionUpdate: 'tool_call', toolCallId: 't', title: 'Tool call' })
})
