// The lock check finds what npm would refuse, and takes out only what may be missing.

import { expect, test } from 'vitest'

import { checkLock, rootDifference } from './check-lock.ts'

const LOCK = {
  packages: {
    '': { dependencies: { a: '1' }, devDependencies: { b: '1' } },
    'node_modules/a': { dependencies: { c: '1' }, optionalDependencies: { 'a-linux': '1', 'a-windows': '1' } },
    'node_modules/a/node_modules/c': { dependencies: { b: '1' } },
    'node_modules/a-linux': {},
    'node_modules/b': { optionalDependencies: { 'b-windows': '1' } },
  },
}

test('an optional package without an entry is found and taken out', () => {
  const { missing, missingOptional, fixed } = checkLock(LOCK)
  expect(missing).toEqual([])
  expect(missingOptional).toEqual(['node_modules/a -> a-windows', 'node_modules/b -> b-windows'])
  expect(fixed.packages['node_modules/a']).toEqual({
    dependencies: { c: '1' },
    optionalDependencies: { 'a-linux': '1' },
  })
  expect(fixed.packages['node_modules/b']).toEqual({})
  expect(checkLock(fixed).missingOptional).toEqual([])
})

test('a package that is needed and has no entry is missing, and stays', () => {
  const { 'node_modules/a/node_modules/c': _, ...packages } = LOCK.packages
  expect(checkLock({ packages }).missing).toEqual(['node_modules/a -> c'])
  expect(checkLock({ packages }).fixed.packages['node_modules/a']).toHaveProperty('dependencies.c')
})

test('a dependency that only package.json has is a difference', () => {
  expect(rootDifference({ dependencies: { a: '1' }, devDependencies: { b: '1' } }, LOCK)).toEqual([])
  expect(rootDifference({ dependencies: { a: '2' }, devDependencies: { b: '1' } }, LOCK)).toEqual(['dependencies'])
})
