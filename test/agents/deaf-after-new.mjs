// Opens its session as an agent should, then never reads its stdin again.

import { createInterface } from 'node:readline'

const RESULTS = {
  initialize: { protocolVersion: 1, agentCapabilities: {} },
  'session/new': { sessionId: 'deaf' },
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method } = JSON.parse(line)
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, result: RESULTS[method] ?? {} })}\n`)
  if (method === 'session/new') process.stdin.pause()
})
setInterval(() => {}, 60_000)
