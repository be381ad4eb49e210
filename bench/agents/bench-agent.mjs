// An ACP agent as small as one can be: ndjson on stdio, no dependency, nothing stored. Every side of the benchmark runs it.
// Prompts: `turn` = one update; `stream N` = N updates, one write each; `stream N B` = the same, B updates to a write.

import { writeSync } from 'node:fs'

/** 161 bytes with its line feed: the envelope alone takes 156. */
const UPDATE = `${JSON.stringify({
  jsonrpc: '2.0',
  method: 'session/update',
  params: {
    sessionId: 'b',
    update: { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'abcd ' } },
  },
})}\n`

const RESULTS = {
  initialize: {
    protocolVersion: 1,
    agentInfo: { name: 'bench-agent', version: '1.0.0' },
    agentCapabilities: { loadSession: true },
    authMethods: [],
  },
  'session/new': { sessionId: 'b' },
  'session/load': {},
}

/** Each `write` is one system call: process.stdout would gather what a tight loop writes, which no real agent can. */
function write(text) {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length;) at += writeSync(1, bytes, at)
}

function stream(count, batch) {
  const full = UPDATE.repeat(batch)
  for (let left = count; left > 0; left -= batch) write(left >= batch ? full : UPDATE.repeat(left))
}

function runPrompt(id, blocks) {
  const text = blocks.find((block) => block.type === 'text')?.text ?? ''
  const [, count = '1', batch = '1'] = /^stream (\d+)(?: (\d+))?/.exec(text) ?? []
  stream(Number(count), Number(batch))
  answer({ id, result: { stopReason: 'end_turn' } })
}

function answer(message) {
  write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
}

function take(line) {
  const { id, method, params } = JSON.parse(line)
  if (id === undefined || method === undefined) return
  if (method === 'session/prompt') return runPrompt(id, params.prompt)
  const result = RESULTS[method]
  if (result !== undefined) return answer({ id, result })
  answer({ id, error: { code: -32601, message: `Method not found: ${method}` } })
}

let rest = ''
process.stdin.setEncoding('utf8')
process.stdin.on('data', (chunk) => {
  const lines = (rest + chunk).split('\n')
  rest = lines.pop() ?? ''
  for (const line of lines) if (line !== '') take(line)
})
