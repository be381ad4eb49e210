// What an agent may ask for in a terminal, and what no process could be given.

import { describe, expect, test } from 'vitest'

import type { JsonObject } from '../base/json.ts'
import { isTerminalMethod, narrowCreateTerminal, narrowTerminalRef } from './terminal-requests.ts'

describe('terminal/create', () => {
  test('what may be left out may also be null', () => {
    const bare = narrowCreateTerminal({ sessionId: 's', command: 'ls' })
    const nulls = { args: null, env: null, cwd: null, outputByteLimit: null }
    expect(narrowCreateTerminal({ sessionId: 's', command: 'ls', ...nulls })).toEqual(bare)
    expect(bare).toEqual({
      kind: 'request',
      request: { sessionId: 's', argv: ['ls'], env: {}, cwd: undefined, outputByteLimit: undefined },
    })
  })

  test('everything that is given arrives', () => {
    const env = [
      { name: 'A', value: '1' },
      { name: '__proto__', value: 'no harm' },
    ]
    const params = { sessionId: 's', command: 'ls', args: ['-l', ''], env, cwd: '/tmp', outputByteLimit: 0 }
    expect(narrowCreateTerminal(params)).toMatchObject({
      request: { argv: ['ls', '-l', ''], env: { A: '1', ['__proto__']: 'no harm' }, cwd: '/tmp', outputByteLimit: 0 },
    })
  })

  test.for<[string, JsonObject]>([
    ['sessionId', { command: 'ls' }],
    ['command', { sessionId: 's' }],
    ['command', { sessionId: 's', command: '' }],
    ['command', { sessionId: 's', command: 'a\0b' }],
    ['args', { sessionId: 's', command: 'ls', args: 'x' }],
    ['args', { sessionId: 's', command: 'ls', args: [1] }],
    ['env', { sessionId: 's', command: 'ls', env: { A: '1' } }],
    ['env', { sessionId: 's', command: 'ls', env: [{ name: 'A=B', value: '1' }] }],
    ['env', { sessionId: 's', command: 'ls', env: [{ name: 'A' }] }],
    ['cwd', { sessionId: 's', command: 'ls', cwd: 'relative' }],
    ['outputByteLimit', { sessionId: 's', command: 'ls', outputByteLimit: -1 }],
    ['outputByteLimit', { sessionId: 's', command: 'ls', outputByteLimit: 1.5 }],
  ])('%s that is not what it should be is named: %o', ([name, params]) => {
    expect(narrowCreateTerminal(params)).toMatchObject({ kind: 'malformed', reason: expect.stringContaining(name) })
  })
})

test('the other requests name a session and a terminal', () => {
  expect(narrowTerminalRef({ sessionId: 's', terminalId: 't' })).toMatchObject({ kind: 'request' })
  expect(narrowTerminalRef({ sessionId: 's', terminalId: 1 })).toMatchObject({ kind: 'malformed' })
  expect(narrowTerminalRef({ terminalId: 't' })).toMatchObject({ kind: 'malformed' })
  expect(isTerminalMethod('terminal/kill')).toBe(true)
  expect(isTerminalMethod('terminal/resize')).toBe(false)
})
