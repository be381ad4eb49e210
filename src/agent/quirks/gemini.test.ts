// Gemini CLI destroys a conversation that is loaded in the minute in which it began; the agent is a function, time is the test's.

import { describe, expect, test, vi } from 'vitest'

import { connectWith, FakeProcess, recorder, result } from '../../../test/_support/fake-process.ts'
import type { Answering } from '../../../test/_support/fake-process.ts'
import { manualClock } from '../../../test/_support/manual-clock.ts'
import type { ManualClock } from '../../../test/_support/manual-clock.ts'
import { gemini } from './gemini.ts'
import { LOAD_WAIT_MS_MAX } from './wait-to-load.ts'

const NOON = Date.UTC(2026, 0, 1, 12)

/** Answers as an agent of this name and capabilities. */
function agentCalled(name: string, capabilities: object = { loadSession: true }): FakeProcess {
  const answering: Answering = (message, self) => {
    if (message['method'] !== 'initialize') return self.tell(result(message, {}))
    const told = { protocolVersion: 1, agentInfo: { name, version: '0.61.0' }, agentCapabilities: { ...capabilities } }
    self.tell(result(message, told))
  }
  return new FakeProcess(answering)
}

const asked = (process: FakeProcess): unknown[] => process.sent.map(({ method }) => method)

/** Until the start waits for a time. */
const whenWaiting = (clock: ManualClock): Promise<void> => vi.waitFor(() => expect(clock.waiting()).toBe(1))

test.each([
  [0, 60_000],
  [1, 60_000],
  [59_999, 60_000],
  [60_000, 120_000],
])('a conversation that began %i ms after noon can be loaded %i ms after noon', (begun, loadable) => {
  expect(gemini.loadAfter(NOON + begun)).toBe(NOON + loadable)
})

describe('a start that goes on with a conversation of Gemini', () => {
  test('loads it when the minute in which it began is over, and says what it waited for', async () => {
    const clock = manualClock(NOON + 20_000)
    const process = agentCalled('gemini-cli')
    const connecting = connectWith(process, { resume: 's1', begunAt: NOON + 5_000, clock })
    await whenWaiting(clock)
    clock.advance(39_999)
    expect(asked(process)).toEqual(['initialize'])
    clock.advance(1)
    const connection = await connecting
    expect(connection.continuity).toBe('loaded')
    expect(asked(process)).toEqual(['initialize', 'session/load'])
    const { told, listener } = recorder()
    connection.listen(listener)
    expect(told).toContain('warning load_delayed')
  })

  test('waits for no longer than a minute when the clock was set back', async () => {
    const clock = manualClock(NOON)
    const process = agentCalled('gemini-cli')
    const connecting = connectWith(process, { resume: 's1', begunAt: NOON + 86_400_000, clock })
    await whenWaiting(clock)
    clock.advance(LOAD_WAIT_MS_MAX)
    await expect(connecting).resolves.toMatchObject({ continuity: 'loaded' })
  })

  test('ends its wait when it is given up: nothing was loaded, nothing is left', async () => {
    const clock = manualClock(NOON)
    const process = agentCalled('gemini-cli', { loadSession: true, sessionCapabilities: { close: {} } })
    const abort = new AbortController()
    const connecting = connectWith(process, { resume: 's1', begunAt: NOON, clock, signal: abort.signal })
    await whenWaiting(clock)
    abort.abort()
    await expect(connecting).rejects.toMatchObject({ code: 'CANCELLED', details: { stage: 'load_wait' } })
    expect([asked(process), process.stops, clock.waiting()]).toEqual([['initialize'], 1, 0])
  })

  test('ends its wait when the agent does', async () => {
    const clock = manualClock(NOON)
    const process = agentCalled('gemini-cli')
    const connecting = connectWith(process, { resume: 's1', begunAt: NOON, clock })
    await whenWaiting(clock)
    process.exit(3)
    await expect(connecting).rejects.toMatchObject({ code: 'AGENT_EXITED' })
    expect(clock.waiting()).toBe(0)
  })
})

describe('nothing is waited for', () => {
  test.each([
    ['when the minute is over', { name: 'gemini-cli', begunAt: NOON - 1 }],
    ['when nobody knows when it began', { name: 'gemini-cli' }],
    ['by an agent that calls itself otherwise', { name: 'gemini', begunAt: NOON }],
  ])('%s', async (_, { name, ...known }) => {
    const clock = manualClock(NOON)
    const connection = await connectWith(agentCalled(name), { resume: 's1', clock, ...known })
    expect([connection.continuity, clock.now()]).toEqual(['loaded', NOON])
  })

  test('by an agent that resumes without a load', async () => {
    const process = agentCalled('gemini-cli', { loadSession: true, sessionCapabilities: { resume: {} } })
    await connectWith(process, { resume: 's1', begunAt: NOON, clock: manualClock(NOON) })
    expect(asked(process)).toEqual(['initialize', 'session/resume'])
  })
})
