// A start that fails says what the agent wrote instead of messages; banners alone fail nothing.

import { expect, test } from 'vitest'

import { chunk, connect, FakeProcess, polite } from '../../../test/_support/fake-process.ts'
import type { JsonObject } from '../../base/json.ts'
import type { HoldfastError } from '../../base/errors.ts'
import { HINTS } from './start-noise.ts'

const INITIALIZED = { jsonrpc: '2.0', id: 0, result: { protocolVersion: 1, agentCapabilities: {} } }

/** How a start fails whose agent answers `initialize` with `lines` and is silent then. */
async function failureOf(...lines: (string | JsonObject)[]): Promise<HoldfastError> {
  const process = new FakeProcess((_, self) => self.tell(...lines))
  const failure = await connect(process, undefined, 50).catch((error: unknown) => error)
  expect(process.stops).toBe(1)
  return failure as HoldfastError
}

test('X-09 more than 50,000 lines that are no messages fail the start at once, with the first of them', async () => {
  const lines = Array.from({ length: 50_001 }, (_, n) => `npm warn ${n} API_TOKEN=abcdef0123456789`)
  const failure = await failureOf(...lines)
  expect(failure).toMatchObject({
    code: 'AGENT_NOT_ACP',
    details: { noiseLines: 50_001, output: 'npm warn 0 API_TOKEN=[redacted]', stderr: 'its last words' },
  })
  expect(failure.message).toContain('more than 50000 lines')
})

test('X-09 more than 8 MiB of them do so, too', async () => {
  expect(await failureOf(...Array.from({ length: 9 }, () => 'x'.repeat(1024 * 1024)))).toMatchObject({
    code: 'AGENT_NOT_ACP',
    details: { noiseLines: 9 },
  })
})

test('X-09 a long banner, and whatever comes after the answer, fails nothing', async () => {
  const process = new FakeProcess((message, self) => {
    if (message['method'] === 'initialize') self.tell(...Array.from({ length: 49_000 }, () => 'added 1 package'))
    polite()(message, self)
    if (message['method'] === 'initialize') self.tell(...Array.from({ length: 49_000 }, () => 'ready'))
  })
  expect(await connect(process, undefined, 5_000)).toMatchObject({ agentSessionId: 's1' })
})

test('notifications before the answer are no noise', async () => {
  expect((await failureOf(chunk('early'), 'Usage: agent')).details).toMatchObject({
    noiseLines: 1,
    output: 'Usage: agent',
  })
})

test('X-41 a start that fails by JSON over several lines says so', async () => {
  const pretty = JSON.stringify(INITIALIZED, null, 2).split('\n')
  expect(await failureOf('Welcome!', ...pretty)).toMatchObject({
    code: 'AGENT_START_TIMEOUT',
    details: { stage: 'initialize', hint: HINTS.severalLines, output: 'Welcome!' },
  })
})

test('X-41 a start that fails by two objects on one line says so', async () => {
  const two = JSON.stringify({ jsonrpc: '2.0', method: 'a', params: { x: { y: 1 } } }) + JSON.stringify(INITIALIZED)
  expect(await failureOf(two)).toMatchObject({ code: 'AGENT_START_TIMEOUT', details: { hint: HINTS.oneLine } })
})

test('X-41 braces that are no JSON are no hint, and cost little', async () => {
  const code = Array.from({ length: 600 }, (_, n) => `{ if (${n}) {} {} }`)
  const { details } = await failureOf(...code, '{}{'.repeat(20_000))
  expect(details).toMatchObject({ noiseLines: 601 })
  expect(details).not.toHaveProperty('hint')
})
