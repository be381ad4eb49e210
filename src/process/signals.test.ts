// A pid without its start time moves nobody.

import { spawn } from 'node:child_process'

import { describe, expect, test } from 'vitest'

import { isAlive, readStat } from '../base/birth.ts'
import { signalGroup, signalProcess } from './signals.ts'

describe('signals', () => {
  test('P3: a signal to a birth that ended does not reach the process that has its pid now (T13)', async () => {
    const child = spawn('sleep', ['60'], { stdio: 'ignore', detached: true })
    const exited = new Promise<string | null>((resolve) => child.once('exit', (_, signal) => resolve(signal)))
    const pid = child.pid ?? 0
    const stranger = { pid, startTicks: '1' }
    expect(signalProcess(stranger, 'SIGKILL')).toBe(false)
    expect(signalGroup(stranger, 'SIGKILL')).toBe(false)
    const own = { pid, startTicks: readStat(pid)?.startTicks ?? '' }
    expect(isAlive(own)).toBe(true)
    expect(signalGroup(own, 'SIGTERM')).toBe(true)
    expect(await exited).toBe('SIGTERM')
  })
})
