// Extension methods of an agent over its connection: what is kept of its notifications, and what becomes of a question to it.

import { expect, test } from 'vitest'

import { connect, FakeProcess, polite, recorder, result } from '../../../test/_support/fake-process.ts'
import type { JsonObject } from '../../base/json.ts'

const note = (params: JsonObject, method = '_vendor/note'): JsonObject => ({ jsonrpc: '2.0', method, params })

async function listening(answer?: (message: JsonObject, self: FakeProcess) => void) {
  const process = new FakeProcess(polite(answer))
  const connection = await connect(process)
  const { told, listener } = recorder()
  connection.listen(listener)
  told.length = 0
  return { process, connection, told }
}

test("C-68 a notification about the session is told with its params, without the id that is the agent's own; any other is ignored", async () => {
  const { process, told } = await listening()
  process.tell(
    note({ sessionId: 's1', a: [1], _meta: { b: 2 } }),
    note({ a: 1 }),
    note({ sessionId: 's1' }, 'vendor/note'),
  )
  expect(told).toEqual(['extension {"method":"_vendor/note","params":{"a":[1],"_meta":{"b":2}}}', 'end 5'])
})

test('one that is too long is told by its method and its length; one of another session is counted and not told', async () => {
  const { process, told } = await listening()
  process.tell(note({ sessionId: 's1', a: 'x'.repeat(70_000) }), note({ sessionId: 'other', a: 1 }))
  expect(told).toEqual([
    'extension {"method":"_vendor/note","params":null,"chars":70008}',
    'warning foreign_session',
    'end 4',
  ])
})

test('a flood of them is thinned out', async () => {
  const { process, told } = await listening()
  for (let n = 0; n < 20_000; n++) process.tell(note({ sessionId: 's1', n }))
  const kept = told.filter((one) => one.startsWith('extension'))
  expect(kept.length).toBeGreaterThanOrEqual(5_020)
  expect(kept.length).toBeLessThan(5_040)
})

test("a question has the agent's own id of the session; its result and its error come back", async () => {
  const { process, connection } = await listening((message, self) =>
    message['method'] === '_vendor/ask'
      ? self.tell(result(message, { got: message['params'] ?? null }))
      : self.tell({ jsonrpc: '2.0', id: message['id'] ?? null, error: { code: -32_050, message: 'no such thing' } }),
  )
  const params = { sessionId: 'ses_ours', x: 1 }
  expect(await connection.extension({ method: '_vendor/ask', params })).toEqual({ got: { sessionId: 's1', x: 1 } })
  const refusal = await connection.extension({ method: '_vendor/other', params }).catch((error: unknown) => error)
  expect(refusal).toMatchObject({ code: 'AGENT_ERROR', details: { raw: { code: -32_050, message: 'no such thing' } } })
  const lost = connection.extension({ method: '_vendor/ask', params }).catch((error: unknown) => error)
  process.exit(1)
  expect(await lost).toMatchObject({ code: 'AGENT_EXITED' })
})
