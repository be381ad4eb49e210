// How a life ended that could not say so: each kind of evidence, and what outweighs what.

import { expect, test } from 'vitest'

import type { LifeRecord } from '../store/lives.ts'
import { causeOfDeath } from './cause-of-death.ts'
import type { Evidence } from './cause-of-death.ts'
import type { CrashRecord } from './crash-record.ts'

const LIFE: LifeRecord = {
  epoch: 7,
  version: '1',
  pid: 42,
  bootId: 'boot-1',
  startedAt: 1_000,
  readyAt: 1_100,
  safeMode: undefined,
  turnsTakenOver: 0,
  turnsInterrupted: 0,
  memory: { path: '/group', oomKills: 2 },
  askedAt: undefined,
  end: undefined,
}
const NOTHING: Evidence = {
  record: undefined,
  bootId: 'boot-1',
  memory: { path: '/group', oomKills: 2 },
  lastWords: undefined,
  foundAt: 9_000,
}
const RECORD: CrashRecord = { kind: 'exception', at: 5_000, epoch: 7, pid: 42, version: '1', reason: 'TypeError: no' }

function cause(evidence: Partial<Evidence>, life: Partial<LifeRecord> = {}) {
  return causeOfDeath({ ...LIFE, ...life }, { ...NOTHING, ...evidence })
}

test.each([
  ['exception', 'crashed'],
  ['wedged', 'wedged'],
  ['failed', 'failed'],
  ['forced', 'stopped'],
] as const)('a record of the kind %s says that it has %s, and when', (kind, how) => {
  const end = cause({ record: { ...RECORD, kind }, bootId: 'boot-2', lastWords: 'no memory' })
  expect(end).toEqual({ at: 5_000, how, code: undefined, reason: 'TypeError: no' })
})

test('the record of another life, or of another process, says nothing', () => {
  expect(cause({ record: { ...RECORD, epoch: 6 } }).how).toBe('killed')
  expect(cause({ record: { ...RECORD, pid: 43 } }).how).toBe('killed')
})

test('another boot: the machine went down, whatever the log ends with', () => {
  expect(cause({ bootId: 'boot-2', lastWords: 'no memory' })).toMatchObject({ at: 9_000, how: 'machine_down' })
  expect(cause({ bootId: '' }).how).toBe('killed')
})

test('the last words of the engine make it a crash', () => {
  expect(cause({ lastWords: 'no memory' })).toMatchObject({ how: 'crashed', reason: 'no memory' })
})

test('killed after it was asked to end is no end that nobody asked for', () => {
  expect(cause({}, { askedAt: 4_000 }).how).toBe('stopped')
})

test('a kill for want of memory is said only when the kernel counted one in the same group, and only as a possibility', () => {
  expect(cause({ memory: { path: '/group', oomKills: 3 } }).reason).toContain('it may have been one')
  for (const memory of [undefined, { path: '/other', oomKills: 9 }, { path: '/group', oomKills: 0 }])
    expect(cause({ memory }).reason).toBe('SIGKILL does that, and so does a want of memory; nothing here says which')
})
