// The MCP servers of the configuration file: what is taken, and what is said of what is not.

import { expect, test } from 'vitest'

import { mcpServerEntry, readMcpServer } from './mcp-servers.ts'

const place = { origin: 'file', name: '/c.jsonc', placeOf: () => undefined } as const

test('a command and an address are given to agents as ACP has them, with values of the environment', () => {
  const own = { TOKEN: 'tok', HEADER: 'Bearer tok' }
  const command = readMcpServer(
    'files',
    { command: ['files', '--all'], env: { A: 'plain', B: 'env:TOKEN', C: 'env:MISSING' } },
    place,
  )
  expect(mcpServerEntry(own, command)).toEqual({
    name: 'files',
    command: 'files',
    args: ['--all'],
    env: [
      { name: 'A', value: 'plain' },
      { name: 'B', value: 'tok' },
    ],
  })
  const address = readMcpServer('web', { url: 'https://x.test/mcp', headers: { Authorization: 'env:HEADER' } }, place)
  expect(mcpServerEntry(own, address)).toEqual({
    type: 'http',
    name: 'web',
    url: 'https://x.test/mcp',
    headers: [{ name: 'Authorization', value: 'Bearer tok' }],
  })
  expect(readMcpServer('old', { url: 'http://x.test', type: 'sse' }, place)).toMatchObject({ type: 'sse' })
})

test.each([
  ['x', 'sekret', 'mcpServers.x must be an object'],
  ['x', {}, 'mcpServers.x must have either a command or a url'],
  ['x', { command: ['a'], url: 'https://sekret' }, 'mcpServers.x must have either a command or a url'],
  ['x', { command: 'sekret' }, 'mcpServers.x.command must be a list of texts'],
  ['x', { command: ['a'], headers: {} }, 'mcpServers.x.headers is not known'],
  ['x', { command: ['a'], envs: {} }, 'mcpServers.x.envs is not known (did you mean env?)'],
  ['x', { command: ['a'], env: { 'A B': 'sekret' } }, 'mcpServers.x.env.A B is not the name of a variable'],
  ['x', { command: ['a'], env: { LD_PRELOAD: 'sekret' } }, 'mcpServers.x.env.LD_PRELOAD is never given to an agent'],
  ['x', { command: ['a'], env: { A: 1 } }, 'mcpServers.x.env.A must be a text of one line'],
  ['x', { url: 'file:///sekret' }, 'mcpServers.x.url must be an address with http or https'],
  ['x', { url: 'https://a', type: 'stdio' }, 'mcpServers.x.type must be http or sse'],
  ['x', { url: 'https://a', headers: { 'a b': 'sekret' } }, 'mcpServers.x.headers.a b is not the name of a header'],
  ['x', { url: 'https://a', headers: { a: 'x\r\nsekret: 1' } }, 'mcpServers.x.headers.a must be a text of one line'],
  ['none', { command: ['a'] }, 'mcpServers.none cannot be named none'],
  ['a b', { command: ['a'] }, 'mcpServers.a b has a name'],
])('%s: %j is refused by its key, without its values', (name, json, message) => {
  const refuse = (): unknown => readMcpServer(name, json, place)
  expect(refuse).toThrow(message)
  expect(refuse).not.toThrow(/sekret/)
})
