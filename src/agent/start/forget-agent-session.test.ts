// Deleting one of an agent's own sessions. C-nn: docs/acp-client.md.

import { expect, test } from 'vitest'

import { FakeProcess, forgetOn, polite, result } from '../../../test/_support/fake-process.ts'
import type { JsonObject } from '../../base/json.ts'

const CAN: JsonObject = { sessionCapabilities: { delete: {} } }

const failing = (code: number) =>
  polite(
    (message, self) => self.tell({ jsonrpc: '2.0', id: message['id'] ?? null, error: { code, message: 'no' } }),
    CAN,
  )

const codeOf = (error: unknown): string => (error as { code: string }).code

test('C-31 a conversation that the agent has, or does not know, is deleted once the caller is ready, and the process is ended', async () => {
  for (const answering of [polite((message, self) => self.tell(result(message, {})), CAN), failing(-32_002)]) {
    const process = new FakeProcess(answering)
    const asked: unknown[] = []
    await forgetOn(process, async () => void asked.push(...process.sent.map(({ method }) => method)))
    expect(asked).toEqual(['initialize'])
    expect(process.sent.at(-1)).toMatchObject({ method: 'session/delete', params: { sessionId: 's-old' } })
    expect([process.sent.length, process.stops]).toEqual([2, 1])
  }
})

test('any other refusal is told', async () => {
  const process = new FakeProcess(failing(-32_603))
  expect(await forgetOn(process, async () => {}).catch(codeOf)).toBe('AGENT_ERROR')
  expect(process.stops).toBe(1)
})

test('C-23 session/delete is not sent unless it was advertised, and the caller is not asked', async () => {
  const process = new FakeProcess(polite())
  let isReady = false
  expect(await forgetOn(process, async () => void (isReady = true)).catch(codeOf)).toBe('AGENT_UNSUPPORTED')
  expect([isReady, process.sent.length, process.stops]).toEqual([false, 1, 1])
})
