// What is said of a session in every way to open it, over the whole way to the line that the agent reads.

import { expect, test } from 'vitest'

import { isJsonObject } from '../base/json.ts'
import type { JsonObject } from '../base/json.ts'
import { connectWith, FakeProcess, polite } from '../../test/_support/fake-process.ts'
import type { AgentEquipment } from './equipment.ts'

const STDIO = { name: 'files', command: '/bin/files', args: [], env: [] }
const HTTP = { type: 'http', name: 'web', url: 'https://x.test', headers: [{ name: 'a', value: 'secret' }] }
const EQUIPMENT: AgentEquipment = {
  mcpServers: [STDIO, HTTP],
  directories: ['/more', '/other'],
  meta: { vendor: { options: 1 } },
}
const GATES = { mcpCapabilities: { http: true }, sessionCapabilities: { additionalDirectories: {} } }

const gone = (message: JsonObject, self: FakeProcess): void =>
  self.tell({ jsonrpc: '2.0', id: message['id'] ?? null, error: { code: -32_002, message: 'gone' } })

test('C-20 C-22 MCP servers and directories are complete in each way to open a session', async () => {
  const sessionCapabilities = { resume: {}, fork: {}, additionalDirectories: {} }
  const process = new FakeProcess(polite(gone, { ...GATES, loadSession: true, sessionCapabilities }))
  await connectWith(process, { resume: 's-old', whenLost: 'fork', equipment: EQUIPMENT }).catch(() => undefined)
  const fresh = new FakeProcess(polite(undefined, GATES))
  await connectWith(fresh, { equipment: EQUIPMENT })
  const opened = [...process.sent, ...fresh.sent].filter(({ method }) => method !== 'initialize')
  expect(opened.map(({ method }) => method)).toEqual(['session/resume', 'session/load', 'session/fork', 'session/new'])
  for (const { params } of opened) {
    const { sessionId: _, ...said } = isJsonObject(params) ? params : {}
    expect(said).toEqual({
      cwd: '/work',
      mcpServers: [STDIO, HTTP],
      additionalDirectories: ['/more', '/other'],
      _meta: { vendor: { options: 1 } },
    })
  }
})

test.each([
  ['C-21 an http server', { mcpServers: [HTTP] }, { mcpCapabilities: { sse: true } }, 'MCP server web (http)'],
  [
    'C-21 an sse server',
    { mcpServers: [{ ...HTTP, type: 'sse' }] },
    { mcpCapabilities: { http: true } },
    'MCP server web (sse)',
  ],
  ['C-22 a further directory', { directories: ['/more'] }, {}, 'additional directories'],
])(
  '%s that the agent did not advertise ends the start, and nothing of it is sent',
  async (_, part, capabilities, what) => {
    const process = new FakeProcess(polite(undefined, capabilities))
    const equipment = { ...EQUIPMENT, mcpServers: [], directories: [], ...part }
    const refusal = await connectWith(process, { equipment }).catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code: 'EQUIPMENT_UNSUPPORTED', details: { agent: 'fake', what } })
    expect(process.sent.map(({ method }) => method)).toEqual(['initialize'])
    expect(JSON.stringify(refusal)).not.toContain('secret')
  },
)
