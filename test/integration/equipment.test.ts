// MCP servers and further directories through a real gateway, the built-in agent, and a real MCP server on stdio.

import { join } from 'node:path'

import { expect, test } from 'vitest'

import { startFakeLlm } from '../_support/fake-llm/server.ts'
import { TestGateway } from '../_support/test-gateway.ts'

const TOOL_SERVER = join(import.meta.dirname, '../../builtin-agent/test/tool-server.ts')
const SECRET = 'mcp-very-secret-77'
const AGENT = 'holdfast'

test('a session uses the MCP server that it names, and no secret of it is shown anywhere', async () => {
  await using llm = await startFakeLlm()
  const tools = { command: [process.execPath, TOOL_SERVER], env: { TOOL_KEY: 'env:KEY_OF_TOOLS', PLAIN: 'seen' } }
  const config = { permissions: { mode: 'approve-all' }, mcpServers: { tools } }
  await using gateway = await TestGateway.prepare({ config })
  await gateway.start({
    HOLDFAST_AGENT_BASE_URL: `${llm.url}/v1`,
    HOLDFAST_AGENT_MODEL: 'fake-model',
    HOLDFAST_AGENT_API_KEY: 'k',
    KEY_OF_TOOLS: SECRET,
  })
  const made = await gateway.run('sessions', 'ensure', 'with-tools', '-a', AGENT, '--mcp', 'tools')
  expect(made).toMatchObject({ code: 0, stderr: '' })
  expect(await gateway.ask('with-tools', '@call tools__add {"a":2,"b":40}')).toMatchObject({ state: 'completed' })
  expect(await gateway.text('with-tools')).toContain('42')

  const shown = await gateway.run('sessions', 'set', 'with-tools', '--mcp', 'none')
  expect([shown.code, shown.stdout]).toEqual([0, expect.not.stringContaining('mcp servers')])
  await gateway.ask('with-tools', '@call tools__add {"a":2,"b":41}')
  expect(await gateway.text('with-tools')).not.toContain('43')

  const unknown = await gateway.run('sessions', 'set', 'with-tools', '--mcp', 'other')
  expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('no MCP server other')])
  const refused = await gateway.run('sessions', 'set', 'with-tools', '--add-dir', 'not-there')
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('not-there does not exist')])
  const session = await gateway.client.getSession('with-tools')
  const everything = JSON.stringify([session, await gateway.events('with-tools'), gateway.output])
  expect(everything).toContain('equipment.changed')
  expect(everything).not.toContain(SECRET)
})
