// Identity of processes: parsing, and who is alive.

import { describe, expect, test } from 'vitest'

import { isAlive, parseStat, readBootId, readStat } from './birth.ts'

function statLine(pid: number, comm: string): string {
  return `${pid} (${comm}) S 1 4242 4243 0 -1 4194560 1 0 0 0 5 6 0 0 20 0 1 0 987654 1000 20 18446744073709551615\n`
}

describe('birth', () => {
  test('a command name with spaces, parentheses and newlines does not move the fields', () => {
    for (const comm of ['sh', 'a b', ') S 9 9 9', '((', 'x) R 1\n2 (y', '']) {
      expect(parseStat(statLine(77, comm))).toEqual({
        pid: 77,
        state: 'S',
        ppid: 1,
        pgid: 4242,
        sid: 4243,
        startTicks: '987654',
      })
    }
  })

  test('what is no stat line gives nothing', () => {
    expect(parseStat('')).toBeUndefined()
    expect(parseStat('77 (sh) S 1 2')).toBeUndefined()
  })

  test('this process is alive, and one with its pid and another start is not', () => {
    const stat = readStat(process.pid)
    expect(stat).toMatchObject({ pid: process.pid, ppid: process.ppid })
    expect(isAlive({ pid: process.pid, startTicks: stat?.startTicks ?? '' })).toBe(true)
    expect(isAlive({ pid: process.pid, startTicks: '1' })).toBe(false)
    expect(readBootId()).toMatch(/^[0-9a-f-]{36}$/)
  })
})
