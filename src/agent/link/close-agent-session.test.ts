// What an agent hears before its process is ended. C-nn: docs/acp-client.md.

import { expect, test, vi } from 'vitest'

import { connect, FakeProcess, polite, result } from '../../../test/_support/fake-process.ts'
import type { Answering } from '../../../test/_support/fake-process.ts'
import type { JsonObject } from '../../base/json.ts'

const CLOSES: JsonObject = { sessionCapabilities: { close: {} } }

const answered = (error: number | undefined): Answering =>
  polite((message, self) => {
    if (message['method'] !== 'session/close') return
    const failure = { jsonrpc: '2.0', id: message['id'] ?? null, error: { code: error ?? 0, message: 'no' } }
    self.tell(error === undefined ? result(message, {}) : failure)
  }, CLOSES)

const methods = ({ sent }: FakeProcess): unknown[] => sent.map(({ method }) => method)

test.each([
  ['{}', answered(undefined)],
  ['-32002', answered(-32_002)],
  ['-32603', answered(-32_603)],
  ['its exit', polite((_, self) => self.exit(0), CLOSES)],
] as const)(
  'C-31 session/close that is answered with %s is followed by the end of the process at once',
  async (_, answering) => {
    const process = new FakeProcess(answering)
    const connection = await connect(process)
    const started = performance.now()
    expect(await connection.stop(true)).toMatchObject({ survivors: [] })
    expect(performance.now() - started).toBeLessThan(1_000)
    expect(process.sent.at(-1)).toMatchObject({ method: 'session/close', params: { sessionId: 's1' } })
    expect(process.stops).toBe(1)
  },
)

test('an agent that does not answer session/close is ended after 2 s', async () => {
  vi.useFakeTimers()
  try {
    const process = new FakeProcess(polite(undefined, CLOSES))
    const stopped = (await connect(process)).stop(true)
    await vi.advanceTimersByTimeAsync(1_900)
    expect(process.stops).toBe(0)
    await vi.advanceTimersByTimeAsync(200)
    await stopped
    expect(process.stops).toBe(1)
  } finally {
    vi.useRealTimers()
  }
})

test('C-23 session/close is not sent unless it was advertised, and not when the session goes on', async () => {
  const silent = new FakeProcess(polite())
  await (await connect(silent)).stop(true)
  const going = new FakeProcess(answered(undefined))
  await (await connect(going)).stop()
  for (const process of [silent, going]) expect(methods(process)).toEqual(['initialize', 'session/new'])
  expect([silent.stops, going.stops]).toEqual([1, 1])
})

test('an agent that is gone already is asked nothing', async () => {
  const process = new FakeProcess(answered(undefined))
  const connection = await connect(process)
  process.exit(1)
  await connection.stop(true)
  expect([methods(process), process.stops]).toEqual([['initialize', 'session/new'], 1])
})
