// A running turn outlives the gateway: killed at random moments, once or twice, in the stream, with a question open, at its end.

import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

import { expect, test } from 'vitest'

import { TestGateway } from '../_support/test-gateway.ts'
import { runRestarts } from './survival/run-restarts.ts'
import { runSurvival } from './survival/run-survival.ts'

test('a turn whose gateway is killed at a random moment ends completed and whole, in the same agent process', async () => {
  const { rounds, hits } = await runSurvival({ rounds: 10, seed: 7, agent: 'scripted' })
  expect(hits).toBeGreaterThan(rounds / 2)
}, 240_000)

test('restarts under load, by a successor and in the process, with three clients that stream: every accepted prompt ends completed, each stream is gapless, no process is left', async () => {
  const { restarts, prompts } = await runRestarts({ restarts: 10, seed: 11 })
  expect(prompts).toBeGreaterThan(restarts)
}, 120_000)

test('a restart on purpose in the middle of a stream: the turn ends completed, readers go on, the agent stays', async () => {
  await using gateway = await TestGateway.start()
  const session = await gateway.newSession()
  await gateway.ask(session, 'warm')
  const { agent_pid: pid } = await gateway.client.getSession(session)
  const { turn } = await gateway.client.prompt(session, { prompt: '@chunks 40 25' })
  const before = (await gateway.client.getSession(session)).last_seq
  await expect.poll(() => gateway.text(session), { timeout: 10_000 }).toContain('chunk 3 ')
  const { code } = await gateway.run('stop', '--keep-agents')
  expect(code).toBe(0)
  await gateway.start()
  expect(await gateway.ended(session, turn.id)).toMatchObject({ state: 'completed', delivery: 'yes' })
  expect((await gateway.client.getSession(session)).agent_pid).toBe(pid)
  const chunks = Array.from({ length: 40 }, (_, i) => `chunk ${i + 1} `).join('')
  expect(await gateway.text(session)).toContain(chunks)
  const { events } = await gateway.client.listEvents(session, { after: before, limit: 1_000 })
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => before + i + 1))
}, 60_000)

test('an upgrade in the middle of a stream: the old keeper ends its turn, the next prompt has a new one, nothing is left of the old', async () => {
  await using gateway = await TestGateway.start()
  const session = await gateway.newSession()
  await gateway.ask(session, 'the word is heliotrope')
  const { agent_pid: pid } = await gateway.client.getSession(session)
  const { turn } = await gateway.client.prompt(session, { prompt: '@chunks 40 25' })
  await expect.poll(() => gateway.text(session), { timeout: 10_000 }).toContain('chunk 3 ')
  await gateway.kill()
  const [old] = gateway.keepers()
  gateway.version = '99.0.0'
  await gateway.start()
  const { keepers } = await gateway.client.status()
  expect(keepers.find((keeper) => keeper.pid === old)).toMatchObject({ retiring: true, agents: 1 })
  expect(await gateway.ended(session, turn.id)).toMatchObject({ state: 'completed', delivery: 'yes' })
  expect((await gateway.ask(session, '@recall')).state).toBe('completed')
  expect(await gateway.text(session)).toContain('heliotrope')
  expect((await gateway.client.getSession(session)).agent_pid).not.toBe(pid)
  await expect.poll(() => gateway.keepers(), { timeout: 10_000 }).not.toContain(old)
  expect(gateway.keepers()).toHaveLength(1)
}, 60_000)

test('a start that fails ends no agent: the port is taken, the next start goes on with the turn', async () => {
  await using gateway = await TestGateway.start()
  const session = await gateway.newSession()
  const { turn } = await gateway.client.prompt(session, { prompt: '@chunks 60 50' })
  await expect.poll(() => gateway.text(session), { timeout: 10_000 }).toContain('chunk 3 ')
  await gateway.kill()
  const blocker = createServer().listen(0, '127.0.0.1')
  await once(blocker, 'listening')
  const { port } = blocker.address() as AddressInfo
  await gateway.start({ HOLDFAST_HTTP_ENABLED: 'true', HOLDFAST_HTTP_PORT: String(port) }).then(
    () => expect.unreachable('the port is taken'),
    (error: Error) => expect(error.message).toContain('PORT_IN_USE'),
  )
  blocker.close()
  await gateway.start()
  expect(await gateway.ended(session, turn.id)).toMatchObject({ state: 'completed', delivery: 'yes' })
}, 60_000)
