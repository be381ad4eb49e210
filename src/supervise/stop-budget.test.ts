import { expect, test } from 'vitest'

import type { Supervisor } from './detect-supervisor.ts'
import { fitStopBudget } from './stop-budget.ts'
import { parseTimespan } from './timespan.ts'

const systemd = (stopBudgetMs?: number): Supervisor => ({
  kind: 'systemd',
  unit: 'holdfast.service',
  scope: 'user',
  isOurs: true,
  ...(stopBudgetMs === undefined ? {} : { stopBudgetMs }),
})
const reserveMs = 20_000
const launchd: Supervisor = { kind: 'launchd', unit: 'x', scope: 'user', isOurs: true, stopBudgetMs: 20_000 }

test.each<[string, Supervisor, number, number]>([
  ['nobody', { kind: 'none' }, 120_000, 120_000],
  ['a supervisor that does not say its budget', systemd(), 120_000, 120_000],
  ['a supervisor without a limit', systemd(0), 120_000, 120_000],
  ['our own unit', systemd(150_000), 120_000, 120_000],
  ['the default of systemd', systemd(90_000), 120_000, 70_000],
  ['launchd', launchd, 120_000, 10_000],
  ['a budget that is nearly nothing', systemd(2_000), 120_000, 1_000],
])('under %s a default drain fits', (_, supervisor, drainMs, fitting) => {
  const fitted = fitStopBudget({ drainMs, isExplicit: false, supervisor, reserveMs })
  expect(fitted.drainMs).toBe(fitting)
  expect(fitted.note === undefined).toBe((supervisor.stopBudgetMs ?? 0) === 0)
})

test('a shortened drain says all three numbers', () => {
  const { note } = fitStopBudget({ drainMs: 120_000, isExplicit: false, supervisor: systemd(90_000), reserveMs })
  expect(note).toBe('systemd (holdfast.service) ends a stop after 90 s: running turns have 70 s instead of 120 s')
})

test('a drain that somebody chose and that does not fit is refused with both numbers; one that fits is kept', () => {
  const wish = { isExplicit: true, supervisor: systemd(90_000), reserveMs }
  expect(() => fitStopBudget({ ...wish, drainMs: 100_000 })).toThrow(
    expect.objectContaining({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(
        /drainMs is 100 s, but systemd .* after 90 s, of which turns can have 70 s/,
      ) as string,
    }),
  )
  expect(fitStopBudget({ ...wish, drainMs: 70_000 }).drainMs).toBe(70_000)
})

test.each([
  ['1min 30s', 90_000],
  ['2min 30.500s', 150_500],
  ['500ms', 500],
  ['infinity', 0],
  ['', undefined],
  ['soon', undefined],
])('systemd says %j', (text, ms) => expect(parseTimespan(text)).toBe(ms))
