// Questions of an agent on the wire: what is told, what is refused, what is answered at once.

import { expect, test } from 'vitest'

import { connect, FakeProcess, polite, recorder } from '../../../test/_support/fake-process.ts'
import type { JsonObject } from '../../base/json.ts'

const FORM: JsonObject = { sessionId: 's1', mode: 'form', message: 'm', requestedSchema: { properties: {} } }

async function listened() {
  const process = new FakeProcess(polite())
  const connection = await connect(process)
  const { told, listener } = recorder()
  connection.listen(listener)
  const ask = (params: JsonObject): JsonObject[] => {
    const before = process.sent.length
    process.tell({ jsonrpc: '2.0', id: 7, method: 'elicitation/create', params })
    return process.sent.slice(before)
  }
  return { process, connection, told, ask }
}

test('a question for the session is told, and answered once with what the session says', async () => {
  const { process, connection, told, ask } = await listened()
  expect(ask(FORM)).toEqual([])
  expect(told).toContain('elicitation 7 form')
  const answers = [
    connection.answerElicitation(7, { action: 'accept', content: { a: 'x' } }),
    connection.answerElicitation(7, { action: 'decline' }),
  ]
  expect(await Promise.all(answers)).toEqual([true, true])
  expect(process.sent.filter(({ id }) => id === 7)).toEqual([
    { jsonrpc: '2.0', id: 7, result: { action: 'accept', content: { a: 'x' } } },
  ])
})

test.each<[string, JsonObject]>([
  ['C-60 in a mode that was not advertised', { ...FORM, mode: 'voice' }],
  ['C-66 with two scopes', { ...FORM, requestId: 1 }],
  ['for a session that is not ours', { ...FORM, sessionId: 's2' }],
])('a question %s is refused with -32602 and told to nobody', async (_, params) => {
  const { told, ask } = await listened()
  expect(ask(params)).toMatchObject([{ id: 7, error: { code: -32602 } }])
  expect(told.join()).not.toContain('elicitation')
})

test('C-66 a question about a request outside of any session is dismissed at once', async () => {
  const { told, ask } = await listened()
  const { sessionId: _, ...rest } = FORM
  expect(ask({ ...rest, requestId: 1 })).toMatchObject([{ id: 7, result: { action: 'cancel' } }])
  expect(told.join()).not.toContain('elicitation')
})

test('C-66 the completion of a URL is told; one without a name is ignored', async () => {
  const { process, told } = await listened()
  process.tell(
    { jsonrpc: '2.0', method: 'elicitation/complete', params: { elicitationId: 'e1' } },
    { jsonrpc: '2.0', method: 'elicitation/complete', params: {} },
  )
  expect(told.filter((one) => one.startsWith('completed'))).toEqual(['completed e1'])
})

test('a question that comes before its session is known is told when it is', async () => {
  const process = new FakeProcess((message, self) => {
    if (message['method'] === 'session/new')
      self.tell({ jsonrpc: '2.0', id: 7, method: 'elicitation/create', params: FORM })
    polite()(message, self)
  })
  const connection = await connect(process)
  const { told, listener } = recorder()
  connection.listen(listener)
  expect(told).toContain('elicitation 7 form')
})
