// Agents that are started ahead, in a real gateway: what the first prompt of a session is spared, and that nothing is left.

import { readlinkSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { TestGateway } from '../_support/test-gateway.ts'
import type { TestAgent } from '../_support/test-gateway.ts'

const SCRIPTED = join(import.meta.dirname, '../agents/scripted-agent.mjs')
const POLL = { timeout: 15_000 }

const ahead = (...flags: string[]): TestAgent & { spares: number } => ({
  command: [process.execPath, SCRIPTED, ...flags],
  spares: 1,
})

const spares = async (gateway: TestGateway): Promise<number> => (await gateway.client.status()).agents_spare

/** The processes that each start of a session's agent gave it. */
async function pids(gateway: TestGateway, session: string): Promise<unknown[]> {
  const events = await gateway.events(session)
  return events.filter(({ type }) => type === 'agent.ready').map(({ data }) => (data as { pid?: number }).pid)
}

test('the first prompt of a session goes to the process that waits, and another takes its place', async () => {
  await using gateway = await TestGateway.start({ agents: { ahead: ahead() } })
  await expect.poll(() => spares(gateway), POLL).toBe(1)
  const [spare] = gateway.agents()
  expect(readlinkSync(`/proc/${spare?.pid}/cwd`)).toBe(join(gateway.home, 'state/spares'))
  const session = await gateway.newSession('ahead')
  expect(await gateway.ask(session, 'hello')).toMatchObject({ state: 'completed' })
  expect(await pids(gateway, session)).toEqual([spare?.pid])
  await expect.poll(() => spares(gateway), POLL).toBe(1)
  expect(await gateway.client.status()).toMatchObject({ agents_live: 2, agents_idle: 1, agents_spare: 1 })
  await gateway.client.closeSession(session)
  await expect.poll(() => gateway.agents().some(({ pid }) => pid === spare?.pid), POLL).toBe(false)
})

test('a spare gives its place to a session of another agent, and nobody waits for it in vain', async () => {
  await using gateway = await TestGateway.start({ agents: { ahead: ahead() }, config: { agents: { liveMax: 1 } } })
  await expect.poll(() => spares(gateway), POLL).toBe(1)
  const session = await gateway.newSession()
  expect(await gateway.ask(session, 'hello')).toMatchObject({ state: 'completed' })
  expect(await gateway.client.status()).toMatchObject({ agents_live: 1, agents_spare: 0 })
})

test('an agent that cannot be started ahead delays neither the gateway nor its sessions', async () => {
  await using gateway = await TestGateway.start({ agents: { ahead: ahead('--init=hang') } })
  expect(await spares(gateway)).toBe(0)
  const session = await gateway.newSession()
  expect(await gateway.ask(session, 'hello')).toMatchObject({ state: 'completed' })
})

test('a gateway that stops ends its spares, and one that is killed leaves none to the next life', async () => {
  await using gateway = await TestGateway.start({ agents: { ahead: ahead() } })
  await expect.poll(() => spares(gateway), POLL).toBe(1)
  const [first] = gateway.agents()
  await gateway.kill('SIGKILL')
  await gateway.start()
  await expect.poll(() => spares(gateway), POLL).toBe(1)
  const living = gateway.agents().map(({ pid }) => pid)
  expect(living).toHaveLength(1)
  expect(living).not.toContain(first?.pid)
  await gateway.kill('SIGTERM')
  expect(gateway.agents()).toEqual([])
})
