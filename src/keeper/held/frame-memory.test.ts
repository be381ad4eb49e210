import { expect, test } from 'vitest'

import { FrameMemory } from './frame-memory.ts'

test('a name is added once, also when it came from an earlier life', () => {
  const memory = new FrameMemory(['a'])
  expect(memory.add('a')).toBe(false)
  expect(memory.add('b')).toBe(true)
  expect(memory.add('b')).toBe(false)
  expect(memory.list()).toEqual(['a', 'b'])
  expect([memory.has('b'), memory.has('c')]).toEqual([true, false])
})

test('the newest 1,024 names are kept, the oldest goes first', () => {
  const memory = new FrameMemory()
  for (let i = 0; i < 1_030; i++) memory.add(`f${i}`)
  expect(memory.list()).toHaveLength(1_024)
  expect(memory.list()[0]).toBe('f6')
  expect(memory.has('f5')).toBe(false)
  expect(new FrameMemory(memory.list()).list()).toEqual(memory.list())
})
