// The first message of a connection and what may follow it. C-nn: docs/acp-client.md.

import { expect, test } from 'vitest'

import { chunk, connect, FakeProcess, offerOf, polite, recorder, result } from '../../../test/_support/fake-process.ts'
import type { AgentDefinition } from '../definition.ts'
import { clientOffer } from './client-offer.ts'
import type { JsonObject } from '../../base/json.ts'

const methods = ({ sent }: FakeProcess): unknown[] => sent.map(({ method }) => method)

/** Answers `initialize` with `answer` and all else politely. */
function initialised(answer: JsonObject): FakeProcess {
  return new FakeProcess((message, self) =>
    message['method'] === 'initialize' ? self.tell(result(message, answer)) : polite()(message, self),
  )
}

test('C-01 the first message is initialize, and nothing is asked before its answer', async () => {
  const silent = new FakeProcess(() => {})
  await expect(connect(silent, undefined, 20)).rejects.toMatchObject({ code: 'AGENT_START_TIMEOUT' })
  expect(methods(silent)).toEqual(['initialize'])
  const answering = new FakeProcess(polite())
  await connect(answering)
  expect(methods(answering)).toEqual(['initialize', 'session/new'])
})

test('C-02 C-07 C-08 C-15 initialize says version 1, who asks, that a person can log in in a terminal, and nothing that needs an editor', async () => {
  const process = new FakeProcess(polite())
  await connect(process)
  expect(process.sent[0]).toEqual({
    jsonrpc: '2.0',
    id: 0,
    method: 'initialize',
    params: {
      protocolVersion: 1,
      clientCapabilities: {
        fs: { readTextFile: false, writeTextFile: false },
        terminal: false,
        auth: { terminal: true },
        session: { configOptions: { boolean: {} }, compaction: {}, notices: {} },
        elicitation: { form: {}, url: {} },
      },
      clientInfo: { name: 'holdfast', title: 'Holdfast', version: '1.2.3' },
    },
  })
})

test('C-03 another version ends the start, and its error names both', async () => {
  const process = initialised({ protocolVersion: 2 })
  await expect(connect(process)).rejects.toMatchObject({
    code: 'AGENT_PROTOCOL_VERSION',
    details: { answered: 2, supported: 1 },
  })
  expect([methods(process), process.stops]).toEqual([['initialize'], 1])
})

test('C-09 no answer ends the process at the deadline, with its last words', async () => {
  const process = new FakeProcess(() => {})
  await expect(connect(process, undefined, 20)).rejects.toMatchObject({
    code: 'AGENT_START_TIMEOUT',
    details: { stage: 'initialize', ms: 20, stderr: 'its last words' },
  })
  expect(process.stops).toBe(1)
})

test('C-10 what is notified before the answer disturbs nothing, and is told first', async () => {
  const process = new FakeProcess((message, self) => {
    if (message['method'] === 'initialize') self.tell('a banner', { jsonrpc: '2.0', method: '_hello' }, chunk('early'))
    polite()(message, self)
  })
  const { told, listener } = recorder()
  const connection = await connect(process)
  connection.listen(listener)
  expect(told).toEqual(['warning not_json', 'update early', 'end 5'])
})

test('C-12 C-16 no login and no logout is ever asked for by a session, whatever is offered', async () => {
  const authMethods = [
    { id: 'key', name: 'Key' },
    { id: 'tty', name: 'Terminal', type: 'terminal' },
  ]
  const process = initialised({ protocolVersion: 1, authMethods, agentCapabilities: { auth: { logout: {} } } })
  const connection = await connect(process)
  await connection.stop()
  expect(methods(process)).toEqual(['initialize', 'session/new'])
})

test('C-15 that terminal logins can be run is said to no agent that is elsewhere, and not in version 2, which has none', () => {
  const remote = { url: 'wss://agents.example/acp', headers: {} } as const
  const elsewhere = { name: 'a', title: 'A', source: 'config', remote } as const
  expect(clientOffer(elsewhere as unknown as AgentDefinition)).not.toHaveProperty('auth')
  const here = { name: 'a', title: 'A', source: 'config', argv: ['a'], env: {} } as const
  expect([clientOffer(here), clientOffer(here, 2)]).toMatchObject([{ auth: { terminal: true } }, {}])
  expect(clientOffer(here, 2)).not.toHaveProperty('auth')
})

test('a start that meets a login says which ways to log in the agent has told of', async () => {
  const authMethods = [{ id: 'tty', name: 'Terminal', type: 'terminal', args: ['--secret=1'] }]
  const process = new FakeProcess((message, self) => {
    if (message['method'] === 'initialize') return self.tell(result(message, { protocolVersion: 1, authMethods }))
    self.tell({ jsonrpc: '2.0', id: message['id'] ?? null, error: { code: -32_000, message: 'no' } })
  })
  await expect(connect(process)).rejects.toMatchObject({
    code: 'AGENT_AUTH_REQUIRED',
    details: { methods: [{ id: 'tty', name: 'Terminal', kind: 'terminal' }] },
  })
})

test('C-23 an agent that advertises nothing is asked to load, resume, list, close, delete or fork nothing', async () => {
  const [resumed, listed] = [new FakeProcess(polite()), new FakeProcess(polite())]
  await expect(connect(resumed, 's-old')).rejects.toMatchObject({ code: 'AGENT_CONVERSATION_LOST' })
  expect(await offerOf(listed)).toMatchObject({ canContinue: false, sessions: undefined })
  expect([...methods(resumed), ...methods(listed)]).toEqual(['initialize', 'initialize'])
})
