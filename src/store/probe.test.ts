import { expect, test } from 'vitest'

import { isOlder, probeSqlite } from './probe.ts'

test('the SQLite of this Node is good enough', () => {
  expect(() => probeSqlite()).not.toThrow()
})

test.each([
  ['3.51.2', true],
  ['3.50.7', true],
  ['3.9.99', true],
  ['2.99.99', true],
  ['3.51.3', false],
  ['3.51.10', false],
  ['3.53.0', false],
  ['4.0', false],
])('SQLite %s is older than 3.51.3: %s', (version, older) => {
  expect(isOlder(version, [3, 51, 3])).toBe(older)
})
