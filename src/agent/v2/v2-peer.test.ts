// A connection that speaks ACP v2, told of as v1: turns, updates, permission requests, what is set, and a later life.

import { expect, test } from 'vitest'

import { connectWith, TEXT, TURN } from '../../../test/_support/fake-process.ts'
import {
  answer,
  FakeProcess,
  idle,
  politeV2,
  result,
  running,
  said,
  text,
  v2Recorder,
} from '../../../test/_support/fake-v2-process.ts'
import type { Json, JsonObject } from '../../base/json.ts'
import type { AgentConnection, AgentListener } from '../connection.ts'
import { UNEQUIPPED } from '../equipment.ts'
import { V2Peer } from './v2-peer.ts'

interface Rig {
  readonly process: FakeProcess
  readonly connection: AgentConnection
  readonly told: Json[]
  readonly lines: number[]
}

async function start(opened: JsonObject = {}): Promise<Rig> {
  const process = new FakeProcess(politeV2(() => {}, opened))
  const connection = await connectWith(process, { protocol: 2 })
  const { told, lines, listener } = v2Recorder()
  connection.listen(listener)
  return { process, connection, told, lines }
}

const inserted = answer(TURN, { messageId: 'u1' })
const echo = said('user_message', { messageId: 'u1', content: [text('hi')] })
const says = said('agent_message_chunk', { messageId: 'a1', content: text('hello') })
const chunkTold = { sessionUpdate: 'agent_message_chunk', messageId: 'a1', content: text('hello') }
const refused = { jsonrpc: '2.0', id: TURN, error: { code: -32_800, message: 'cancelled' } }

test.each<[string, JsonObject[], Json[]]>([
  ['the usual order', [inserted, echo, running, says, idle()], [chunkTold, `${TURN} end_turn`]],
  ['the answer last', [running, echo, says, idle(), inserted], [chunkTold, `${TURN} end_turn`]],
  ['the answer between', [echo, running, inserted, says, idle('refusal')], [chunkTold, `${TURN} refusal`]],
  ['idle again and again', [inserted, running, says, idle(), idle(), idle('refusal')], [chunkTold, `${TURN} end_turn`]],
  [
    'a snapshot before the work',
    [idle('cancelled'), inserted, idle('cancelled'), running, idle()],
    [`${TURN} end_turn`],
  ],
  [
    'a wait for an answer',
    [inserted, running, said('state_update', { state: 'requires_action' }), running, idle()],
    [`${TURN} end_turn`],
  ],
  ['a state that is not known', [inserted, said('state_update', { state: '_dreaming' }), idle()], [`${TURN} end_turn`]],
  ['no running, but words', [inserted, says, idle()], [chunkTold, `${TURN} end_turn`]],
  ['no reason', [inserted, running, idle(null)], [`${TURN} end_turn`]],
  ['a reason that is not known', [inserted, running, idle('_bored')], [`${TURN} _bored`]],
  ['a cancel', [inserted, running, idle('cancelled')], [`${TURN} cancelled`]],
  ['a cancel of a prompt that is held', [refused], [`${TURN} cancelled`]],
  [
    'an error',
    [inserted, running, idle('error', { error: { code: -32_603, message: 'no' } })],
    [`${TURN} AGENT_ERROR`],
  ],
  [
    'a login that is needed',
    [inserted, running, idle('error', { error: { code: -32_000, message: 'no' } })],
    [`${TURN} AGENT_AUTH_REQUIRED`],
  ],
  ['an error without words', [inserted, running, idle('error')], [`${TURN} AGENT_ERROR`]],
  [
    'work of another session',
    [
      inserted,
      running,
      { ...idle(), params: { sessionId: 's2', update: { sessionUpdate: 'state_update', state: 'idle' } } },
    ],
    [],
  ],
  [
    'a hook before it is inserted',
    [running, idle(), running, inserted, says, idle('refusal')],
    [chunkTold, `${TURN} refusal`],
  ],
  ['an error at once', [inserted, idle('error', { error: { code: -32_603, message: 'no' } })], [`${TURN} AGENT_ERROR`]],
  ['no end', [inserted, running, says], [chunkTold]],
])('a turn with %s ends once, or not yet', async (_, messages, expected) => {
  const { process, connection, told } = await start()
  connection.prompt(TURN, TEXT)
  for (const message of messages) process.tell(message)
  expect(told.filter((one) => typeof one !== 'string' || !one.startsWith('warning'))).toEqual(expected)
})

test.each([
  ['inserted', [inserted, idle('cancelled')]],
  ['not said to be inserted yet', [idle('cancelled'), inserted]],
  ['held', [refused]],
])('a cancel of a prompt that is %s, and on which nothing was begun, ends its turn', async (_, messages) => {
  const { process, connection, told } = await start()
  process.tell(idle('cancelled'))
  connection.prompt(TURN, TEXT)
  connection.cancel()
  process.tell(idle('end_turn'), ...messages)
  expect(told).toEqual([`${TURN} cancelled`])
})

test('work that was running before a prompt came does not end its turn; the work of the prompt does', async () => {
  const { process, connection, told } = await start()
  process.tell(running)
  connection.prompt(TURN, TEXT)
  process.tell(running, idle(), inserted)
  expect(told).toEqual([])
  process.tell(running, idle())
  expect(told).toEqual([`${TURN} end_turn`])
})

test('a state is told when it says something new, so that the log says what goes on', async () => {
  const { process, connection } = await start()
  const heard: unknown[] = []
  const listener = v2Recorder().listener
  connection.listen({ ...listener, update: (data) => heard.push((JSON.parse(data) as JsonObject)['state']) })
  connection.prompt(TURN, TEXT)
  process.tell(inserted, running, running, idle(), idle())
  expect(heard).toEqual(['running', 'idle'])
})

test('the end of a turn and what is told with it have lines of their own, so that no crash between them loses the end', async () => {
  const { process, connection, lines } = await start()
  connection.prompt(TURN, TEXT)
  process.tell(inserted, running, idle())
  expect(lines).toEqual([4, 4, 5])
})

test('C-02 C-08 version 2 is asked for in the shape of version 2', async () => {
  const { process } = await start()
  expect(process.sent[0]?.['params']).toEqual({
    protocolVersion: 2,
    info: { name: 'holdfast', title: 'Holdfast', version: '1.2.3' },
    capabilities: { elicitation: { form: {}, url: {} } },
  })
})

test('a question of version 2 is told and answered as one of version 1', async () => {
  const { process, connection, told } = await start()
  const sessionId = connection.agentSessionId
  const requestedSchema = { type: 'object', properties: {} }
  const params = { sessionId, mode: 'form', message: 'which?', requestedSchema }
  process.tell({ jsonrpc: '2.0', id: 7, method: 'elicitation/create', params })
  expect(told).toContain('question 7 form')
  await connection.answerElicitation(7, { action: 'accept', content: {} })
  expect(process.sent.at(-1)).toEqual({ jsonrpc: '2.0', id: 7, result: { action: 'accept', content: {} } })
})

test('commands that come with the answer are told as an update', async () => {
  const availableCommands = [{ type: 'command', name: 'plan', description: 'Plans' }]
  const { told } = await start({ availableCommands })
  expect(told).toEqual([{ sessionUpdate: 'available_commands_update', availableCommands }])
})

test('a config option is offered under its v2 id, and a value that is set says what it is', async () => {
  const option = { configId: 'model', name: 'Model', category: 'model', type: 'select', currentValue: 'a' }
  const options = [
    { value: 'a', name: 'A' },
    { value: 'b', name: 'B' },
  ]
  const flag = { configId: 'web', name: 'Web', type: 'boolean', currentValue: false }
  const { process, connection } = await start({ configOptions: [{ ...option, options }, flag] })
  expect(connection.controls.config).toMatchObject([
    { id: 'model', current: 'a' },
    { id: 'web', current: false },
  ])
  connection.control(1, { method: 'session/set_config_option', params: { configId: 'model', value: 'b' } })
  connection.control(2, {
    method: 'session/set_config_option',
    params: { configId: 'web', type: 'boolean', value: true },
  })
  expect(process.sent.slice(-2).map(({ params }) => params)).toEqual([
    { sessionId: 's1', configId: 'model', type: 'id', value: 'b' },
    { sessionId: 's1', configId: 'web', type: 'boolean', value: true },
  ])
})

test('files and terminals of the gateway are no part of v2: nothing is offered, and nothing is served', async () => {
  const process = new FakeProcess(politeV2())
  const connection = await connectWith(process, { protocol: 2, files: 'write', cwd: '/tmp' })
  connection.listen(v2Recorder().listener)
  for (const method of ['fs/read_text_file', 'terminal/create'])
    process.tell({ jsonrpc: '2.0', id: method, method, params: { sessionId: 's1', path: '/tmp/x', command: 'true' } })
  expect(process.sent[0]?.['params']).toMatchObject({ capabilities: {} })
  expect(process.sent.slice(-2)).toMatchObject([
    { id: 'fs/read_text_file', error: { code: -32_601 } },
    { id: 'terminal/create', error: { code: -32_601 } },
  ])
})

test('what a turn has cost is told with its end, where the agent says so', async () => {
  const { process, connection } = await start()
  const usages: unknown[] = []
  const answered: AgentListener['answered'] = (_, ended) =>
    usages.push(ended.kind === 'stopped' ? ended.usage : ended.kind)
  connection.listen({ ...v2Recorder().listener, answered })
  connection.prompt(TURN, TEXT)
  process.tell(inserted, running, idle('end_turn', { usage: { totalTokens: 3 } }))
  expect(usages).toEqual([{ totalTokens: 3 }])
})

test('an MCP server says its type', async () => {
  const process = new FakeProcess(politeV2())
  const server = { name: 'files', command: '/bin/files', args: [], env: [] }
  await connectWith(process, { protocol: 2, equipment: { ...UNEQUIPPED, mcpServers: [server] } })
  expect(process.sent[1]?.['params']).toEqual({ cwd: '/work', mcpServers: [{ ...server, type: 'stdio' }] })
})

test('a conversation goes on by resume, with its history when that is wanted; the state of the resume ends nothing', async () => {
  const opens = (message: JsonObject, self: FakeProcess): void => {
    if (message['method'] === 'session/resume') self.tell(says, running, idle(), result(message, {}))
  }
  const replay = new FakeProcess(politeV2(opens))
  const asked = { protocol: 2, resume: 's1' } as const
  const withHistory = await connectWith(replay, { ...asked, wantsHistory: true })
  const { told, listener } = v2Recorder()
  withHistory.listen(listener)
  expect(withHistory.history?.updates.map((one) => (JSON.parse(one) as JsonObject)['messageId'])).toEqual(['a1'])
  expect(told).toEqual([])
  const plain = new FakeProcess(politeV2((message, self) => self.tell(idle(), result(message, {}))))
  const resumed = v2Recorder()
  ;(await connectWith(plain, asked)).listen(resumed.listener)
  expect(resumed.told).toEqual([])
  expect([replay, plain].map(({ sent }) => sent[1]?.['params'])).toMatchObject([
    { sessionId: 's1', cwd: '/work', replayFrom: { type: 'start' } },
    { sessionId: 's1', cwd: '/work' },
  ])
  expect(plain.sent[1]?.['params']).not.toHaveProperty('replayFrom')
})

function asks(fields: JsonObject): JsonObject {
  const options = [{ optionId: 'y', name: 'Yes', kind: 'allow_once' }]
  return {
    jsonrpc: '2.0',
    id: 7,
    method: 'session/request_permission',
    params: { sessionId: 's1', options, ...fields },
  }
}

test('a request about a tool call creates it, and asks with all that is known of it under the title of the request', async () => {
  const { process, told, connection } = await start()
  process.tell(said('tool_call_update', { toolCallId: 't', title: 'Write', kind: 'edit', rawInput: { path: '/a' } }))
  const toolCall = { toolCallId: 't', status: 'pending' }
  process.tell(asks({ title: 'May I?', description: 'It is needed.', subject: { type: 'tool_call', toolCall } }))
  expect(told).toEqual([
    { sessionUpdate: 'tool_call', toolCallId: 't', title: 'Write', kind: 'edit', rawInput: { path: '/a' } },
    { sessionUpdate: 'tool_call_update', toolCallId: 't', status: 'pending' },
    'asked 7',
    {
      toolCallId: 't',
      title: 'May I?',
      kind: 'edit',
      rawInput: { path: '/a' },
      status: 'pending',
      content: [{ type: 'content', content: text('It is needed.') }],
    },
  ])
  connection.answerPermission(7, { outcome: 'selected', optionId: 'y' })
  expect(process.sent.at(-1)).toEqual({
    jsonrpc: '2.0',
    id: 7,
    result: { outcome: { outcome: 'selected', optionId: 'y' } },
  })
})

test.each<[string, JsonObject, JsonObject]>([
  [
    'a command',
    { type: 'command', command: 'ls', cwd: '/w' },
    { toolCallId: 'permission-7', kind: 'execute', rawInput: { command: 'ls', cwd: '/w' } },
  ],
  [
    'something unknown',
    { type: '_rocket', kind: 'read' },
    { toolCallId: 'permission-7', _meta: { 'holdfast/subject': { type: '_rocket', kind: 'read' } } },
  ],
])('a request about %s asks for no more than the agent said', async (_, subject, toolCall) => {
  const { process, told } = await start()
  process.tell(asks({ title: 'May I?', subject }))
  expect(told).toEqual(['asked 7', { ...toolCall, title: 'May I?' }])
})

test('a login and its end have names of their own', () => {
  const sent: unknown[] = []
  const peer = new V2Peer({
    role: 'client',
    send: (line) => sent.push((JSON.parse(line) as JsonObject)['method']),
    handlers: { request: () => {}, notification: () => {}, warning: () => {} },
    alive: () => {},
    inPart: (tell) => tell(),
  })
  for (const method of ['authenticate', 'logout', 'session/list']) peer.request(method, {}, () => {})
  expect(sent).toEqual(['auth/login', 'auth/logout', 'session/list'])
})
