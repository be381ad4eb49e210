// One after the other, whatever becomes of the one before.

import { expect, test } from 'vitest'

import { OneAtATime } from './one-at-a-time.ts'

test('tasks run in order, each when the one before has settled, also when that failed', async () => {
  const line = new OneAtATime()
  const seen: string[] = []
  const gate = Promise.withResolvers<void>()
  const first = line.run(async () => {
    seen.push('first')
    await gate.promise
    throw new Error('no')
  })
  const second = line.run(async () => seen.push('second'))
  await Promise.resolve()
  expect(seen).toEqual(['first'])
  gate.resolve()
  await expect(first).rejects.toThrow('no')
  await second
  expect(seen).toEqual(['first', 'second'])
})
