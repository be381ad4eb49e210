// What the agent of a session is opened with: what is chosen, what a start makes of it, and when a process that lives is replaced.

import { expect, test, vi } from 'vitest'

import { HoldfastError } from '../../base/errors.ts'
import type { SessionId, TurnId } from '../../base/ids.ts'
import { TestSessions } from '../../../test/_support/test-sessions.ts'

const HELLO = [{ type: 'text', text: 'hello' }]
const WEB = { type: 'http', name: 'web', url: 'https://x.test', headers: [{ name: 'a', value: 'secret-1' }] }
const GIVEN = { name: 'given', command: '/bin/x', args: [], env: [{ name: 'K', value: 'secret-2' }] }

function start(servers: Map<string, object> = new Map([['web', WEB]])): Promise<TestSessions> {
  return TestSessions.start(
    {},
    {
      findMcpServer: (name) => servers.get(name) as typeof WEB | undefined,
      checkCwd: (cwd) =>
        cwd === '/gone' ? Promise.reject(new HoldfastError('CWD_NOT_FOUND', { cwd })) : Promise.resolve(cwd),
    },
  )
}

async function ended(at: TestSessions, id: SessionId, turnId: TurnId) {
  await vi.waitFor(async () => expect((await at.service.turn(id, turnId)).outcome).toBeDefined())
  return (await at.service.turn(id, turnId)).outcome
}

async function ask(at: TestSessions, id: SessionId) {
  const { turn } = await at.service.prompt(id, { prompt: HELLO })
  return ended(at, id, turn.id)
}

async function ensure(at: TestSessions, request: object = {}): Promise<SessionId> {
  return (await at.service.ensure({ agent: 'fake', cwd: '/tmp', ...request })).status.session.id
}

test('a start gives the agent what was chosen by name, what the editor gave, and every directory once', async () => {
  await using at = await start()
  const given = { mcpServers: [GIVEN, { ...GIVEN, name: 'web' }], directories: ['/c', '/b'], meta: '{"x":{"y":1}}' }
  const id = await ensure(at, { mcpServers: ['web'], directories: ['/b'], given })
  await ask(at, id)
  const request = at.connector.agents[0]?.request
  expect(request?.equipment).toEqual({
    mcpServers: [WEB, GIVEN], // the one that was chosen for the session wins over the editor's of its name
    directories: ['/b', '/c'],
    meta: { x: { y: 1 } },
  })
  expect(request?.roots).toEqual(['/tmp', '/b', '/c'])
})

test('a name that is not in the configuration and a directory that is not there are refused, and nothing is made', async () => {
  await using at = await start()
  await expect(ensure(at, { mcpServers: ['other'] })).rejects.toMatchObject({ code: 'MCP_SERVER_UNKNOWN' })
  await expect(ensure(at, { directories: ['/gone'] })).rejects.toMatchObject({ code: 'CWD_NOT_FOUND' })
  expect(await at.service.list({}, { limit: 10 })).toEqual([])
})

test('a server that has left the configuration fails the turn by name, and the next choice repairs it', async () => {
  const servers = new Map([['web', WEB]])
  await using at = await start(servers)
  const id = await ensure(at, { mcpServers: ['web'] })
  servers.clear()
  expect((await ask(at, id))?.error).toMatchObject({ code: 'MCP_SERVER_UNKNOWN', details: { server: 'web' } })
  await at.service.equip(id, { mcpServers: [] })
  expect((await ask(at, id))?.state).toBe('completed')
})

test('another choice ends an idle agent whose conversation can be gone on with, and the next prompt has it', async () => {
  await using at = await start()
  at.connector.capabilities = '{"resume":true}'
  const id = await ensure(at)
  await ask(at, id)
  await at.service.equip(id, { mcpServers: ['web'] })
  await vi.waitFor(() => expect(at.connector.agents[0]?.stops).toBe(1))
  expect((await ask(at, id))?.state).toBe('completed')
  const [, next] = at.connector.agents
  expect(next?.request).toMatchObject({ resume: `as-${id}`, equipment: { mcpServers: [WEB] } })
  const { session } = await at.service.get(id)
  expect(await at.history(session.no)).toContain('agent.retired')
})

test('the same choice again changes nothing, and ends no agent', async () => {
  await using at = await start()
  at.connector.capabilities = '{"resume":true}'
  const given = { mcpServers: [GIVEN], directories: [] }
  const id = await ensure(at, { mcpServers: ['web'], given })
  await ask(at, id)
  await at.service.equip(id, { mcpServers: ['web'], given })
  await ask(at, id)
  expect(at.connector.agents).toHaveLength(1)
  const { session } = await at.service.get(id)
  expect(await at.history(session.no)).not.toContain('equipment.changed')
})

test('an agent whose conversation would be lost lives on as it is', async () => {
  await using at = await start()
  const id = await ensure(at)
  await ask(at, id)
  await at.service.equip(id, { mcpServers: ['web'] })
  expect((await ask(at, id))?.state).toBe('completed')
  expect(at.connector.agents).toHaveLength(1)
})

test('a choice while the agent starts holds from the prompt after the one that waits for it', async () => {
  await using at = await start()
  at.connector.capabilities = '{"resume":true}'
  const { connect } = at.connector
  const release = Promise.withResolvers<void>()
  at.connector.connect = async (...args) => {
    await release.promise
    return connect(...args)
  }
  const id = await ensure(at)
  const { turn } = await at.service.prompt(id, { prompt: HELLO })
  await at.service.equip(id, { mcpServers: ['web'] })
  release.resolve()
  expect((await ended(at, id, turn.id))?.state).toBe('completed')
  expect((await ask(at, id))?.state).toBe('completed')
  const [first, second] = at.connector.agents
  expect([first?.stops, first?.prompts]).toEqual([1, [turn.id]])
  expect(second?.request.equipment.mcpServers).toEqual([WEB])
})

test('a server that is another one after a reload, or after a restart, ends the idle agent that has the old one, and no other', async () => {
  const servers = new Map<string, object>([['web', WEB]])
  await using at = await start(servers)
  at.connector.capabilities = '{"resume":true}'
  const [without, having] = [await ensure(at), await ensure(at, { mcpServers: ['web'] })]
  for (const id of [without, having]) await ask(at, id)
  at.sessions.redefine()
  servers.set('web', { ...WEB, url: 'https://other.test' })
  at.sessions.redefine()
  await vi.waitFor(() => expect(at.connector.agents.map(({ stops }) => stops)).toEqual([0, 1]))
  await ask(at, having)
  servers.set('web', WEB)
  await at.restart({ keepAgents: true })
  await vi.waitFor(() => expect(at.connector.agents.map(({ stops }) => stops)).toEqual([0, 1]))
})

test('what an editor gave is there after a restart of the gateway, replaced as a whole, and in no event and no record', async () => {
  await using at = await start()
  const id = await ensure(at, { given: { mcpServers: [GIVEN], directories: [], meta: '{"x":1}' } })
  await at.restart()
  await ask(at, id)
  expect(at.connector.agents[0]?.request.equipment).toMatchObject({ mcpServers: [GIVEN], meta: { x: 1 } })
  const { session } = await at.service.get(id)
  expect(session.terms.equipment.given.mcpServers).toEqual(['given'])
  const { status } = await at.service.ensure({ agent: 'fake', cwd: '/tmp' })
  expect(status.session.terms.equipment.given.mcpServers).toEqual([])
  // A complete list, but for the `_meta` that was not said again.
  await at.service.equip(id, { given: { mcpServers: [], directories: ['/b'] } })
  expect(await at.store.findGiven(session.no)).toEqual({ mcpServers: '[]', meta: '{"x":1}' })
  const shown = JSON.stringify([await at.service.get(id), await at.store.readEvents(session.no, 0, 1_000)])
  expect(shown).toContain('equipment.changed')
  expect(shown).not.toContain('secret')
})

test('what an editor gave is gone with the close of its session', async () => {
  await using at = await start()
  const id = await ensure(at, { given: { mcpServers: [GIVEN], directories: [] } })
  const { session } = await at.service.get(id)
  expect(await at.store.findGiven(session.no)).toBeDefined()
  await at.service.close(id)
  expect(await at.store.findGiven(session.no)).toBeUndefined()
})
