// Waits that end before the work does.

import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'

import { expect, test } from 'vitest'

import { deadline } from './deadline.ts'

test('work that fails after its wait was called off, before or while it waited, is nobody’s unhandled rejection', async () => {
  const unhandled = once(process, 'unhandledRejection').then(() => 'unhandled')
  for (const isEarly of [true, false]) {
    const abort = new AbortController()
    if (isEarly) abort.abort()
    const { promise, reject } = Promise.withResolvers<never>()
    const wait = deadline(promise, { ms: 1_000, stage: 'test', signal: abort.signal })
    abort.abort()
    await expect(wait).rejects.toMatchObject({ code: 'CANCELLED' })
    reject(new Error('late'))
  }
  expect(await Promise.race([unhandled, setImmediate('quiet')])).toBe('quiet')
})
