// B 31 to 34 and 36: the gateway ends in windows that a random kill hardly ever meets. Each with agents in a keeper, which is
// what a user has, and with agents inside the gateway.

import { describe, expect, test } from 'vitest'

import { FAILPOINT_VARIABLE } from '../../src/config/failpoint.ts'
import { listStoredLeases } from '../_support/stored-database.ts'
import { TestGateway } from '../_support/test-gateway.ts'

const HOSTINGS = ['keeper', 'inline'] as const
type Hosting = (typeof HOSTINGS)[number]

/** A gateway that ends at `failpoint`. Its own agents are warm where `warm` says so: then a prompt is dispatched as it is accepted. */
async function doomed(hosting: Hosting, failpoint: string): Promise<TestGateway> {
  const gateway = await TestGateway.prepare({ config: { keeper: { hosting } } })
  await gateway.start({ [FAILPOINT_VARIABLE]: failpoint })
  return gateway
}

/** Prompts, and waits for the gateway to end of it. */
async function promptToDeath(gateway: TestGateway, session: string, prompt: string): Promise<void> {
  const asked = gateway.client.prompt(session, { prompt, idempotency_key: prompt }).catch(() => undefined)
  expect(await gateway.died()).toMatchObject({ signal: 'SIGKILL' })
  await asked
}

async function receivedTexts(gateway: TestGateway): Promise<unknown[]> {
  return (await gateway.received('recv')).map(({ text }) => text)
}

/** Of the only turn; also of one whose id nobody was told. */
async function onlyTurn(gateway: TestGateway, session: string) {
  const { turns } = await gateway.client.listTurns(session)
  expect(turns).toHaveLength(1)
  return turns[0]!
}

describe.each(HOSTINGS)('with agents hosted by: %s', (hosting) => {
  test('B 31: killed after the accept was stored and before it was told: the retry with the key finds the one turn', async () => {
    await using gateway = await doomed(hosting, 'accept.stored')
    const session = await gateway.newSession()
    await promptToDeath(gateway, session, 'hello')
    await gateway.start()
    const { turn } = await gateway.client.prompt(session, { prompt: 'hello', idempotency_key: 'hello' })
    expect(await gateway.ended(session, turn.id)).toMatchObject({ state: 'completed' })
    expect((await onlyTurn(gateway, session)).id).toBe(turn.id)
    expect(await receivedTexts(gateway)).toEqual(['hello'])
  })

  test('B 34: killed between the intent to start an agent and its start: nothing leaks and the lease is settled', async () => {
    await using gateway = await doomed(hosting, 'lease.intended')
    const session = await gateway.newSession()
    await promptToDeath(gateway, session, 'hello')
    expect(gateway.agents()).toEqual([])
    expect((await listStoredLeases(gateway.home)).map(({ state }) => state)).toEqual(['spawning'])
    await gateway.start()
    const { id } = await onlyTurn(gateway, session)
    expect(await gateway.ended(session, id)).toMatchObject({ state: 'completed' })
    await gateway.kill()
    expect((await listStoredLeases(gateway.home)).map(({ state }) => state)).toEqual(['lost', 'running'])
    expect(await receivedTexts(gateway)).toEqual(['hello'])
  })

  test('B 34: killed between the start of an agent and its record: the agent does not outlive the next start', async () => {
    await using gateway = await doomed(hosting, 'lease.started')
    const session = await gateway.newSession('stubborn')
    await promptToDeath(gateway, session, 'hello')
    const [first] = await listStoredLeases(gateway.home)
    expect(first).toMatchObject({ state: 'spawning', pid: undefined })
    await gateway.start()
    const { id } = await onlyTurn(gateway, session)
    expect(await gateway.ended(session, id)).toMatchObject({ state: 'completed' })
    const { agent_pid: pid } = await gateway.client.getSession(session)
    expect(gateway.agents().filter(({ command }) => command.includes('scripted-agent'))).toMatchObject([{ pid }])
    await gateway.kill()
    const [settled] = await listStoredLeases(gateway.home)
    expect(settled).toMatchObject({ id: first?.id, state: hosting === 'keeper' ? 'closed' : 'lost' })
    expect(await receivedTexts(gateway)).toEqual(['hello'])
  })

  test('B 36: an exception that nobody catches: exit 1, its cause is in the log and in the status of the next life', async () => {
    const gateway = await TestGateway.prepare({ config: { keeper: { hosting } } })
    await using _ended = gateway
    await gateway.start()
    const session = await gateway.newSession('stubborn')
    await gateway.ask(session, 'warm')
    const { agent_pid: pid } = await gateway.client.getSession(session)
    await gateway.kill()
    await gateway.start({ [FAILPOINT_VARIABLE]: 'accept.stored=throw' })
    const other = await gateway.newSession()
    const asked = gateway.client.prompt(other, { prompt: 'hello' }).catch(() => undefined)
    expect(await gateway.died()).toEqual({ code: 1, signal: null })
    await asked
    const line = gateway.output.split('\n').find((each) => each.includes('nobody caught'))
    expect(JSON.parse(line ?? '{}')).toMatchObject({ level: 'error', err: { message: 'failpoint accept.stored' } })
    if (hosting === 'keeper') expect(gateway.agents().map((each) => each.pid)).toContain(pid)
    else await expect.poll(() => gateway.leaks(), { timeout: 2_000, interval: 20 }).toEqual([])
    await gateway.start()
    const { last_crash: crash } = await gateway.client.status()
    expect(crash).toMatchObject({ how: 'crashed', reason: 'Error: failpoint accept.stored' })
  })
})

describe('B 32: killed after the dispatch was stored and before a byte of it was written', () => {
  test('keeper: it is known that nothing was delivered; the turn runs, once', async () => {
    await using gateway = await doomed('keeper', 'dispatch.stored')
    const session = await gateway.newSession()
    await promptToDeath(gateway, session, 'hello')
    expect(await receivedTexts(gateway)).toEqual([])
    await gateway.start()
    const { id } = await onlyTurn(gateway, session)
    expect(await gateway.ended(session, id)).toMatchObject({ state: 'completed', delivery: 'yes' })
    expect(await receivedTexts(gateway)).toEqual(['hello'])
    expect((await gateway.events(session)).map(({ type }) => type)).toContain('turn.requeued')
    expect(await gateway.received('start')).toHaveLength(1)
  })

  test('inline: interrupted, delivery unknown, never sent by itself', async () => {
    await using gateway = await doomed('inline', 'dispatch.stored')
    const session = await gateway.newSession()
    await promptToDeath(gateway, session, 'hello')
    await gateway.start()
    expect(await onlyTurn(gateway, session)).toMatchObject({ state: 'interrupted', delivery: 'unknown' })
    expect(await gateway.client.getSession(session)).toMatchObject({ activity: 'blocked' })
    expect(await receivedTexts(gateway)).toEqual([])
    await gateway.client.resume(session, 'continue')
    expect(await gateway.ask(session, 'next')).toMatchObject({ state: 'completed' })
    expect(await receivedTexts(gateway)).toEqual(['next'])
  })
})

describe('B 33: killed after the answer of the agent and before the end was stored', () => {
  test('keeper: the answer is read again; the turn is completed and was not run again', async () => {
    await using gateway = await doomed('keeper', 'end.unstored')
    const session = await gateway.newSession()
    await promptToDeath(gateway, session, 'hello')
    await gateway.start()
    const { id } = await onlyTurn(gateway, session)
    expect(await gateway.ended(session, id)).toMatchObject({ state: 'completed', outcome: { stop_reason: 'end_turn' } })
    expect(await gateway.text(session)).toBe('echo: hello')
    expect(await receivedTexts(gateway)).toEqual(['hello'])
  })

  test('inline: interrupted, delivered, not run again', async () => {
    await using gateway = await doomed('inline', 'end.unstored')
    const session = await gateway.newSession()
    await promptToDeath(gateway, session, '@say hello @sleep 200')
    await gateway.start()
    expect(await onlyTurn(gateway, session)).toMatchObject({ state: 'interrupted', delivery: 'yes' })
    expect(await gateway.text(session)).toBe('hello')
    expect(await receivedTexts(gateway)).toEqual(['@say hello @sleep 200'])
  })
})

test('a failpoint that does not exist is refused before anything starts', async () => {
  await using gateway = await TestGateway.prepare()
  gateway.launch({ [FAILPOINT_VARIABLE]: 'no.such.point' })
  expect(await gateway.died()).toMatchObject({ code: 78 })
  expect(gateway.output).toContain(FAILPOINT_VARIABLE)
})
