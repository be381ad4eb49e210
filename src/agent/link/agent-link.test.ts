// What one connection sends, refuses and tells, over a process that is a function. C-nn, X-nn: docs/acp-client.md.

import { expect, test, vi } from 'vitest'

import {
  chunk,
  connect,
  connectWith,
  FakeProcess,
  offerOf,
  polite,
  recorder,
  result,
  TEXT,
  TURN,
} from '../../../test/_support/fake-process.ts'
import type { TurnId } from '../../base/ids.ts'
import type { Json, JsonObject } from '../../base/json.ts'
import type { AgentConnection, AgentListener } from '../connection.ts'

const ALL: JsonObject = { loadSession: true, sessionCapabilities: { resume: {}, list: {}, fork: {} } }

function failure(message: JsonObject, code: number, text: string): JsonObject {
  return { jsonrpc: '2.0', id: message['id'] ?? null, error: { code, message: text } }
}

function update(fields: JsonObject): JsonObject {
  return { jsonrpc: '2.0', method: 'session/update', params: { sessionId: 's1', update: fields } }
}

/** A connection that is listened to; `told` is what came since. */
async function listened(process: FakeProcess): Promise<{ told: string[]; connection: AgentConnection }> {
  const connection = await connect(process)
  const { told, listener } = recorder()
  connection.listen(listener)
  told.length = 0
  return { told, connection }
}

async function answerOf(process: FakeProcess): Promise<string> {
  const { told, connection } = await listened(process)
  connection.prompt(TURN, TEXT)
  await vi.waitFor(() => expect(told).not.toEqual([]))
  return told[0] ?? ''
}

/** What asks the agent for `method`, and the code of what comes of it. */
const ASKING: Readonly<Record<string, (process: FakeProcess) => Promise<string>>> = {
  'session/new': (process) => connect(process).then(() => 'connected', codeOf),
  'session/resume': (process) => connect(process, 's-old').then(() => 'connected', codeOf),
  'session/load': (process) => connect(process, 's-old').then(() => 'connected', codeOf),
  'session/list': (process) => offerOf(process).then(() => 'listed', codeOf),
  'session/prompt': answerOf,
}

const codeOf = (error: unknown): string => (error as { code: string }).code

test.each(Object.keys(ASKING))(
  'C-11 a login that %s needs is known by its code, and by nothing else',
  async (method) => {
    const capabilities = method === 'session/load' ? { loadSession: true } : ALL
    const ask = (code: number, text: string): Promise<string> | undefined =>
      ASKING[method]?.(
        new FakeProcess((message, self) => {
          if (message['method'] === method) return self.tell(failure(message, code, text))
          polite(undefined, capabilities)(message, self)
        }),
      )
    expect(await ask(-32_000, 'no')).toContain('AGENT_AUTH_REQUIRED')
    expect(await ask(-32_603, 'Authentication required: log in')).toContain('AGENT_ERROR')
  },
)

test('C-20 C-21 C-22 every way into a session names its directory, no MCP server and no further directory', async () => {
  const gone = (message: JsonObject, self: FakeProcess): void => self.tell(failure(message, -32_002, 'gone'))
  const process = new FakeProcess(polite(gone, ALL))
  await connectWith(process, { resume: 's-old', whenLost: 'fork' }).catch(codeOf)
  const fresh = new FakeProcess(polite())
  await connect(fresh)
  const given = { cwd: '/work', mcpServers: [] }
  expect([...process.sent, ...fresh.sent].filter(({ method }) => method !== 'initialize')).toMatchObject([
    { method: 'session/resume', params: { sessionId: 's-old', ...given } },
    { method: 'session/load', params: { sessionId: 's-old', ...given } },
    { method: 'session/fork', params: { sessionId: 's-old', ...given } },
    { method: 'session/new', params: given },
  ])
  expect(fresh.sent[1]?.['params']).toEqual(given)
})

const COMMANDS = { sessionUpdate: 'available_commands_update', availableCommands: [] }

test('C-26 updates before the answer of session/resume are kept, told first, and counted as odd', async () => {
  const process = new FakeProcess(
    polite((message, self) => self.tell(chunk('early'), result(message, {})), { sessionCapabilities: { resume: {} } }),
  )
  const { told, listener } = recorder()
  const connection = await connect(process, 's1')
  connection.listen(listener)
  expect(told).toEqual(['warning update_before_resume', 'update early', 'end 3'])
})

test('C-26 before the answer of session/resume an agent may say what is set, and that is not odd', async () => {
  const standing = { jsonrpc: '2.0', method: 'session/update', params: { sessionId: 's1', update: COMMANDS } }
  const process = new FakeProcess(
    polite((message, self) => self.tell(standing, result(message, {})), { sessionCapabilities: { resume: {} } }),
  )
  const { told, listener } = recorder()
  const connection = await connect(process, 's1')
  connection.listen({ ...listener, update: (data) => told.push(data) })
  expect(told).toEqual([JSON.stringify(COMMANDS), 'end 3'])
})

test('C-27 what comes before the session is known is kept up to 1,000 messages or 8 MiB; how much was not is told', async () => {
  for (const [text, count, kept] of [
    ['x', 1_200, 1_000],
    ['x'.repeat(1024 * 1024), 10, 7],
  ] as const) {
    const early = Array.from({ length: count }, () => chunk(text))
    const process = new FakeProcess((message, self) => {
      if (message['method'] === 'session/new') self.tell(...early)
      polite()(message, self)
    })
    const connection = await connect(process)
    const updates: string[] = []
    const warnings: Json[] = []
    const { listener } = recorder()
    const warning: AgentListener['warning'] = (data) => warnings.push(JSON.parse(data) as Json)
    connection.listen({ ...listener, update: (data) => updates.push(data), warning })
    expect(updates).toHaveLength(kept)
    expect(warnings).toEqual([{ warning: 'early_messages_dropped', count: count - kept }])
  }
})

test('C-49 a prompt is taken back by its id, and not once it is answered', async () => {
  const process = new FakeProcess(polite())
  const { told, connection } = await listened(process)
  connection.prompt(TURN, TEXT)
  connection.withdraw(TURN)
  process.tell({ jsonrpc: '2.0', id: TURN, error: { code: -32_800, message: 'Request cancelled' } })
  connection.withdraw(TURN)
  expect(told).toContain(`answered ${TURN} AGENT_ERROR`)
  const taken = process.sent.filter(({ method }) => method === '$/cancel_request')
  expect(taken).toEqual([{ jsonrpc: '2.0', method: '$/cancel_request', params: { requestId: TURN } }])
})

test('C-32 two agents that give their sessions one id hear and say nothing of each other', async () => {
  const [a, b] = [new FakeProcess(polite()), new FakeProcess(polite())]
  const [one, two] = [await listened(a), await listened(b)]
  expect(one.connection.agentSessionId).toBe(two.connection.agentSessionId)
  a.tell(chunk('from a'))
  two.connection.cancel()
  expect([one.told, two.told]).toEqual([['update from a', 'end 3'], []])
  expect([a.sent.at(-1)?.['method'], b.sent.at(-1)?.['method']]).toEqual(['session/new', 'session/cancel'])
})

test('C-37 C-38 a turn ends with the reason of its answer, known or not; without a reason it has failed', async () => {
  const ending = (answer: JsonObject): Promise<string> =>
    answerOf(new FakeProcess(polite((message, self) => self.tell(result(message, answer)))))
  expect(await ending({ stopReason: 'end_turn' })).toBe(`answered ${TURN} end_turn`)
  expect(await ending({})).toBe(`answered ${TURN} AGENT_PROTOCOL_ERROR`)
  const odd = new FakeProcess(polite((message, self) => self.tell(result(message, { stopReason: 'bored' }))))
  const { told, connection } = await listened(odd)
  connection.prompt(TURN, TEXT)
  await vi.waitFor(() => expect(told).toHaveLength(3))
  expect(told).toEqual(['warning unexpected_result', `answered ${TURN} bored`, 'end 3'])
})

test('C-42 C-47 a cancel is a notification, and what is said after it is told', async () => {
  const process = new FakeProcess(polite())
  const { told, connection } = await listened(process)
  connection.prompt(TURN, TEXT)
  connection.cancel()
  expect(process.sent.at(-1)).toEqual({ jsonrpc: '2.0', method: 'session/cancel', params: { sessionId: 's1' } })
  process.tell(chunk('late'), { jsonrpc: '2.0', id: TURN, result: { stopReason: 'cancelled' } })
  expect(told).toEqual(['update late', `answered ${TURN} cancelled`, 'end 4'])
})

test('C-51 C-52 a cancel of a request that is not open, and any other $/ notification, is answered with nothing', async () => {
  const process = new FakeProcess(polite())
  const { told } = await listened(process)
  const before = process.sent.length
  for (const params of [{ requestId: 9 }, { requestId: 'gone' }, { requestId: {} }, {}])
    process.tell({ jsonrpc: '2.0', method: '$/cancel_request', params })
  process.tell({ jsonrpc: '2.0', method: '$/progress', params: {} })
  expect(process.sent).toHaveLength(before)
  expect(told.filter((word) => !word.startsWith('end'))).toEqual(['withdrawn 9', 'withdrawn gone'])
})

test.each([
  ['fs/read_text_file', -32_601],
  ['fs/write_text_file', -32_601],
  ['terminal/create', -32_601],
  ['elicitation/create', -32_602],
  ['_vendor/ask', -32_601],
  ['no/such/method', -32_601],
])(
  'C-60 C-68 X-28 a request for %s, which was not offered, is answered with %i; as a notification it is ignored',
  async (method, code) => {
    const process = new FakeProcess(polite())
    const { told } = await listened(process)
    process.tell({ jsonrpc: '2.0', method, params: {} })
    const before = process.sent.length
    process.tell({ jsonrpc: '2.0', id: 7, method, params: { sessionId: 's1' } })
    expect(process.sent.slice(before)).toMatchObject([{ id: 7, error: { code } }])
    expect(told).toEqual(['end 3', 'end 4'])
  },
)

test('C-69 a chunk with an id keeps it, and one without begins another message', async () => {
  const process = new FakeProcess(polite())
  const connection = await connect(process)
  const ids: unknown[] = []
  connection.listen({
    ...recorder().listener,
    update: (data) => ids.push((JSON.parse(data) as JsonObject)['messageId']),
  })
  const content = { type: 'text', text: 'x' }
  const own = ['a', 'a', 'b'].map((messageId) => update({ sessionUpdate: 'agent_message_chunk', content, messageId }))
  process.tell(chunk('x'), ...own, chunk('x'), chunk('x'))
  expect(ids).toEqual(['m1.1', 'a', 'a', 'b', 'm1.2', 'm1.2'])
})

test('C-76 C-77 an update of an unknown kind, or with unknown content, is told with every field it has', async () => {
  const process = new FakeProcess(polite())
  const connection = await connect(process)
  const heard: Json[] = []
  connection.listen({
    ...recorder().listener,
    warning: () => {},
    update: (data) => heard.push(JSON.parse(data) as Json),
  })
  const odd = [
    { sessionUpdate: 'hologram', beam: [{ on: true }], _meta: { a: 1 } },
    {
      sessionUpdate: 'tool_call',
      toolCallId: 't',
      title: 'T',
      kind: 'teleport',
      content: [{ type: 'smell' }],
      more: 1,
    },
  ]
  process.tell(...odd.map(update))
  expect(heard).toEqual(odd)
})

test('C-78 an update that cannot be understood is a warning, and changes nothing of what follows', async () => {
  const process = new FakeProcess(polite())
  const { told } = await listened(process)
  process.tell(update({ sessionUpdate: 'tool_call' }), chunk('next'))
  expect(told).toEqual(['warning malformed_update', 'update next', 'end 4'])
})

test.each([
  ['cannot be understood', update({ sessionUpdate: 'tool_call' })],
  ['is for a session that is not ours', chunk('foreign', 's2')],
])('C-78 a flood of updates each of which %s is counted, and told of a few times', async (_, line) => {
  const process = new FakeProcess(polite())
  const { told } = await listened(process)
  process.tell(...Array.from({ length: 1_000 }, () => line))
  expect(told.filter((entry) => entry.startsWith('warning'))).toHaveLength(20 + 5) // 32, 64, 128, 256, 512
})

test('X-33 what was written before an exit is told before it; the exit says its code and the last words', async () => {
  const process = new FakeProcess(polite())
  const connection = await connect(process)
  const { told, listener } = recorder()
  const lost = vi.fn<AgentListener['lost']>()
  connection.listen({ ...listener, lost })
  connection.prompt(TURN, TEXT)
  process.tell(chunk('last'))
  process.exit(3)
  process.tell(chunk('after its end'))
  expect(told).toEqual(['end 2', 'update last', 'end 3', 'end 4'])
  expect(lost.mock.calls).toMatchObject([[{ code: 'AGENT_EXITED', details: { code: 3, stderr: 'its last words' } }]])
})

test('C-79 the _meta of a prompt is sent as it was given, to the byte; without one there is none', async () => {
  const process = new FakeProcess(polite())
  const connection = await connect(process)
  connection.listen(recorder().listener)
  connection.prompt(TURN, TEXT, '{"traceparent":"00-1","n":1.0,"10":1,"2":12345678901234567890}')
  connection.prompt('turn_2' as TurnId, TEXT)
  const [, , first, second] = process.lines
  expect(first).toContain(
    '"params":{"_meta":{"traceparent":"00-1","n":1.0,"10":1,"2":12345678901234567890},"sessionId":"s1"',
  )
  expect(process.sent[2]).toMatchObject({
    method: 'session/prompt',
    params: { sessionId: 's1', prompt: [{ text: 'hi' }] },
  })
  expect(second).not.toContain('_meta')
})

test('C-79 an update is told as the agent wrote it, to the byte; a chunk without an id gets one at its end', async () => {
  const process = new FakeProcess(polite())
  const connection = await connect(process)
  const updates: string[] = []
  connection.listen({ ...recorder().listener, update: (data) => updates.push(data) })
  const call = '{"sessionUpdate":"tool_call_update", "toolCallId":"t","_meta":{"b":1.50,"a":12345678901234567890}}'
  const text = '{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"x"},"_meta":{"n":1e2}}'
  const head = '{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s1","update":'
  process.tell(`${head}${call}}}`, `${head}${text}}}`)
  expect(updates).toEqual([call, `${text.slice(0, -1)},"messageId":"m1.1"}`])
})

test('X-04 text that was not UTF-8 is told on with U+FFFD, counted, and a flood of it is told of a few times', async () => {
  const warnings: Json[] = []
  const process = new FakeProcess(polite())
  const { told, listener } = recorder()
  const connection = await connect(process)
  connection.listen({ ...listener, warning: (data) => warnings.push(JSON.parse(data) as Json) })
  process.tellDamaged(...Array.from({ length: 100 }, () => chunk('a\u{fffd}b')))
  expect(warnings).toHaveLength(22)
  expect(warnings.at(-1)).toMatchObject({ warning: 'not_utf8', count: 64 })
  expect(told.filter((each) => each === 'update a\u{fffd}b')).toHaveLength(100)
})

test('X-32 an agent that closes its stdin and lives on is lost at once, and that is what is said', async () => {
  const process = new FakeProcess(polite())
  const connection = await connect(process)
  const losses: Json[] = []
  connection.listen({
    ...recorder().listener,
    lost: ({ code, details }) => losses.push([code, details?.['reason'] as Json]),
  })
  process.closeInput()
  expect(losses).toEqual([['AGENT_PROTOCOL_ERROR', 'it closed its stdin']])
})
