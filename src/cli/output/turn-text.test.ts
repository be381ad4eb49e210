// What people see of a turn: the answer alone on stdout, everything else beside it, nothing that can act on the terminal.

import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../base/json.ts'
import { testTerminal } from '../../../test/_support/test-terminal.ts'
import { Screen } from './screen.ts'
import { TurnText } from './turn-text.ts'

const say = (text: string, more: JsonObject = {}): JsonObject => ({
  sessionUpdate: 'agent_message_chunk',
  content: { type: 'text', text },
  ...more,
})
const think = (text: string): JsonObject => ({ sessionUpdate: 'agent_thought_chunk', content: { type: 'text', text } })

function show(updates: readonly JsonObject[], tty = false, env = {}): { out: string; err: string } {
  const terminal = testTerminal({ stdout: tty, stderr: tty })
  const text = new TurnText(new Screen(terminal, env, { json: false, color: true }))
  for (const update of updates) text.update(update)
  text.breakLine()
  return { out: terminal.out(), err: terminal.err() }
}

describe('turn text', () => {
  test('chunks of one message are one text, ended with one newline', () => {
    expect(show([say('Hel'), say('lo')])).toEqual({ out: 'Hello\n', err: '' })
    expect(show([say('Hello\n')])).toEqual({ out: 'Hello\n', err: '' })
  })

  test('another message id, a thought or a tool call between starts a new line', () => {
    expect(show([say('a', { messageId: '1' }), say('b', { messageId: '2' })]).out).toBe('a\nb\n')
    expect(show([say('a'), think('hm'), say('b')])).toEqual({ out: 'a\nb\n', err: 'hm\n' })
    expect(
      show([say('a'), { sessionUpdate: 'tool_call', toolCallId: 't', title: 'Run', kind: 'execute' }, say('b')]),
    ).toEqual({
      out: 'a\nb\n',
      err: '> Run (execute)\n',
    })
  })

  test('a tool call is one line, and one more only when it fails', () => {
    const call = { sessionUpdate: 'tool_call', toolCallId: 't', title: 'Run\ntests' }
    const done = { sessionUpdate: 'tool_call_update', toolCallId: 't', status: 'completed' }
    expect(show([call, done]).err).toBe('> Run tests\n')
    expect(show([call, { ...done, status: 'failed' }]).err).toBe('> Run tests\nx Run tests failed\n')
  })

  test('a notice of the agent is a line beside the answer, with how serious it is', () => {
    const notice = { sessionUpdate: 'notice', severity: 'warning', title: 'Nearly full' }
    expect(show([say('a'), { ...notice, description: 'Ten percent\nare left.' }, say('b')])).toEqual({
      out: 'a\nb\n',
      err: 'warning: Nearly full: Ten percent are left.\n',
    })
    expect(show([{ ...notice, severity: 'odd', description: null }]).err).toBe('note: Nearly full\n')
  })

  test('thoughts are dim on a terminal, and colourless with NO_COLOR or without a terminal', () => {
    expect(show([think('hm')], true).err).toBe('\u001b[2mhm\u001b[22m\n')
    expect(show([think('hm')], true, { NO_COLOR: '1' }).err).toBe('hm\n')
    expect(show([think('hm')], false).err).toBe('hm\n')
  })

  test('escape sequences of the agent do not reach the terminal, in text, titles or plans', () => {
    const { out, err } = show([
      say('\u001b[2Jgone'),
      think('\u009b31m'),
      { sessionUpdate: 'tool_call', toolCallId: 't', title: '\u001b]0;x\u0007' },
      { sessionUpdate: 'plan', entries: [{ content: '\u202eevil', status: 'in_progress' }] },
    ])
    for (const bad of ['\u001b', '\u0007', '\u009b', '\u202e']) expect(out + err).not.toContain(bad)
    expect(out).toBe('␛[2Jgone\n')
  })

  test('content that is no text is named', () => {
    expect(show([{ sessionUpdate: 'agent_message_chunk', content: { type: 'image', data: 'AAAA' } }]).out).toBe(
      '[image]\n',
    )
  })
})

test('C-46 a cancel shows at once what was under way as cancelled, and its end, if it comes, afterwards', () => {
  const terminal = testTerminal({ stdout: false, stderr: false })
  const text = new TurnText(new Screen(terminal, {}, { json: false, color: false }))
  const call = (toolCallId: string, status: string): void =>
    text.update({ sessionUpdate: 'tool_call', toolCallId, title: `Run ${toolCallId}`, status })
  call('one', 'in_progress')
  call('two', 'completed')
  text.cancelTools()
  text.cancelTools()
  text.update({ sessionUpdate: 'tool_call_update', toolCallId: 'one', status: 'completed' })
  expect(terminal.err().split('\n')).toEqual([
    '> Run one',
    '> Run two',
    'x Run one cancelled',
    '> Run one completed',
    '',
  ])
})
