// Session updates: what is known, what is kept although it is not, and what is no update at all. C-nn: the client checklist.

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { JsonObject } from '../base/json.ts'
import { currentModeIdOf, narrowSessionUpdate } from './session-update.ts'

const text = { type: 'text', text: 'hello' }

function params(update: JsonObject): JsonObject {
  return { sessionId: 's1', update }
}

/** One update of every variant of the stable schema, with its optional fields where they matter. */
const EXACT: readonly JsonObject[] = [
  { sessionUpdate: 'user_message_chunk', content: text },
  { sessionUpdate: 'agent_message_chunk', content: text, messageId: 'm1', _meta: { traceparent: '00-1' } },
  { sessionUpdate: 'agent_thought_chunk', content: { type: 'image', data: 'AA==', mimeType: 'image/png' } },
  { sessionUpdate: 'tool_call', toolCallId: 't1', title: 'Read', kind: 'read', status: 'pending' },
  {
    sessionUpdate: 'tool_call_update',
    toolCallId: 't1',
    status: 'completed',
    content: [
      { type: 'diff', path: '/a', oldText: null, newText: 'x' },
      { type: 'content', content: text },
    ],
    locations: [{ path: '/a', line: 1 }],
    rawOutput: [1],
  },
  { sessionUpdate: 'plan', entries: [{ content: 'x', priority: 'high', status: 'pending' }] },
  { sessionUpdate: 'available_commands_update', availableCommands: [{ name: 'c', description: 'd' }] },
  { sessionUpdate: 'current_mode_update', currentModeId: 'ask' },
  {
    sessionUpdate: 'config_option_update',
    configOptions: [
      { id: 'm', name: 'Model', type: 'select', currentValue: 'a', options: [{ value: 'a', name: 'A' }] },
    ],
  },
  { sessionUpdate: 'session_info_update', title: null },
  { sessionUpdate: 'usage_update', used: 5, size: 100, cost: { amount: 0.5, currency: 'USD' } },
  { sessionUpdate: 'notice', severity: 'warning', title: 'n' },
  { sessionUpdate: 'compaction_update', compactionId: 'c1', status: 'in_progress' },
  { sessionUpdate: 'compaction_summary_chunk', compactionId: 'c1', content: text },
]

const LENIENT: readonly { name: string; update: JsonObject }[] = [
  { name: 'tool kind', update: { sessionUpdate: 'tool_call', toolCallId: 't', title: 'x', kind: 'teleport' } },
  { name: 'tool status', update: { sessionUpdate: 'tool_call_update', toolCallId: 't', status: 'cancelled' } },
  { name: 'content block', update: { sessionUpdate: 'agent_message_chunk', content: { type: 'hologram', data: 1 } } },
  {
    name: 'tool content item',
    update: {
      sessionUpdate: 'tool_call',
      toolCallId: 't',
      title: 'x',
      content: [{ type: 'future' }, { type: 'content', content: text }],
    },
  },
  {
    name: 'plan priority',
    update: { sessionUpdate: 'plan', entries: [{ content: 'x', priority: 'urgent', status: 'pending' }] },
  },
  {
    name: 'list item',
    update: { sessionUpdate: 'available_commands_update', availableCommands: [{ name: 'no description' }] },
  },
  {
    name: 'option type',
    update: { sessionUpdate: 'config_option_update', configOptions: [{ id: 'a', name: 'A', type: 'slider' }] },
  },
  {
    name: 'optional field of another type',
    update: { sessionUpdate: 'agent_message_chunk', content: text, messageId: 5 },
  },
  { name: '_meta of another type', update: { sessionUpdate: 'agent_message_chunk', content: text, _meta: 'x' } },
]

const MALFORMED: readonly { name: string; update: JsonObject }[] = [
  { name: 'tool_call without an id', update: { sessionUpdate: 'tool_call', title: 'x' } },
  { name: 'tool_call without a title', update: { sessionUpdate: 'tool_call', toolCallId: 't' } },
  { name: 'tool_call_update without an id', update: { sessionUpdate: 'tool_call_update', status: 'completed' } },
  { name: 'chunk without content', update: { sessionUpdate: 'agent_message_chunk' } },
  { name: 'chunk with a bare string', update: { sessionUpdate: 'agent_message_chunk', content: 'hello' } },
  { name: 'text block without text', update: { sessionUpdate: 'agent_message_chunk', content: { type: 'text' } } },
  { name: 'content block without a type', update: { sessionUpdate: 'agent_message_chunk', content: { text: 'x' } } },
  { name: 'plan without entries', update: { sessionUpdate: 'plan' } },
  { name: 'usage that is no number', update: { sessionUpdate: 'usage_update', used: 'x', size: 1 } },
  { name: 'mode update without a mode', update: { sessionUpdate: 'current_mode_update' } },
]

describe('session updates', () => {
  test.each(EXACT)('$sessionUpdate: what the schema allows is known, and is the object that came', (update) => {
    const narrowed = narrowSessionUpdate(params(update))
    expect(narrowed).toEqual({
      kind: 'known',
      sessionId: 's1',
      variant: update['sessionUpdate'],
      update,
      warning: undefined,
    })
    expect(narrowed.kind === 'known' && narrowed.update).toBe(update)
  })

  test.each(['plan_update', 'subagent_update', '_vendor', 'constructor', ''])(
    'C-76: the unknown variant %j is kept raw',
    (sessionUpdate) => {
      const update = { sessionUpdate, anything: [{ a: 1 }], _meta: { x: 1 } }
      expect(narrowSessionUpdate(params(update))).toEqual({
        kind: 'unknown',
        sessionId: 's1',
        variant: sessionUpdate,
        update,
      })
    },
  )

  test.each(LENIENT)('C-77: an unknown $name is kept raw, with a warning', ({ update }) => {
    const before = JSON.stringify(update)
    const narrowed = narrowSessionUpdate(params(update))
    expect(narrowed).toMatchObject({
      kind: 'known',
      variant: update['sessionUpdate'],
      warning: expect.any(String) as string,
    })
    expect(narrowed.kind === 'known' && narrowed.update).toBe(update)
    expect(JSON.stringify(update)).toBe(before)
  })

  test.each(MALFORMED)('C-78: a $name is malformed', ({ update }) => {
    expect(narrowSessionUpdate(params(update))).toEqual({ kind: 'malformed', reason: expect.any(String) as string })
  })

  test.each<JsonObject>([
    {},
    { sessionId: 5, update: { sessionUpdate: 'plan', entries: [] } },
    { sessionId: 's1' },
    { sessionId: 's1', update: null },
    { sessionId: 's1', update: [] },
    { sessionId: 's1', update: 'x' },
    { sessionId: 's1', update: {} },
    { sessionId: 's1', update: { sessionUpdate: 7 } },
  ])('without its essentials it is malformed: %j', (message) => {
    expect(narrowSessionUpdate(message)).toMatchObject({ kind: 'malformed' })
  })

  test('a warning names the place, never the value', () => {
    const update = { sessionUpdate: 'tool_call', toolCallId: 't', title: 'x', kind: 'a secret' }
    const narrowed = narrowSessionUpdate(params(update))
    expect(narrowed).toMatchObject({ warning: '/update/kind breaks the rule enum of the schema' })
  })

  test('C-72: the mode is read from currentModeId, then from modeId', () => {
    expect(currentModeIdOf({ sessionUpdate: 'current_mode_update', currentModeId: 'a', modeId: 'b' })).toBe('a')
    expect(currentModeIdOf({ sessionUpdate: 'current_mode_update', modeId: 'b' })).toBe('b')
    expect(currentModeIdOf({ sessionUpdate: 'plan', modeId: 'b' })).toBeUndefined()
    expect(narrowSessionUpdate(params({ sessionUpdate: 'current_mode_update', modeId: 'b' }))).toMatchObject({
      kind: 'known',
      warning: expect.any(String) as string,
    })
  })

  test('unknown fields, _meta and the warning never change an update', () => {
    const variant = fc.constantFrom(...EXACT, ...LENIENT.map(({ update }) => update))
    const extra = fc.dictionary(
      fc.string().map((name) => `_${name}`),
      fc.jsonValue({ maxDepth: 2 }),
    )
    fc.assert(
      fc.property(variant, extra, (update, fields) => {
        const message = JSON.parse(JSON.stringify(params({ ...(fields as JsonObject), ...update }))) as JsonObject
        const before = JSON.stringify(message['update'])
        const narrowed = narrowSessionUpdate(message)
        expect(narrowed.kind).toBe('known')
        expect(narrowed.kind === 'known' && JSON.stringify(narrowed.update)).toBe(before)
      }),
    )
  })

  test('any params are judged without an exception', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('sessionId', 'update', 'x'), fc.jsonValue()), (message) => {
        expect(['known', 'unknown', 'malformed']).toContain(narrowSessionUpdate(message as JsonObject).kind)
      }),
    )
  })
})
