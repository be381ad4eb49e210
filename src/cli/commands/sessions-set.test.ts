// What a person types to change a session, against the real API over the socket.

import { afterEach, beforeEach, expect, test } from 'vitest'

import { TestCliGateway } from '../../../test/_support/test-cli-gateway.ts'

let gateway: TestCliGateway
beforeEach(async () => {
  gateway = await TestCliGateway.start()
  await run('prompt', '-s', 'mine', '--agent', 'fake', 'hi')
})
afterEach(() => gateway[Symbol.asyncDispose]())

const run = (...args: string[]) => gateway.cli.run(args)

test('set changes several things at once and shows them; an empty value clears', async () => {
  const set = await run('sessions', 'set', 'mine', 'timeout=90', 'continuity=fork')
  expect([set.code, set.out]).toEqual([0, expect.stringContaining('turn_timeout_seconds=90')])
  expect(set.out).toMatch(/continuity\s+fork/)
  const cleared = await run('sessions', 'set', 'mine', 'timeout=', '--json')
  expect(JSON.parse(cleared.out)).toMatchObject({ continuity: 'fork', options: { turn_timeout_seconds: null } })
})

test.each([
  ['mode', 'is not name=value'],
  ['continuity=never', 'Choose one of resume, fork, ask, fresh'],
  ['modle=x', 'OPTION_UNKNOWN'],
  ['timeout=soon', 'OPTION_INVALID'],
  ['mode=code', 'CONTROL_UNSUPPORTED'],
])('%s exits 2: %s', async (pair, said) => {
  const { code, err } = await run('sessions', 'set', 'mine', pair)
  expect([code, err]).toEqual([2, expect.stringContaining(said)])
})

test('what the help of a refusal points to is shown, as text that is safe for a terminal', async () => {
  const { err } = await run('sessions', 'set', 'mine', 'modle=x')
  expect(err).toMatch(/See details[^\n]*\n  suggestion: mode\n  known: mode, model, thinking, /)
})

test('reset says what was cleared, and how the agent ended; it must be said what to reset', async () => {
  await run('sessions', 'set', 'mine', 'timeout=90')
  const { code, out } = await run('sessions', 'reset', 'mine', '--what', 'options')
  expect([code, out]).toEqual([
    0,
    expect.stringMatching(/^cleared options: turn_timeout_seconds \(agent ended in \d+ ms\)/),
  ])
  expect((await run('sessions', 'reset', 'mine')).code).toBe(2)
})

test('a prompt with another continuity changes that of its session', async () => {
  expect((await run('prompt', '-s', 'mine', '--continuity', 'ask', 'again')).code).toBe(0)
  expect((await run('sessions', 'show', 'mine')).out).toMatch(/continuity\s+ask/)
})
