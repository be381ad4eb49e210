import { expect, test } from 'vitest'

import { HoldfastError } from '../base/errors.ts'
import type { Config } from '../config/config.ts'
import { pathsOf } from '../config/paths.ts'
import type { Supervisor } from '../supervise/detect-supervisor.ts'
import { Supervision } from './supervision.ts'

const LAUNCHD: Supervisor = { kind: 'launchd', unit: 'x', scope: 'user', isOurs: true, stopBudgetMs: 20_000 }
const LOCKED = new HoldfastError('INSTANCE_LOCKED', { stateDir: '/s', pid: 7, since: 'noon' })
const INVALID = new HoldfastError('CONFIG_INVALID', { reason: 'x', file: 'y' })

function supervised(supervisor: Supervisor, drainOrigin = 'default'): { supervision: Supervision; told: string[] } {
  const told: string[] = []
  const config = { deadlines: { drainMs: 120_000 }, origins: { 'deadlines.drainMs': drainOrigin } } as unknown as Config
  const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
  const options = {
    env: {},
    paths: pathsOf({ HOLDFAST_HOME: '/h' }),
    config,
    log: () => logger,
    announce: (line: string) => void told.push(line),
  }
  return { supervision: new Supervision(options, supervisor, undefined), told }
}

test('a gateway that finds another one ends well under launchd, which would start it for ever, and nowhere else', () => {
  const { supervision, told } = supervised(LAUNCHD)
  expect(supervision.endOf(LOCKED)).toBe('stopped')
  expect(told).toEqual([LOCKED.message])
  expect(() => supervision.endOf(INVALID)).toThrow(INVALID)
  expect(() => supervised({ kind: 'none' }).supervision.endOf(LOCKED)).toThrow(LOCKED)
})

test('each configuration that a life gets has a drain that fits, or is refused', () => {
  const config = (origin: string) =>
    ({ deadlines: { drainMs: 60_000 }, origins: { 'deadlines.drainMs': origin } }) as unknown as Config
  const { supervision } = supervised(LAUNCHD)
  expect(supervision.fit(config('default')).deadlines.drainMs).toBe(10_000)
  expect(() => supervision.fit(config('file'))).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
})

test('a configuration that is only looked at is judged as one that is used, and changes nothing', () => {
  const { supervision } = supervised(LAUNCHD)
  const config = { deadlines: { drainMs: 60_000 }, origins: { 'deadlines.drainMs': 'file' } } as unknown as Config
  expect(() => supervision.check(config)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
})
