import { expect, test } from 'vitest'

import { tellSkip, whyNot } from './where-it-works.ts'

test('a skip names everything that is missing, with the reason, and prints it', () => {
  const missing = whyNot([
    { name: 'bwrap', works: false, reason: 'bwrap was not found' },
    { name: 'cgroup', works: true },
    { name: 'memory limit', works: false, reason: 'not delegated' },
  ])
  expect(missing).toBe('bwrap: bwrap was not found; memory limit: not delegated')
  const printed: string[] = []
  tellSkip('a hog is ended', missing ?? '', (line) => void printed.push(line))
  expect(printed).toEqual([
    'skipped: a hog is ended [not here: bwrap: bwrap was not found; memory limit: not delegated]\n',
  ])
})

test('where everything works there is no reason to skip', () => {
  expect(whyNot([{ name: 'cgroup', works: true }])).toBeUndefined()
})
