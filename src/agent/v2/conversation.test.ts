// Updates of ACP v2 in the shape of v1, one kind after the other, and what a later life makes of what was stored of them.

import { expect, test } from 'vitest'

import { narrowSessionUpdate } from '../../acp/session-update.ts'
import type { JsonObject } from '../../base/json.ts'
import { Conversation } from './conversation.ts'

const text = (words: string): JsonObject => ({ type: 'text', text: words })
const item = (words: string): JsonObject => ({ type: 'content', content: text(words) })
const base64 = (bytes: string | Buffer): string => Buffer.from(bytes).toString('base64')

function hear(conversation: Conversation, ...updates: JsonObject[]): JsonObject[] {
  return updates.flatMap((update) => conversation.hear(update, false).updates)
}

function heard(...updates: JsonObject[]): JsonObject[] {
  return hear(new Conversation(), ...updates)
}

const chunk = (words: string, messageId = 'm'): JsonObject => ({
  sessionUpdate: 'agent_message_chunk',
  messageId,
  content: text(words),
})
const whole = (...blocks: JsonObject[]): JsonObject => ({
  sessionUpdate: 'agent_message',
  messageId: 'm',
  content: blocks,
})

test('a whole message is told as what is missing of it, across blocks and in the middle of a character', () => {
  const [high, low] = ['\ud83d', '\ude00']
  expect(heard(chunk('one '), chunk(high), whole(text('one '), text(`${high}${low} two`)))).toEqual([
    chunk('one '),
    chunk(high),
    chunk(`${low} two`),
  ])
  expect(heard(whole(text('a')), whole(text('a')), whole(text('ab')))).toEqual([chunk('a'), chunk('b')])
})

test('a message that is replaced by another text goes on under an id of its own, which names the one before', () => {
  const replaced = { ...chunk('two', 'm~2'), _meta: { 'holdfast/replaces': 'm' } }
  expect(heard(chunk('one'), whole(text('two')), chunk('!'))).toEqual([chunk('one'), replaced, chunk('!', 'm~2')])
  expect(heard(chunk('one'), whole())).toEqual([chunk('one'), whole()])
})

test('a message without its content changes nothing, and content that is no text is told once', () => {
  const image = { type: 'image', data: 'AA==', mimeType: 'image/png' }
  expect(heard({ sessionUpdate: 'agent_message', messageId: 'm' })).toEqual([])
  expect(heard({ ...chunk(''), content: image }, whole(image, text('x')))).toEqual([
    { ...chunk(''), content: image },
    chunk('x'),
  ])
})

test('thoughts and messages of the user are told alike', () => {
  const told = heard(
    { sessionUpdate: 'agent_thought', messageId: 't', content: [text('hm')] },
    { sessionUpdate: 'user_message', messageId: 'u', content: [text('hi')] },
  )
  expect(told).toEqual([
    { sessionUpdate: 'agent_thought_chunk', messageId: 't', content: text('hm') },
    { sessionUpdate: 'user_message_chunk', messageId: 'u', content: text('hi') },
  ])
})

const tool = (fields: JsonObject): JsonObject => ({ sessionUpdate: 'tool_call_update', toolCallId: 't', ...fields })
const created = { sessionUpdate: 'tool_call', toolCallId: 't', title: 'Tool call' }

test('a tool call is created at first sight, then patched; null says what it resets to', () => {
  const told = heard(
    tool({ name: 'bash', status: 'in_progress', kind: null, _meta: { a: 1 } }),
    tool({ title: 'Build', locations: [{ path: '/a' }] }),
    tool({ title: null, kind: null, status: null, locations: null, content: null, rawOutput: null }),
    tool({ status: 'cancelled' }),
  )
  expect(told).toEqual([
    { ...created, title: 'bash', name: 'bash', status: 'in_progress', kind: 'other', _meta: { a: 1 } },
    tool({ title: 'Build', locations: [{ path: '/a' }] }),
    tool({ title: 'bash', kind: 'other', status: 'pending', locations: [], rawOutput: null, content: [] }),
    tool({ status: 'cancelled' }),
  ])
})

const piece = (words: string): JsonObject => ({
  sessionUpdate: 'tool_call_content_chunk',
  toolCallId: 't',
  content: item(words),
})

test('content that is appended is told as a whole', () => {
  expect(heard(piece('a'), piece('b'))).toEqual([
    { ...created, content: [item('a')] },
    tool({ content: [item('a'), item('b')] }),
  ])
})

test('of much content that is appended little by little a bounded part is kept, and not much more than that is told', () => {
  const conversation = new Conversation()
  let chars = 0
  const pieces = Array.from({ length: 2_000 }, (_, i) => piece(`${i} ${'x'.repeat(100)}`))
  for (const one of pieces) chars += JSON.stringify(hear(conversation, one)).length
  const written = JSON.stringify(pieces).length
  expect(chars).toBeLessThan(4 * written)
  const [last] = hear(conversation, tool({ status: 'completed' }))
  const content = last?.['content'] as JsonObject[]
  expect(content[0]).toEqual(item('[earlier output was left out]\n'))
  expect(JSON.stringify(content.at(-1))).toContain('1999 x')
  expect(JSON.stringify(content).length).toBeLessThan(70_000)
})

const shown = (words: string): JsonObject => ({ ...item(words), _meta: { 'holdfast/terminal': 'x' } })
const output = (data: string | Buffer): JsonObject => ({
  sessionUpdate: 'terminal_output_chunk',
  terminalId: 'x',
  data: base64(data),
})
const terminal = (fields: JsonObject): JsonObject => ({ sessionUpdate: 'terminal_update', terminalId: 'x', ...fields })

test('a terminal is told as text of the tool call that shows it, a character that is cut in two as one', () => {
  const euro = Buffer.from('€')
  const told = heard(
    tool({ content: [{ type: 'terminal', terminalId: 'x' }] }),
    output(Buffer.concat([Buffer.from('a'), euro.subarray(0, 1)])),
    output(euro.subarray(1)),
    terminal({ exitStatus: { exitCode: 1 } }),
    terminal({ output: { data: base64('new') } }),
  )
  expect(told.slice(1)).toEqual([
    tool({ content: [shown('a')] }),
    tool({ content: [shown('a€')] }),
    tool({ content: [shown('a€\n[exit code 1]')] }),
    tool({ content: [shown('new\n[exit code 1]')] }),
  ])
})

test('output that was not worth telling alone is told with the next state, and of much of it the newest is kept', () => {
  const conversation = new Conversation()
  hear(conversation, tool({ content: [{ type: 'terminal', terminalId: 'x' }] }), output('y'.repeat(1_000)))
  expect(hear(conversation, output('tail'))).toEqual([])
  const [flushed] = hear(conversation, { sessionUpdate: 'state_update', state: 'idle' })
  expect(JSON.stringify(flushed)).toContain('ytail')
  const [cut] = hear(conversation, output('z'.repeat(40_000)))
  expect(JSON.stringify(cut)).toContain('[earlier output was left out]\\nz')
  expect(JSON.stringify(cut).length).toBeLessThan(33_500)
})

test('a diff is told hunk by hunk, and in words where v1 has no diff for it', () => {
  const patch = [
    'diff --git a/w/a.txt b/w/a.txt',
    '--- a/w/a.txt',
    '+++ b/w/a.txt',
    '@@ -1,2 +1,2 @@',
    ' same',
    '-old',
    '+new',
    '@@ -9 +9 @@',
    '--- dashes',
    '+++ pluses',
    'diff --git a/w/gone b/w/gone',
    '--- a/w/gone',
    '+++ /dev/null',
    '@@ -1 +0,0 @@',
    '-last words',
    'diff --git a/w/n b/w/n',
    '--- /dev/null',
    '+++ b/w/n',
    '@@ -0,0 +1 @@',
    '+first',
  ].join('\n')
  const changes = [
    { operation: 'modify', path: '/w/a.txt' },
    { operation: 'delete', path: '/w/gone' },
    { operation: 'add', path: '/w/n' },
    { operation: 'move', oldPath: '/w/x', path: '/w/y' },
    { operation: 'add', path: '/w/image.png', fileType: 'binary' },
    { operation: '_melt', path: '/w/z' },
  ]
  const [told] = heard(tool({ content: [{ type: 'diff', changes, patch: { format: 'git_patch', text: patch } }] }))
  const diff = (path: string, oldText: string | null, newText: string): JsonObject => ({
    type: 'diff',
    path,
    oldText,
    newText,
  })
  expect(told?.['content']).toEqual([
    diff('/w/a.txt', 'same\nold\n', 'same\nnew\n'),
    diff('/w/a.txt', '-- dashes\n', '++ pluses\n'),
    diff('/w/gone', 'last words\n', ''),
    diff('/w/n', null, 'first\n'),
    item('Moved /w/x to /w/y'),
    item('Added /w/image.png'),
    item('_melt /w/z'),
  ])
})

test('a plan of entries is the plan, with its id beside it; another kind of plan is passed on', () => {
  const entries = [{ content: 'a', priority: 'high', status: 'cancelled' }]
  const other = { sessionUpdate: 'plan_update', plan: { type: 'markdown', planId: 'p', content: '# A' } }
  expect(heard({ sessionUpdate: 'plan_update', plan: { type: 'items', planId: 'p', entries } }, other)).toEqual([
    { sessionUpdate: 'plan', entries, _meta: { 'holdfast/planId': 'p' } },
    other,
  ])
})

test.each<JsonObject>([
  { sessionUpdate: 'notice', severity: 'info', title: 'Note' },
  { sessionUpdate: 'compaction_update', compactionId: 'c', status: 'in_progress' },
  { sessionUpdate: 'session_info_update', title: 'Title' },
  { sessionUpdate: 'usage_update', used: 1, size: 2 },
  { sessionUpdate: '_hologram', beam: [1] },
  { sessionUpdate: 'agent_message_chunk', content: text('no id') },
  { sessionUpdate: 'tool_call_update', title: 'no id' },
])('%j is passed on as it came', (update) => {
  expect(heard(update)).toEqual([update])
})

test('a later life goes on where the stored updates end: nothing is told twice, and nothing is created again', () => {
  const told = heard(
    chunk('one'),
    whole(text('two')),
    tool({ content: [item('a'), { type: 'terminal', terminalId: 'x' }] }),
    output('out'),
  )
  const later = new Conversation()
  for (const update of told) later.remember(update)
  expect(hear(later, whole(text('two three')), output('put'), piece('b'), tool({ status: 'completed' }))).toEqual([
    chunk(' three', 'm~2'),
    tool({ content: [item('a'), shown('output')] }),
    tool({ status: 'completed', content: [item('a'), shown('output'), item('b')] }),
  ])
})

test('what has a kind of v1 is what the published schema of v1 allows', () => {
  const told = heard(
    chunk('one'),
    whole(text('two')),
    tool({
      name: 'bash',
      title: 'Run',
      kind: 'execute',
      status: 'pending',
      capabilities: { cancel: {} },
      rawInput: {},
    }),
    tool({ title: null, kind: null, status: null, locations: null, content: null }),
    tool({
      content: [
        { type: 'terminal', terminalId: 'x' },
        { type: 'diff', changes: [{ operation: 'delete', path: '/a' }] },
      ],
    }),
    output('out'),
    piece('more'),
    {
      sessionUpdate: 'plan_update',
      plan: { type: 'items', planId: 'p', entries: [{ content: 'a', priority: 'low', status: 'pending' }] },
    },
    {
      sessionUpdate: 'available_commands_update',
      availableCommands: [{ type: 'command', name: 'a', description: 'A', input: { type: 'text', hint: 'x' } }],
    },
    {
      sessionUpdate: 'config_option_update',
      configOptions: [
        {
          configId: 'm',
          name: 'M',
          type: 'select',
          currentValue: 'a',
          options: [{ groupId: 'g', name: 'G', options: [{ value: 'a', name: 'A' }] }],
        },
        { configId: 'b', name: 'B', type: 'boolean', currentValue: true },
      ],
    },
    { sessionUpdate: 'usage_update', used: 1, size: 2 },
    { sessionUpdate: 'session_info_update', title: null },
  )
  const judged = told.map((update) => narrowSessionUpdate({ sessionId: 's', update }))
  expect(judged.length).toBeGreaterThan(10)
  for (const one of judged) expect(one).toMatchObject({ kind: 'known', warning: undefined })
})
