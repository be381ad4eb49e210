// What is written where, on a directory that plays the kernel's. The kernel itself: test/fault/strong-containment.test.ts.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { openLeaseCgroup, reapCgroups } from './cgroup.ts'

let base: string
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'hf-cgroup-'))
  mkdirSync(join(base, 'holdfast-5'))
  for (const directory of [base, join(base, 'holdfast-5')])
    writeFileSync(join(directory, 'cgroup.subtree_control'), 'pids')
})
afterEach(() => rmSync(base, { recursive: true }))

const OWNER = { instance: 5, lease: 12, epoch: 3 }
const read = (...path: string[]): string => readFileSync(join(base, ...path), 'utf8')

test('limits are written before anything can enter, and only what is missing is switched on', async () => {
  await openLeaseCgroup(base, OWNER, { memoryBytesMax: 1_048_576, processesMax: 40 })
  expect(read('cgroup.subtree_control')).toBe('+memory')
  expect(read('holdfast-5', 'cgroup.subtree_control')).toBe('+memory')
  const group = ['holdfast-5', '12.3'] as const
  expect([read(...group, 'memory.max'), read(...group, 'memory.swap.max'), read(...group, 'pids.max')]).toEqual([
    '1048576',
    '0',
    '40',
  ])
})

test('without limits no controller is touched; 0 is no limit', async () => {
  await openLeaseCgroup(base, OWNER, { memoryBytesMax: 0 })
  expect(read('cgroup.subtree_control')).toBe('pids')
  expect(existsSync(join(base, 'holdfast-5', '12.3', 'memory.max'))).toBe(false)
})

test('memory kills are what the kernel counted in the group', async () => {
  const enclosure = await openLeaseCgroup(base, OWNER, {})
  expect(enclosure.memoryKills()).toBe(0)
  writeFileSync(join(base, 'holdfast-5', '12.3', 'memory.events'), 'low 0\noom 4\noom_kill 3\noom_group_kill 0\n')
  expect(enclosure.memoryKills()).toBe(3)
})

test('a program enters through a shell that becomes it, its arguments untouched', async () => {
  const enclosure = await openLeaseCgroup(base, OWNER, {})
  const procs = join(base, 'holdfast-5', '12.3', 'cgroup.procs')
  expect(enclosure.wrap(['/bin/agent', '--a b', '$x'])).toEqual([
    '/bin/sh',
    '-c',
    'echo $$ >"$1" && shift && exec "$@"',
    'sh',
    procs,
    '/bin/agent',
    '--a b',
    '$x',
  ])
})

test('groups of earlier lives go, those of kept epochs, other instances and other people stay', async () => {
  rmSync(join(base, 'holdfast-5', 'cgroup.subtree_control'))
  for (const name of ['1.3', '2.3', '2.4', 'mine']) mkdirSync(join(base, 'holdfast-5', name))
  mkdirSync(join(base, 'holdfast-6', '1.3'), { recursive: true })
  await reapCgroups(base, 5, ({ lease, epoch }) => lease === 2 && epoch === 4)
  const left = ['holdfast-5/1.3', 'holdfast-5/2.3', 'holdfast-5/2.4', 'holdfast-5/mine', 'holdfast-6/1.3']
  expect(left.filter((name) => existsSync(join(base, name)))).toEqual([
    'holdfast-5/2.4',
    'holdfast-5/mine',
    'holdfast-6/1.3',
  ])
})
