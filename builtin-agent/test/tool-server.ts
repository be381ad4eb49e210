// A tool server for tests, by the official library: on stdio, or with `--http` on a loopback port that it prints.
// Tools: `add` (reads only), `note` (has an effect), `env` (its environment), `word` (a word that nobody can guess).

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { z } from 'zod'

function buildServer(): McpServer {
  const server = new McpServer({ name: 'test-tools', version: '1' })
  const text = (value: string): { content: [{ type: 'text'; text: string }] } => ({
    content: [{ type: 'text', text: value }],
  })
  const numbers = { a: z.number(), b: z.number() }
  const readOnly = { annotations: { readOnlyHint: true } }
  server.registerTool('add', { description: 'Adds', inputSchema: numbers, ...readOnly }, ({ a, b }) => text(`${a + b}`))
  server.registerTool('note', { description: 'Notes', inputSchema: { text: z.string() } }, (input) => text(input.text))
  server.registerTool('word', { description: 'Tells its word', inputSchema: {}, ...readOnly }, () =>
    text('the word is tangerine'),
  )
  server.registerTool('env', { description: 'Its environment' }, () => text(JSON.stringify(process.env)))
  return server
}

if (process.argv.includes('--http')) {
  const http = createServer((request, response) => {
    const transport = new StreamableHTTPServerTransport({})
    response.once('close', () => void transport.close())
    void buildServer()
      .connect(transport)
      .then(() => transport.handleRequest(request, response))
  })
  http.listen(0, '127.0.0.1', () => console.log((http.address() as AddressInfo).port))
} else {
  await buildServer().connect(new StdioServerTransport())
}
