import { expect, test } from 'vitest'

import { fromExit, fromRpcFailure } from './agent-errors.ts'

test('an agent that the kernel ended at its memory limit says so, in words and in a field', () => {
  const error = fromExit('pi', { code: null, signal: 'SIGKILL', memoryKills: 2 }, { stage: 'prompt' })
  expect(error.message).toBe('Agent pi exited (signal SIGKILL, its memory limit was reached) during prompt.')
  expect(error.details).toMatchObject({ memoryKills: 2 })
})

test('any other exit has no word of memory', () => {
  const error = fromExit('pi', { code: 3, signal: null }, { stage: 'initialize' })
  expect(error.message).toBe('Agent pi exited (code 3) during initialize.')
  expect(error.details).not.toHaveProperty('memoryKills')
})

test('what an agent answers stands in our sentence once, also when it needs a login; the raw error is kept', () => {
  const failed = fromRpcFailure('pi', { code: -32603, message: 'It broke.' })
  expect(failed.message).toBe('Agent pi answered with an error: It broke.')
  const locked = fromRpcFailure('pi', { code: -32000, message: 'Set PI_KEY.' })
  expect(locked).toMatchObject({ code: 'AGENT_AUTH_REQUIRED', message: 'Agent pi needs a login: Set PI_KEY.' })
  expect(locked.details).toMatchObject({ raw: { code: -32000, message: 'Set PI_KEY.' } })
})

test('C-41: what an agent answers is kept without credentials, in its text and in its data', () => {
  const message = 'Invalid key sk-ant-0123456789abcdef.'
  const { message: said, details } = fromRpcFailure('pi', {
    code: -32603,
    message,
    data: { api_key: 'x1', url: 'https://a:b@c/' },
  })
  expect(said).toBe('Agent pi answered with an error: Invalid key [redacted].')
  expect(details['raw']).toEqual({
    code: -32603,
    message: 'Invalid key [redacted].',
    data: { api_key: '[redacted]', url: 'https://[redacted]@c/' },
  })
})
