// The file that a dying life leaves: private, whole or nothing, and without content.

import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { HoldfastError } from '../base/errors.ts'
import { describeError, readCrashRecord, writeCrashRecord } from './crash-record.ts'
import type { CrashRecord } from './crash-record.ts'
import { readLastWords } from './last-words.ts'

const RECORD: CrashRecord = { kind: 'exception', at: 1, epoch: 2, pid: 3, version: '4', reason: 'Error: no' }

let directory = ''
let file = ''

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-health-'))
  file = join(directory, 'last-crash.json')
})
afterEach(() => rmSync(directory, { recursive: true }))

test('a record is read back, replaces the one before it, and is for us alone', () => {
  writeCrashRecord(file, { ...RECORD, reason: 'a longer one than the next' })
  writeCrashRecord(file, RECORD)
  expect(readCrashRecord(file)).toEqual(RECORD)
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

test('a link is not followed, a directory that is gone is no error, half a record is none', () => {
  const other = join(directory, 'other')
  writeFileSync(other, 'untouched')
  symlinkSync(other, file)
  writeCrashRecord(file, RECORD)
  expect(readFileSync(other, 'utf8')).toBe('untouched')
  writeCrashRecord(join(directory, 'gone', 'x'), RECORD)
  writeFileSync(other, '{"epoch": 2, "ki')
  expect([readCrashRecord(other), readCrashRecord(join(directory, 'none'))]).toEqual([undefined, undefined])
})

test('what is kept of an error: name, code, first line and frames, and nothing that it quotes', () => {
  const secret = 'the prompt of somebody'
  const parse = describeError(failureOf(() => JSON.parse(`{"a": ${secret}`)))
  const node = describeError(failureOf(() => statSync({ secret } as never)))
  const own = describeError(new HoldfastError('AGENT_UNKNOWN', { agent: 'x', known: 'y' }))
  expect(JSON.stringify([parse, node])).not.toContain('somebody')
  expect(parse.reason).toMatch(/^SyntaxError: .*"…"/)
  expect(node).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
  expect(node.frames?.every((frame) => frame.startsWith('at '))).toBe(true)
  expect(own).toMatchObject({ code: 'AGENT_UNKNOWN' })
  expect(describeError(secret)).toEqual({ reason: 'a value that is no error was thrown (string)' })
})

test('the last words of the engine are those behind the last line of that process and before the next one', () => {
  const log = join(directory, 'gateway.log')
  const line = (pid: number): string => `{"level":"info","time":"x","pid":${pid},"folder":"daemon","msg":"ready"}`
  const words = [
    '<--- Last few GCs --->',
    'FATAL ERROR: Reached heap limit Allocation failed',
    ' 1: 0xb8 node::Abort()',
  ]
  writeFileSync(log, [line(1), ...words, line(2), line(2), ...words, line(3), ''].join('\n'))
  expect(readLastWords(log, 2)).toBe('the JavaScript engine gave up: Reached heap limit Allocation failed')
  expect([3, 4].map((pid) => readLastWords(log, pid))).toEqual([undefined, undefined])
  writeFileSync(log, [line(1), '= [9:0x2c2b4000] 130 ms: Mark-Compact', ...words, ''].join('\n'))
  expect(readLastWords(log, 9)).toContain('Reached heap limit')
  writeFileSync(log, [line(1), line(2), ...words, ''].join('\n'))
  expect(readLastWords(log, 1)).toBeUndefined()
  expect(readLastWords(join(directory, 'none'), 1)).toBeUndefined()
})

function failureOf(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  throw new Error('it did not fail')
}
