// What becomes of a session that an agent opens when nobody waits for it any more. C-33: docs/acp-client.md.

import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { connect, FakeProcess, polite, result } from '../../../test/_support/fake-process.ts'
import type { JsonObject } from '../../base/json.ts'

const WAITED_MS = 50

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

interface Late {
  readonly process: FakeProcess
  /** Answers the request that opens the session. */
  answer(value: JsonObject): void
  readonly failure: Promise<string>
}

/** An agent that has not opened its session in time. */
async function startLate(sessionCapabilities: JsonObject, resume?: string): Promise<Late> {
  let asked: JsonObject = {}
  const handshake = polite(undefined, { loadSession: true, sessionCapabilities })
  const process = new FakeProcess((message, self) => {
    const { method } = message
    if (method === 'session/new' || method === 'session/load') asked = message
    else if (method === 'initialize') handshake(message, self)
    else self.tell(result(message, {}))
  })
  const failure = connect(process, resume, WAITED_MS).then(
    () => 'connected',
    (error: unknown) => (error as { code: string }).code,
  )
  await vi.advanceTimersByTimeAsync(WAITED_MS)
  return { process, failure, answer: (value) => process.tell(result(asked, value)) }
}

const after = ({ sent }: FakeProcess): unknown[] => sent.slice(2).map(({ method, params }) => [method, params])

test.each([
  ['is deleted', { delete: {}, close: {} }, [['session/delete', { sessionId: 's-late' }]]],
  ['is closed where nothing can be deleted', { close: {} }, [['session/close', { sessionId: 's-late' }]]],
] as const)(
  'C-33 a session that is made after its deadline %s, and no session comes of it',
  async (_, can, expected) => {
    const { process, answer, failure } = await startLate(can)
    expect(process.stops).toBe(0)
    answer({ sessionId: 's-late' })
    expect(await failure).toBe('AGENT_START_TIMEOUT')
    expect([after(process), process.stops]).toEqual([expected, 1])
  },
)

test('C-33 an agent that can undo nothing is ended at the deadline; what it says then is not heard', async () => {
  const { process, answer, failure } = await startLate({})
  expect(await failure).toBe('AGENT_START_TIMEOUT')
  answer({ sessionId: 's-late' })
  await vi.advanceTimersByTimeAsync(5_000)
  expect([after(process), process.stops]).toEqual([[], 1])
})

test('C-33 an answer that does not come is waited for 2 s', async () => {
  const { process, failure } = await startLate({ delete: {} })
  await vi.advanceTimersByTimeAsync(1_900)
  expect(process.stops).toBe(0)
  await vi.advanceTimersByTimeAsync(200)
  expect(await failure).toBe('AGENT_START_TIMEOUT')
  expect([after(process), process.stops]).toEqual([[], 1])
})

test('C-33 a conversation that is gone on with too late is closed, never deleted', async () => {
  const { process, failure } = await startLate({ delete: {}, close: {} }, 's-old')
  expect(await failure).toBe('AGENT_START_TIMEOUT')
  expect([after(process), process.stops]).toEqual([[['session/close', { sessionId: 's-old' }]], 1])
})
