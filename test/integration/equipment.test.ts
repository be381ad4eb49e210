// MCP servers through a real gateway, the built-in agent, and a real MCP server on stdio: named by a session, or brought by an editor.

import { request } from 'node:http'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { readToken } from '../../src/config/token.ts'
import { openBridge, openHttpEditor } from '../_support/acp-bridge.ts'
import type { FakeLlm } from '../_support/fake-llm/server.ts'
import { startFakeLlm } from '../_support/fake-llm/server.ts'
import { killPid } from '../_support/kill.ts'
import { TestGateway } from '../_support/test-gateway.ts'

const TOOL_SERVER = join(import.meta.dirname, '../../builtin-agent/test/tool-server.ts')
const SECRET = 'mcp-very-secret-77'
const AGENT = 'holdfast'

let llm: FakeLlm
let gateway: TestGateway

const environment = (): Record<string, string> => ({
  HOLDFAST_AGENT_BASE_URL: `${llm.url}/v1`,
  HOLDFAST_AGENT_MODEL: 'fake-model',
  HOLDFAST_AGENT_API_KEY: 'k',
  KEY_OF_TOOLS: SECRET,
})

beforeAll(async () => {
  llm = await startFakeLlm()
  const tools = { command: [process.execPath, TOOL_SERVER], env: { TOOL_KEY: 'env:KEY_OF_TOOLS' } }
  const config = { http: { port: 0 }, permissions: { mode: 'approve-all' }, mcpServers: { tools } }
  gateway = await TestGateway.prepare({ config })
  await gateway.start(environment())
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await llm[Symbol.asyncDispose]()
})

async function shownOf(session: string): Promise<string> {
  const { turns } = await gateway.client.listTurns(session)
  const facts = await gateway.run('sessions', 'show', session)
  return JSON.stringify([
    await gateway.client.getSession(session),
    turns,
    await gateway.events(session),
    facts,
    gateway.output,
  ])
}

test('a session uses the MCP server that it names; taken away it is gone with the next prompt, in the same conversation', async () => {
  const made = await gateway.run('sessions', 'ensure', 'with-tools', '-a', AGENT, '--mcp', 'tools')
  expect(made).toMatchObject({ code: 0, stderr: '' })
  expect(await gateway.ask('with-tools', '@call tools__add {"a":2,"b":40}')).toMatchObject({ state: 'completed' })
  expect(await gateway.text('with-tools')).toContain('42')
  const { agent_session_id: conversation } = await gateway.client.getSession('with-tools')

  const shown = await gateway.run('sessions', 'set', 'with-tools', '--mcp', 'none')
  expect([shown.code, shown.stdout]).toEqual([0, expect.not.stringContaining('mcp servers')])
  await gateway.ask('with-tools', '@call tools__add {"a":2,"b":41}')
  expect(await gateway.text('with-tools')).not.toContain('43')
  expect((await gateway.client.getSession('with-tools')).agent_session_id).toBe(conversation)

  const unknown = await gateway.run('sessions', 'set', 'with-tools', '--mcp', 'other')
  expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('no MCP server other')])
  const refused = await gateway.run('sessions', 'set', 'with-tools', '--add-dir', 'not-there')
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('not-there does not exist')])
  const everything = await shownOf('with-tools')
  expect(everything).toContain('equipment.changed')
  expect(everything).not.toContain(SECRET)
})

test('what an editor brings over holdfast acp serves its session, also when editor, agent and gateway have died since', async () => {
  const mine = {
    name: 'mine',
    command: process.execPath,
    args: [TOOL_SERVER],
    env: [{ name: 'EDITOR_KEY', value: `${SECRET}-editor` }],
  }
  const bridge = await openBridge(gateway, '--agent', AGENT)
  const given = { cwd: gateway.workspace, mcpServers: [mine] }
  const { sessionId } = await bridge.agent.request<{ sessionId: string }>('session/new', given)
  const prompt = [{ type: 'text' as const, text: '@call mine__add {"a":3,"b":50}' }]
  await bridge.agent.request('session/prompt', { sessionId, prompt })
  expect(await gateway.text(sessionId)).toContain('53')
  await bridge.leave()
  await gateway.kill()
  for (const { pid } of gateway.agents()) killPid(pid, 'SIGKILL')
  await gateway.start(environment())
  expect(await gateway.ask(sessionId, '@call mine__add {"a":3,"b":60}')).toMatchObject({ state: 'completed' })
  expect(await gateway.text(sessionId)).toContain('63')
  const everything = await shownOf(sessionId)
  expect(everything).toContain('mine')
  expect(everything).not.toContain(SECRET)
})

test('over TCP no command is taken, also not on a connection that began on the unix socket', async () => {
  const url = (await gateway.client.status()).url!
  await using editor = await openHttpEditor(gateway, url)
  const given = { cwd: gateway.workspace, mcpServers: [{ name: 'x', command: '/bin/x', args: [], env: [] }] }
  await expect(editor.agent.request('session/new', given)).rejects.toThrow('acp.mcpCommands')
  const id = await connectOnSocket()
  const response = await fetch(`${url}/acp`, {
    method: 'POST',
    headers: { authorization: bearer(), 'content-type': 'application/json', 'acp-connection-id': id },
    body: JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'session/new', params: given }),
  })
  expect(response.status).toBe(404)
})

function bearer(): string {
  return `Bearer ${readToken(join(gateway.home, 'state/token'))}`
}

/** A connection of Streamable HTTP over the unix socket; its id. */
function connectOnSocket(): Promise<string> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: 1 } })
  const headers = { host: 'localhost', authorization: bearer(), 'content-type': 'application/json' }
  return new Promise((resolve, reject) => {
    const options = { socketPath: join(gateway.home, 'run/gateway.sock'), path: '/acp', method: 'POST', headers }
    const asked = request(options, (response) => {
      response.resume()
      resolve(String(response.headers['acp-connection-id']))
    })
    asked.on('error', reject).end(body)
  })
}
