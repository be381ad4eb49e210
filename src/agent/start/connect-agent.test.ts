import { expect, test } from 'vitest'

import {
  chunk,
  connect,
  connectWith,
  FakeProcess,
  polite,
  recorder,
  result,
  TEXT,
  TURN,
} from '../../../test/_support/fake-process.ts'
import type { Answering, Setup } from '../../../test/_support/fake-process.ts'
import type { JsonObject } from '../../base/json.ts'

test('what comes in one read is told in wire order, the answer after its updates (C-39)', async () => {
  const process = new FakeProcess(
    polite((message, self) => {
      const permission = {
        jsonrpc: '2.0',
        id: 'p1',
        method: 'session/request_permission',
        params: {
          sessionId: 's1',
          toolCall: { toolCallId: 't' },
          options: [{ optionId: 'y', name: 'Yes', kind: 'allow_once' }],
        },
      }
      self.tell(chunk('a'), permission, chunk('b'), result(message, { stopReason: 'end_turn' }), chunk('late'))
    }),
  )
  const connection = await connect(process)
  const { told, listener } = recorder()
  connection.listen(listener)
  connection.prompt(TURN, TEXT)
  await expect.poll(() => told.at(-1)).toBe('end 7')
  expect(told).toEqual([
    'end 2',
    'update a',
    'permission p1 1',
    'update b',
    `answered ${TURN} end_turn`,
    'update late',
    'end 7',
  ])
  expect(process.sent.at(-1)).toMatchObject({ id: TURN, method: 'session/prompt' })
})

test('updates before the answer of session/new are kept and told first, those of another session are not (C-27, C-32)', async () => {
  const process = new FakeProcess((message, self) => {
    if (message['method'] === 'initialize') return self.tell(result(message, { protocolVersion: 1 }))
    self.tell(chunk('early'), chunk('foreign', 's2'), result(message, { sessionId: 's1' }), chunk('next'))
  })
  const { told, listener } = recorder()
  const connection = await connect(process)
  connection.listen(listener)
  expect(told).toEqual(['update early', 'update next', 'end 5'])
})

test('a load replays nothing into the log, and says that it was loaded (C-24)', async () => {
  const process = new FakeProcess(
    polite((message, self) => self.tell(chunk('old'), result(message, {}), chunk('live')), { loadSession: true }),
  )
  const { told, listener } = recorder()
  const connection = await connect(process, 's1')
  connection.listen(listener)
  expect(connection.continuity).toBe('loaded')
  expect(told).toEqual(['update live', 'end 4'])
})

test('resume is preferred to load', async () => {
  const capabilities = { loadSession: true, sessionCapabilities: { resume: {} } }
  const process = new FakeProcess(polite((message, self) => self.tell(result(message, {})), capabilities))
  const connection = await connect(process, 's1')
  expect(connection.continuity).toBe('resumed')
  expect(process.sent.map((message) => message['method'])).toEqual(['initialize', 'session/resume'])
})

test('an agent that can continue nothing loses the conversation, and starts afresh only when that is wanted', async () => {
  const process = new FakeProcess(polite())
  await expect(connect(process, 's-old')).rejects.toMatchObject({
    code: 'AGENT_CONVERSATION_LOST',
    details: { conversation: 's-old', reason: 'unsupported' },
  })
  expect(process.stops).toBe(1)
  const connection = await connectWith(new FakeProcess(polite()), { resume: 's-old', whenLost: 'fresh' })
  expect(connection).toMatchObject({ continuity: 'fresh', agentSessionId: 's1' })
})

const FAILURES: Readonly<Record<string, { answering: Answering; code: string }>> = {
  'no answer to initialize': { answering: () => {}, code: 'AGENT_START_TIMEOUT' },
  'another protocol version': {
    answering: (m, p) => p.tell(result(m, { protocolVersion: 9 })),
    code: 'AGENT_PROTOCOL_VERSION',
  },
  'a version that is no number': {
    answering: (m, p) => p.tell(result(m, { protocolVersion: '1' })),
    code: 'AGENT_NOT_ACP',
  },
  'an exit in the handshake': { answering: (_, p) => p.exit(3), code: 'AGENT_EXITED' },
  'a login that is needed (C-11)': {
    answering: (m, p) => p.tell({ jsonrpc: '2.0', id: m['id'] ?? null, error: { code: -32000, message: 'anything' } }),
    code: 'AGENT_AUTH_REQUIRED',
  },
  'an error': {
    answering: (m, p) => p.tell({ jsonrpc: '2.0', id: m['id'] ?? null, error: { code: -1, message: 'no' } }),
    code: 'AGENT_ERROR',
  },
}

for (const [name, { answering, code }] of Object.entries(FAILURES)) {
  test(`a start that fails leaves no process: ${name}`, async () => {
    const process = new FakeProcess(answering)
    const details = expect.objectContaining({ stderr: 'its last words' }) as unknown
    await expect(connect(process, undefined, 50)).rejects.toMatchObject({ code, details })
    expect(process.stops).toBe(1)
  })
}

test('content that was not advertised is refused before it is sent (C-34)', async () => {
  const process = new FakeProcess(polite())
  const connection = await connect(process)
  const { told, listener } = recorder()
  connection.listen(listener)
  connection.prompt(TURN, JSON.stringify([{ type: 'image', data: '', mimeType: 'image/png' }]))
  expect(told.at(-1)).toBe(`answered ${TURN} PROMPT_UNSUPPORTED_CONTENT`)
  expect(process.sent).toHaveLength(2)
})

test('an exit in a turn is told once, as the loss of the connection', async () => {
  const process = new FakeProcess(polite((_, self) => self.exit(1)))
  const connection = await connect(process)
  const { told, listener } = recorder()
  connection.listen(listener)
  connection.prompt(TURN, TEXT)
  await expect.poll(() => told.at(-1)).toBe('lost AGENT_EXITED')
  expect(told.filter((word) => word.startsWith('answered'))).toEqual([])
})

test('file and terminal requests are refused, because they were not offered (C-60)', async () => {
  const process = new FakeProcess(polite())
  await connect(process)
  process.tell({ jsonrpc: '2.0', id: 7, method: 'fs/read_text_file', params: { path: '/etc/passwd' } })
  expect(process.sent.at(-1)).toMatchObject({ id: 7, error: { code: -32601 } })
})

test('chunks without a message id get one for each run of one kind', async () => {
  const process = new FakeProcess(polite())
  const connection = await connect(process)
  const ids: unknown[] = []
  const { listener } = recorder()
  connection.listen({ ...listener, update: (data) => ids.push((JSON.parse(data) as JsonObject)['messageId']) })
  const tool = {
    jsonrpc: '2.0',
    method: 'session/update',
    params: { sessionId: 's1', update: { sessionUpdate: 'tool_call', toolCallId: 't', title: 'T' } },
  }
  process.tell(chunk('a'), chunk('b'), tool, chunk('c'))
  expect(ids).toEqual(['m1.1', 'm1.1', undefined, 'm1.2'])
})

const methods = (process: FakeProcess): unknown[] => process.sent.map((message) => message['method'])

test('a spare is assigned before it hears of a session; its directory is that of the session, its message ids are of its generation', async () => {
  const [spare, cold] = [new FakeProcess(polite()), new FakeProcess(polite())]
  const heard: unknown[] = []
  const assign = async (to: unknown): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve))
    heard.push(to, methods(spare))
  }
  const connection = await connectWith(cold, { spare, assign })
  expect(heard).toEqual([{ sessionId: 'ses_1', generation: 1 }, ['initialize']])
  expect(spare.sent.at(-1)).toMatchObject({ method: 'session/new', params: { cwd: '/work' } })
  expect(cold.sent).toEqual([])
  const ids: unknown[] = []
  connection.listen({
    ...recorder().listener,
    update: (data) => ids.push((JSON.parse(data) as JsonObject)['messageId']),
  })
  spare.tell(chunk('a'))
  expect(ids).toEqual(['m1.1'])
})

const USELESS: Readonly<Record<string, Partial<Setup> & { answering: Answering }>> = {
  'died while it waited': { answering: (_, self) => self.exit(1) },
  'does not answer any more': { answering: () => {}, ms: 30 },
  'breaks the protocol': { answering: (message, self) => self.tell(result(message, {})) },
  'cannot be assigned': { answering: polite(), assign: () => Promise.reject(new Error('no row')) },
}

for (const [name, { answering, ...setup }] of Object.entries(USELESS)) {
  test(`a spare that ${name} is stopped, and the session starts as if there had been none`, async () => {
    const spare = new FakeProcess((message, self) =>
      message['method'] === 'initialize' ? polite()(message, self) : answering(message, self),
    )
    const cold = new FakeProcess(polite())
    const connection = await connectWith(cold, { ...setup, spare })
    expect(connection.agentSessionId).toBe('s1')
    expect([spare.stops, cold.stops, methods(cold)]).toEqual([1, 0, ['initialize', 'session/new']])
  })
}

test('what a living spare answers is the answer: a login that is needed is not asked for twice', async () => {
  const spare = new FakeProcess((message, self) => {
    if (message['method'] === 'initialize') return polite()(message, self)
    self.tell({ jsonrpc: '2.0', id: message['id'] ?? null, error: { code: -32000, message: 'log in' } })
  })
  const cold = new FakeProcess(polite())
  await expect(connectWith(cold, { spare })).rejects.toMatchObject({ code: 'AGENT_AUTH_REQUIRED' })
  expect([spare.stops, cold.sent]).toEqual([1, []])
})
