// SIGUSR2 to a gateway at work: what it writes into its log, and what it must not.

import { expect, test, vi } from 'vitest'

import { killPid } from '../_support/kill.ts'
import { TestGateway } from '../_support/test-gateway.ts'

test('SIGUSR2 under load: the state is in the log within a second, without what was said, and the work goes on', async () => {
  await using gateway = await TestGateway.start()
  const hanging = await gateway.newSession()
  const { turn } = await gateway.client.prompt(hanging, { prompt: '@say secret-words @hang' })
  await gateway.client.prompt(hanging, { prompt: 'secret-words later' })
  const flooding = await gateway.newSession()
  const { turn: flood } = await gateway.client.prompt(flooding, { prompt: '@flood 5000 @sleep 500' })
  const reading = new AbortController()
  const follow = (async () => {
    for await (const _ of gateway.client.events(flooding, { signal: reading.signal }));
  })()
  await vi.waitFor(async () => expect((await gateway.events(flooding)).length).toBeGreaterThan(100), 10_000)
  await vi.waitFor(async () => expect(await gateway.text(hanging)).toContain('secret-words'), 10_000)
  const lines = () =>
    gateway.output
      .split('\n')
      .filter((line) => line.includes('"msg":"state dump'))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  const asked = performance.now()
  killPid(gateway.pid, 'SIGUSR2')
  await vi.waitFor(() => expect(lines().at(-1)).toMatchObject({ msg: 'state dump ends', isComplete: true }), 5_000)
  expect(performance.now() - asked).toBeLessThan(1_000)
  const [totals, ...rest] = lines()
  expect(totals).toMatchObject({
    state: 'ready',
    sessions: { running: 2 },
    queued: 1,
    turnsOut: 2,
    agents: { live: 2 },
  })
  expect(totals).toMatchObject({ epoch: 1, commitsWaiting: expect.any(Number), loopDelayMs: expect.any(Number) })
  const ofSession = rest.find(({ msg, sessionId }) => msg === 'state dump: session' && sessionId === hanging)
  expect(ofSession).toMatchObject({ queued: 1, turn: { turnId: turn.id, stage: 'running', delivery: 'yes' } })
  expect(ofSession).toMatchObject({ process: { state: 'ready', generation: 1, pid: expect.any(Number) } })
  expect(rest.filter(({ msg }) => msg === 'state dump: agent')).toMatchObject([
    { lease: expect.any(Number), pid: expect.any(Number), generation: 1 },
    { lease: expect.any(Number), pid: expect.any(Number), generation: 1 },
  ])
  expect(rest.filter(({ msg }) => msg === 'state dump: stream')).toMatchObject([
    { place: expect.any(Number), lag: expect.any(Number) },
  ])
  expect(JSON.stringify(lines())).not.toContain('secret-words')
  expect(await gateway.ended(flooding, flood.id)).toMatchObject({ state: 'completed' })
  reading.abort()
  await follow
  await gateway.client.closeSession(hanging)
}, 30_000)
