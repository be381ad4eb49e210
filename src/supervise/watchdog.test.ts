import { setImmediate as turn } from 'node:timers/promises'

import { expect, test } from 'vitest'

import { manualClock } from '../../test/_support/manual-clock.ts'
import { startWatchdog, watchdogPeriodOf } from './watchdog.ts'

const self = { pid: 7, ppid: 3, cgroup: '', parentArgv: [] }

function rig(probe: () => Promise<void>) {
  const clock = manualClock()
  const told: number[] = []
  const errors: string[] = []
  const logger = {
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: (_: object, text: string) => void errors.push(text),
  }
  const alive = (): Promise<void> => Promise.resolve(void told.push(clock.now()))
  const watchdog = startWatchdog({ periodMs: 60, clock, logger, probe, alive })
  return { clock, told, errors, watchdog }
}

test('it is told at once and twice in each period, while the store answers', async () => {
  const { clock, told, watchdog } = rig(() => Promise.resolve())
  await turn()
  for (let i = 0; i < 4; i++) {
    clock.advance(30)
    await turn()
  }
  expect(told.map((at) => at - told[0]!)).toEqual([0, 30, 60, 90, 120])
  watchdog[Symbol.dispose]()
  expect(clock.waiting()).toBe(0)
})

test('it is not told while the store does not answer, which is said once; and told again when it does', async () => {
  let fails = true
  const { clock, told, errors, watchdog } = rig(() => (fails ? Promise.reject(new Error('disk')) : Promise.resolve()))
  for (let i = 0; i < 3; i++) {
    await turn()
    clock.advance(30)
  }
  await turn()
  expect(told).toEqual([])
  expect(errors).toHaveLength(1)
  fails = false
  clock.advance(30)
  await turn()
  expect(told).toHaveLength(1)
  watchdog[Symbol.dispose]()
})

test('a store that hangs is silence, not a message that comes late', async () => {
  const { told, errors, watchdog } = rig(() => new Promise(() => {}))
  await expect.poll(() => errors).toHaveLength(1)
  expect(told).toEqual([])
  watchdog[Symbol.dispose]()
})

test('a loop that does not turn tells nothing', async () => {
  const { clock, told, watchdog } = rig(() => Promise.resolve())
  await turn()
  clock.sleep(600)
  await turn()
  expect(told).toHaveLength(2)
  watchdog[Symbol.dispose]()
})

test.each([
  [{ WATCHDOG_USEC: '60000000', WATCHDOG_PID: '7' }, 60_000],
  [{ WATCHDOG_USEC: '60000000', WATCHDOG_PID: '3' }, 60_000],
  [{ WATCHDOG_USEC: '60000000' }, 60_000],
  [{ WATCHDOG_USEC: '60000000', WATCHDOG_PID: '8' }, undefined],
  [{ WATCHDOG_USEC: 'soon' }, undefined],
  [{}, undefined],
])('%j waits for this process: %s', (env, ms) => expect(watchdogPeriodOf(env, self)).toBe(ms))
