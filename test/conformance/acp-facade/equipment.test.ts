// What editors give the agents of their sessions: MCP servers, further directories, `_meta`. Who may, what reaches the agent, what is shown.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { JsonObject } from '../../../src/base/json.ts'
import { FacadeEditor, openFacade } from '../../_support/facade-editor.ts'
import { TestSessions } from '../../_support/test-sessions.ts'

const STDIO = { name: 'files', command: '/bin/files', args: ['-v'], env: [{ name: 'K', value: 'secret-3' }] }
const HTTP = { type: 'http', name: 'web', url: 'https://x.test', headers: [{ name: 'A', value: 'secret-4' }] }
const NAMED = { name: 'named', command: '/bin/named', args: [], env: [] }

let at: TestSessions
let facade: ReturnType<typeof openFacade>

beforeAll(async () => {
  at = await TestSessions.start({}, { findMcpServer: (name) => (name === 'named' ? NAMED : undefined) })
  facade = openFacade(at)
})
afterAll(() => at[Symbol.asyncDispose]())

const newest = () => at.connector.agents.at(-1)!.request

async function stored(id: string) {
  const { session } = await at.service.get(id)
  return session.terms.equipment
}

test('C-20 what an editor gives with a new session reaches its agent as it was given', async () => {
  using editor = await FacadeEditor.open(facade)
  const _meta = {
    vendor: { options: { deep: [1] } },
    traceparent: '00-1',
    'holdfast/title': 'x',
    'holdfast/mcpServers': ['named'],
  }
  const id = await editor.newSession({ mcpServers: [STDIO, HTTP], additionalDirectories: ['/var'], _meta })
  await editor.prompt(id, 'hi')
  expect(newest().equipment).toEqual({
    mcpServers: [NAMED, STDIO, HTTP],
    directories: ['/var'],
    meta: { vendor: { options: { deep: [1] } } },
  })
  const { result } = await editor.ask('session/list', {})
  const listed = ((result?.['sessions'] ?? []) as JsonObject[]).find(({ sessionId }) => sessionId === id)
  expect(listed).toMatchObject({ additionalDirectories: ['/var'] })
  const { session } = await at.service.get(id)
  const shown = JSON.stringify([editor.heard, session, await at.store.readEvents(session.no, 0, 1_000)])
  expect(shown).not.toContain('secret')
})

describe('load and resume', () => {
  test('replace what was given by what they bring; what resume does not say stays', async () => {
    using editor = await FacadeEditor.open(facade)
    const id = await editor.newSession({ mcpServers: [STDIO], additionalDirectories: ['/var'] })
    await editor.ask('session/resume', { sessionId: id, cwd: '/tmp' })
    expect(await stored(id)).toMatchObject({ given: { mcpServers: ['files'], directories: ['/var'] } })
    await editor.ask('session/resume', { sessionId: id, cwd: '/tmp', mcpServers: [HTTP] })
    expect(await stored(id)).toMatchObject({ given: { mcpServers: ['web'], directories: [] } })
    await editor.ask('session/load', { sessionId: id, cwd: '/tmp', mcpServers: [] })
    expect(await stored(id)).toMatchObject({ given: { mcpServers: [], directories: [], digest: '' } })
  })

  test('an editor that goes on over a lost connection takes nothing away', async () => {
    using editor = await FacadeEditor.open(facade)
    const id = await editor.newSession({ mcpServers: [STDIO] })
    const _meta = { 'holdfast/after': 1 }
    expect((await editor.ask('session/resume', { sessionId: id, mcpServers: [], _meta })).error).toBeUndefined()
    expect(await stored(id)).toMatchObject({ given: { mcpServers: ['files'] } })
  })

  test('one that leaves its MCP servers out leaves those of others as they are', async () => {
    using editor = await FacadeEditor.open(facade)
    const id = await editor.newSession({ mcpServers: [STDIO] })
    using silent = await FacadeEditor.open(facade, {}, { ignoresMcpServers: true })
    await silent.ask('session/load', { sessionId: id, cwd: '/tmp', mcpServers: [HTTP] })
    expect(await stored(id)).toMatchObject({ given: { mcpServers: ['files'] } })
  })

  test('what is given again is no change: no event, and the agent lives on', async () => {
    at.connector.capabilities = '{"resume":true}'
    using editor = await FacadeEditor.open(facade)
    const id = await editor.newSession({ mcpServers: [STDIO], _meta: { x: 1 } })
    await editor.prompt(id, 'hi')
    const agents = at.connector.agents.length
    const { lastSeq } = (await at.service.get(id)).session
    await editor.ask('session/load', { sessionId: id, cwd: '/tmp', mcpServers: [STDIO], _meta: { x: 1 } })
    expect((await at.service.get(id)).session.lastSeq).toBe(lastSeq)
    await editor.prompt(id, 'again')
    expect(at.connector.agents).toHaveLength(agents)
  })
})

describe('over TCP', () => {
  const overTcp = async (mayBringCommands: boolean): Promise<FacadeEditor> => {
    const editor = new FacadeEditor(openFacade(at, { mayBringCommands }), {}, false)
    await editor.ask('initialize', { protocolVersion: 1, clientCapabilities: {} })
    return editor
  }

  test('no command is taken, in no way to open a session, and the answer says what to do', async () => {
    using own = await FacadeEditor.open(facade)
    const id = await own.newSession()
    using editor = await overTcp(false)
    const before = (await at.service.list({}, { limit: 100 })).length
    for (const [method, params] of [
      ['session/new', {}],
      ['session/load', { sessionId: id }],
      ['session/resume', { sessionId: id }],
    ] as const) {
      const { error } = await editor.ask(method, { cwd: '/tmp', mcpServers: [HTTP, STDIO], ...params })
      expect([error?.code, error?.message]).toEqual([-32602, expect.stringContaining('acp.mcpCommands')])
      expect(JSON.stringify(error)).not.toContain('secret')
    }
    expect(await at.service.list({}, { limit: 100 })).toHaveLength(before)
    expect(await stored(id)).toMatchObject({ given: { mcpServers: [] } })
  })

  test('addresses and names of the configuration are taken; commands too when it is configured', async () => {
    using editor = await overTcp(false)
    const id = await editor.newSession({ mcpServers: [HTTP], _meta: { 'holdfast/mcpServers': ['named'] } })
    expect(await stored(id)).toMatchObject({ mcpServers: ['named'], given: { mcpServers: ['web'] } })
    using allowed = await overTcp(true)
    expect(await stored(await allowed.newSession({ mcpServers: [STDIO] }))).toMatchObject({
      given: { mcpServers: ['files'] },
    })
  })
})

test.each<[string, JsonObject]>([
  ['a server without a command', { mcpServers: [{ name: 'secret' }] }],
  ['a server of a kind that is not known', { mcpServers: [{ type: 'acp', name: 'a', id: 'secret' }] }],
  ['too many servers', { mcpServers: Array.from({ length: 33 }, (_, index) => ({ ...STDIO, name: `s${index}` })) }],
  ['servers that are too large', { mcpServers: [{ ...STDIO, args: ['secret'.repeat(20_000)] }] }],
  ['a relative directory', { additionalDirectories: ['secret'] }],
  ['too many directories', { additionalDirectories: Array.from({ length: 33 }, (_, index) => `/secret/${index}`) }],
  ['a name that is not in the configuration', { _meta: { 'holdfast/mcpServers': ['other'] } }],
  ['_meta that is too large', { _meta: { x: 'secret'.repeat(20_000) } }],
])('F-13 %s is -32602, by its place and not by its value', async (_, params) => {
  using editor = await FacadeEditor.open(facade)
  const { error } = await editor.ask('session/new', { cwd: '/tmp', mcpServers: [], ...params })
  expect(error?.code).toBe(-32602)
  expect(JSON.stringify(error)).not.toContain('secret')
})

test('too many servers are refused before they are compared with each other', async () => {
  using editor = await FacadeEditor.open(facade)
  const mcpServers = Array.from({ length: 33 }, () => STDIO)
  const { error } = await editor.ask('session/new', { cwd: '/tmp', mcpServers })
  expect(error?.message).toBe('Invalid params: mcpServers has more than 32 entries')
})

test('F-38 _meta of a prompt reaches the agent as it was written, without what is for the gateway', async () => {
  using editor = await FacadeEditor.open(facade)
  const id = await editor.newSession()
  const meta = '{"traceparent":"00-1", "n":1.0,"holdfast/whenBusy":"queue","10":1,"2":12345678901234567890}'
  const params = `"sessionId":"${id}","prompt":[{"type":"text","text":"hi"}]`
  editor.raw(`{"jsonrpc":"2.0","id":"m","method":"session/prompt","params":{"_meta":${meta},${params}}}`)
  await editor.prompt(id, 'next', { _meta: { 'holdfast/whenBusy': 'queue' } })
  const written = '{"traceparent":"00-1","n":1.0,"10":1,"2":12345678901234567890}'
  expect(at.connector.agents.at(-1)?.metas).toEqual([written, undefined])
  const large = await editor.prompt(id, 'large', { _meta: { x: 'secret'.repeat(5_000) } })
  expect([large.error?.code, JSON.stringify(large).includes('secret')]).toEqual([-32602, false])
})

test('F-08 what the agent can be given is advertised as soon as it has said so', async () => {
  await using own = await TestSessions.start()
  const its = openFacade(own)
  const advertised = async (): Promise<JsonObject> => {
    using editor = new FacadeEditor(its)
    const { result } = await editor.ask('initialize', { protocolVersion: 1 })
    return result?.['agentCapabilities'] as JsonObject
  }
  expect(await advertised()).toMatchObject({ mcpCapabilities: { http: false, sse: false } })
  own.connector.capabilities = JSON.stringify({ mcp: { http: true, sse: false }, additionalDirectories: true })
  using editor = await FacadeEditor.open(its)
  await editor.prompt(await editor.newSession(), 'hi')
  expect(await advertised()).toMatchObject({
    mcpCapabilities: { http: true, sse: false },
    sessionCapabilities: { additionalDirectories: {} },
  })
})
