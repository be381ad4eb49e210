// MCP servers as editors name them, and as agents are given them.

import { expect, test } from 'vitest'

import type { Json } from '../base/json.ts'
import { narrowMcpServers } from './mcp-servers.ts'

test.each<[string, Json, Json]>([
  [
    'stdio with a type and no lists',
    { type: 'stdio', name: 'a', command: '/a' },
    { name: 'a', command: '/a', args: [], env: [] },
  ],
  [
    'stdio as v1 has it, with what nobody knows',
    { name: 'a', command: '/a', args: ['-v'], env: [{ name: 'K', value: 'v' }], _meta: { x: 1 } },
    { _meta: { x: 1 }, name: 'a', command: '/a', args: ['-v'], env: [{ name: 'K', value: 'v' }] },
  ],
  [
    'http without headers',
    { type: 'http', name: 'a', url: 'https://a' },
    { type: 'http', name: 'a', url: 'https://a', headers: [] },
  ],
])('C-20 %s is written exactly', (_, given, entry) => {
  const narrowed = narrowMcpServers([given])
  expect(narrowed.kind === 'usable' && narrowed.servers[0]?.entry).toEqual(entry)
})

test('F-13 no MCP servers are none', () => {
  for (const none of [undefined, null, []]) expect(narrowMcpServers(none)).toEqual({ kind: 'usable', servers: [] })
})

test.each<[Json, string]>([
  ['x', 'mcpServers is not a list'],
  [['x'], 'mcpServers[0] is not an object'],
  [[{ command: '/secret' }], 'mcpServers[0] has no name'],
  [[{ name: 'a' }], 'mcpServers[0] has no command'],
  [[{ name: 'a', command: '/secret', args: '-v' }], 'mcpServers[0] has args that are not a list of texts'],
  [
    [{ name: 'a', command: '/secret', env: { K: 'secret' } }],
    'mcpServers[0] has an env that is not a list of names and values',
  ],
  [[{ type: 'http', name: 'a', url: 'secret' }], 'mcpServers[0] has no url'],
  [
    [{ type: 'sse', name: 'a', url: 'https://a', headers: [{ name: 'secret' }] }],
    'mcpServers[0] has headers that are not a list of names and values',
  ],
  [
    [{ type: 'acp', name: 'a', id: 'secret' }],
    'mcpServers[0] is of a type that is not known; there are stdio, http and sse',
  ],
  [
    [
      { name: 'a', command: '/a' },
      { name: 'a', command: '/secret' },
    ],
    'mcpServers[1] has the name of another one',
  ],
])('%j is malformed, and the reason holds no value of it', (given, reason) => {
  expect(narrowMcpServers(given)).toEqual({ kind: 'malformed', reason })
  expect(reason).not.toContain('secret')
})
