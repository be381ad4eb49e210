// What a person is told about the error that ended a turn, beside its sentence.

import { PassThrough } from 'node:stream'

import { expect, test } from 'vitest'

import type { ErrorCode } from '../../base/errors.ts'
import { failureHelp } from './failure-help.ts'
import { Screen } from './screen.ts'

function said(code: ErrorCode, details: Record<string, unknown>): string {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
  const terminal = { stdin, stdout, stderr, stdinIsTty: false, stdoutIsTty: false, stderrIsTty: false }
  failureHelp(new Screen(terminal, {}, { json: false, color: false }), { code, details })
  return String(stderr.read() ?? '')
}

test('the raw error of an agent is shown, and nothing in it reaches the terminal as it is', () => {
  const raw = { code: -32603, message: 'boom \u009b31m\u202e' }
  expect(said('AGENT_ERROR', { agent: 'a', reason: 'boom', raw })).toBe(
    'The raw error is in details.\n  raw: {"code":-32603,"message":"boom <U+009B>31m<U+202E>"}\n',
  )
})

test('the last words of an agent are shown; that it had none is said', () => {
  expect(said('AGENT_EXITED', { stderr: 'out of luck\n' })).toMatch(/details\.\nout of luck\n$/)
  expect(said('AGENT_EXITED', { stderr: '' })).toMatch(/details\.\n {2}\(it wrote nothing to stderr\)\n$/)
})

test('details that the help does not speak of are left to programs', () => {
  expect(said('SESSION_NOT_FOUND', { session: 'x', more: 1 })).not.toContain('more')
  expect(said('AGENT_ERROR', { raw: null })).toBe('The raw error is in details.\n')
})
