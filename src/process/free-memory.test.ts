import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

import { readFreeMemory } from './free-memory.ts'

let root: string
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), 'hf-memory-'))))
afterEach(() => rmSync(root, { recursive: true, force: true }))

function freeWith(files: Readonly<Record<string, string>>): number {
  for (const [name, text] of Object.entries(files)) {
    const file = join(root, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  return readFreeMemory({ proc: join(root, 'proc'), cgroup: join(root, 'cgroup') })
}

const MACHINE = { 'proc/meminfo': 'MemTotal:  9000 kB\nMemAvailable:    4000 kB\n' }

test('without a control group the machine is the limit', () => {
  expect(freeWith(MACHINE)).toBe(4_000 * 1024)
})

test('a limit of any control group above us counts, and files that the kernel would give up count as free', () => {
  const free = freeWith({
    ...MACHINE,
    'proc/self/cgroup': '0::/outer/inner\n',
    'cgroup/outer/memory.max': '1000000\n',
    'cgroup/outer/memory.current': '900000\n',
    'cgroup/outer/memory.stat': 'anon 500000\nactive_file 100\ninactive_file 50000\n',
    'cgroup/outer/inner/memory.max': 'max\n',
    'cgroup/outer/inner/memory.current': '900000\n',
  })
  expect(free).toBe(150_000)
})

test('a limit of the first version of control groups counts too', () => {
  const free = freeWith({
    ...MACHINE,
    'proc/self/cgroup': '5:cpu,memory:/box\n4:pids:/\n',
    'cgroup/memory/box/memory.limit_in_bytes': '2000000\n',
    'cgroup/memory/box/memory.usage_in_bytes': '1500000\n',
    'cgroup/memory/box/memory.stat': 'inactive_file 7\ntotal_inactive_file 100000\n',
  })
  expect(free).toBe(600_000)
})

test('a group that uses more than its limit leaves nothing', () => {
  const free = freeWith({
    ...MACHINE,
    'proc/self/cgroup': '0::/\n',
    'cgroup/memory.max': '10\n',
    'cgroup/memory.current': '20\n',
  })
  expect(free).toBe(0)
})

test('where the kernel says nothing Node is asked', () => {
  expect(freeWith({})).toBeGreaterThan(0)
})
