// The log file as its readers see it: folders, levels, secrets, closing.

import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { openLog } from './logger.ts'

let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log-'))
  file = join(folder, 'gateway.log')
})

afterEach(() => rmSync(folder, { recursive: true }))

function linesOf(path: string): Record<string, unknown>[] {
  const text = readFileSync(path, 'utf8')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

test('a line carries its folder, level, fields and phrase', async () => {
  await using log = openLog({ level: 'info', file })
  log.logger('api').warn({ sessionId: 'ses_1' }, 'stream cut')
  await log.flush()
  expect(linesOf(file)).toMatchObject([{ folder: 'api', level: 'warn', sessionId: 'ses_1', msg: 'stream cut' }])
})

test('lines below the level are not written, and the order is kept', async () => {
  await using log = openLog({ level: 'info', file })
  log.logger('store').debug({}, 'hidden')
  for (let i = 0; i < 500; i++) log.logger('store').info({ i }, 'shown')
  await log.flush()
  expect(linesOf(file).map((line) => line['i'])).toEqual(Array.from({ length: 500 }, (_, i) => i))
})

test('secrets are blanked at three depths', async () => {
  await using log = openLog({ level: 'info', file })
  log
    .logger('api')
    .info({ token: 'one', headers: { authorization: 'two' }, agent: { spawn: { env: { KEY: 'three' } } } }, 'seen')
  await log.flush()
  const text = readFileSync(file, 'utf8')
  expect(text).not.toMatch(/one|two|three/)
  expect(text).toContain('[secret]')
})

test('the file is for the owner only and is appended to', async () => {
  for (const phrase of ['first', 'second']) {
    await using log = openLog({ level: 'info', file })
    log.logger('daemon').info({}, phrase)
  }
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(linesOf(file).map((line) => line['msg'])).toEqual(['first', 'second'])
})

test('a line after close is dropped without an error', async () => {
  const log = openLog({ level: 'info', file })
  const logger = log.logger('daemon')
  await log.close()
  logger.error({}, 'late')
  expect(readFileSync(file, 'utf8')).toBe('')
})

test('a file that cannot be opened is named with CONFIG_INVALID', () => {
  const missing = join(folder, 'missing', 'gateway.log')
  expect(() => openLog({ level: 'info', file: missing })).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
})

test('a full disk drops lines and still flushes and closes', async () => {
  const log = openLog({ level: 'info', file: '/dev/full' })
  log.logger('daemon').info({}, 'lost')
  await log.close()
  expect(log.linesDropped()).toBe(1)
})

test('what crashed the process is in the file at once, also when lines before it still wait', () => {
  const log = openLog({ level: 'info', file })
  log.logger('api').info({}, 'waits')
  log.crashed(new Error('a bug'))
  const last = linesOf(file).find(({ level }) => level === 'error')
  expect(last).toMatchObject({ folder: 'bin', err: { message: 'a bug' } })
  return log.close()
})
