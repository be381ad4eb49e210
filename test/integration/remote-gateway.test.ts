// A gateway as the remote agent of another one: near uses far, over both wires, and either of them dies.

import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import { readToken } from '../../src/config/token.ts'
import { TestGateway } from '../_support/test-gateway.ts'

let far: TestGateway
let near: TestGateway
let environment: Record<string, string>

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

beforeAll(async () => {
  const port = await freePort()
  far = await TestGateway.start({ config: { http: { enabled: true, port } } })
  environment = { FAR_TOKEN: `Bearer ${readToken(`${far.home}/state/token`)}` }
  const remote = (wire: string) => ({
    url: `${wire}://127.0.0.1:${port}/acp?agent=scripted&secret=in-the-query`,
    headers: { Authorization: 'env:FAR_TOKEN' },
  })
  near = await TestGateway.prepare({ config: { agents: { ws: remote('ws'), http: remote('http') } } })
  await near.start(environment)
})
afterAll(async () => {
  await near[Symbol.asyncDispose]()
  await far[Symbol.asyncDispose]()
})

const WAIT = { timeout: 10_000 }

describe.each(['ws', 'http'])('another gateway over %s', (wire) => {
  test('a prompt, a permission request that is answered here, a cancel', async () => {
    const session = await near.newSession(wire)
    expect(await near.ask(session, '@say hello')).toMatchObject({ state: 'completed', delivery: 'yes' })
    expect(await near.text(session)).toContain('hello')
    const { turn } = await near.client.prompt(session, { prompt: '@perm edit @say done' })
    const list = async () => (await near.client.listPermissions({ session, state: 'open' })).permissions
    await vi.waitFor(async () => expect(await list()).toHaveLength(1), WAIT)
    await near.client.answerPermission((await list())[0]!.id, { option_id: 'yes' })
    expect((await near.ended(session, turn.id)).state).toBe('completed')
    const waiting = await near.client.prompt(session, { prompt: '@chunks 400 25' })
    await vi.waitFor(async () => expect(await near.text(session)).toContain('chunk 2 '), WAIT)
    await near.client.cancel(session, waiting.turn.id)
    expect((await near.ended(session, waiting.turn.id)).state).toBe('cancelled')
    expect(await near.client.getSession(session)).toMatchObject({ agent_pid: null, agent_link: 'connection' })
  })

  test('the other one is killed in a turn: the turn says that the connection was lost, and the next prompt goes on', async () => {
    const session = await near.newSession(wire)
    await near.ask(session, 'the word is heliotrope')
    const { turn } = await near.client.prompt(session, { prompt: '@chunks 40 25' })
    await vi.waitFor(async () => expect(await near.text(session)).toContain('chunk 2 '), WAIT)
    await far.kill()
    const lost = await near.ended(session, turn.id)
    expect(lost).toMatchObject({ state: 'failed', delivery: 'yes', outcome: { error: { code: 'AGENT_DISCONNECTED' } } })
    expect((await near.ask(session, 'too early')).outcome?.error).toMatchObject({ code: 'AGENT_UNREACHABLE' })
    await far.start()
    expect((await near.ask(session, '@recall')).state).toBe('completed')
    expect(await near.text(session)).toContain('heliotrope')
    const ready = (await near.events(session)).filter(({ type }) => type === 'agent.ready').at(-1)
    expect(ready?.data).toMatchObject({ pid: null, continuity: 'resumed' })
  })
})

test('this one is killed in a turn: the turn is interrupted, not sent again, and the conversation goes on', async () => {
  const session = await near.newSession('ws')
  await near.ask(session, 'the word is jasper')
  const { turn } = await near.client.prompt(session, { prompt: '@chunks 40 25' })
  await vi.waitFor(async () => expect(await near.text(session)).toContain('chunk 2 '), WAIT)
  await near.kill()
  await near.start(environment)
  expect(await near.ended(session, turn.id)).toMatchObject({ state: 'interrupted', delivery: 'yes' })
  await near.client.resume(session, 'continue')
  expect((await near.ask(session, '@recall')).state).toBe('completed')
  expect(await near.text(session)).toContain('jasper')
})

test('a restart waits for the turn at the remote agent, and leaves the agents of this machine as they are', async () => {
  const [remote, local] = [await near.newSession('http'), await near.newSession()]
  await near.ask(local, 'warm')
  const { agent_pid: pid } = await near.client.getSession(local)
  const { turn } = await near.client.prompt(remote, { prompt: '@chunks 30 25' })
  await vi.waitFor(async () => expect(await near.text(remote)).toContain('chunk 2 '), WAIT)
  expect((await near.run('stop', '--keep-agents')).code).toBe(0)
  expect(near.output).toContain('waiting for running turns at remote agents')
  await near.start(environment)
  expect(await near.ended(remote, turn.id)).toMatchObject({ state: 'completed' })
  expect(await near.client.getSession(local)).toMatchObject({ agent_pid: pid, agent_link: 'process' })
})

test('what people are shown names the host and nothing else of the address, and no header', async () => {
  const session = await near.newSession('ws')
  await near.ask(session, 'warm')
  const shown = [
    await near.run('agents', 'ls'),
    await near.run('agents', 'ls', '--json'),
    await near.run('status'),
    await near.run('doctor'),
    await near.run('sessions', 'show', session),
    await near.run('explain', session),
    await near.run('events', session),
  ]
  const text = shown.map(({ stdout, stderr }) => stdout + stderr).join('\n')
  expect(text).toMatch(/^ws +127\.0\.0\.1:\d+ +remote +- +- +config$/m)
  expect(text).toMatch(/agent link +connected to another machine/)
  expect(text).toMatch(/agents +\d+ live \(.*\d+ remote/)
  for (const secret of ['in-the-query', environment['FAR_TOKEN']!.slice(7), 'FAR_TOKEN'])
    expect([secret, (text + near.output).includes(secret)]).toEqual([secret, false])
})
