import { expect, test, vi } from 'vitest'

import { HoldfastError } from '../base/errors.ts'
import { LiveConfig } from '../config/live-config.ts'
import { loadConfig } from '../config/load.ts'
import { pathsOf } from '../config/paths.ts'
import type { Logger } from '../observe/logger.ts'
import { Lifecycle } from './lifecycle.ts'
import { Reloading } from './reloading.ts'

function config(env: Readonly<Record<string, string>> = {}) {
  const all = { HOLDFAST_HOME: '/nowhere', ...env }
  return loadConfig({ env: all, paths: pathsOf(all) })
}

/** A life that starts; what is read is `read()`. */
function starting(read: () => ReturnType<typeof config>) {
  const done: string[] = []
  const live = new LiveConfig(config())
  const lifecycle = new Lifecycle(0)
  const note = (word: string) => () => void done.push(word)
  const logger: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: note('error') }
  const log = { logger: () => logger, setLevel: (level: string) => void done.push(`level ${level}`) }
  const reloading = new Reloading({
    options: { readConfig: read, onReloaded: note('reloaded'), log } as never,
    live,
    lifecycle,
    sessions: { redefine: note('redefined') },
    store: { listSessions: () => Promise.resolve([]) },
  })
  reloading.checkToken = note('token')
  return { reloading, live, lifecycle, done }
}

test('a reload that is asked for during the start is done when the gateway is ready, once', () => {
  const { reloading, live, lifecycle, done } = starting(() => config({ HOLDFAST_LOG_LEVEL: 'debug' }))
  reloading.request()
  reloading.request()
  expect([done, live.current.log.level]).toEqual([[], 'info'])
  lifecycle.enter('ready')
  reloading.ready()
  reloading.ready()
  expect(done).toEqual(['level debug', 'reloaded', 'token', 'redefined'])
  expect(live.current.log.level).toBe('debug')
})

test('a reload while the life ends is refused and changes nothing', async () => {
  const { reloading, lifecycle, done } = starting(() => config({ HOLDFAST_LOG_LEVEL: 'debug' }))
  lifecycle.enter('draining')
  await expect(reloading.reload()).rejects.toMatchObject({ code: 'GATEWAY_DRAINING' })
  expect(done).toEqual(['error'])
})

test('a configuration that cannot be read changes nothing, and a signal that asks for it harms nobody', async () => {
  const { reloading, live, lifecycle, done } = starting(() => {
    throw new HoldfastError('CONFIG_INVALID', { reason: 'broken', file: 'config.jsonc:1:2' })
  })
  lifecycle.enter('ready')
  const before = live.current
  reloading.request()
  await vi.waitFor(() => expect(done).toEqual(['error']))
  expect(live.current).toBe(before)
})
