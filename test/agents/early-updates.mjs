// Sends updates of a session before the answer of the session/new that makes it; else a plain echo agent.

const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
const update = (fields) => send({ method: 'session/update', params: { sessionId: 'early-1', update: fields } })
const text = (value) => ({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: value } })

const METHODS = {
  initialize: (id) => send({ id, result: { protocolVersion: 1, agentCapabilities: {} } }),
  'session/new'(id) {
    update({
      sessionUpdate: 'available_commands_update',
      availableCommands: [{ name: 'early', description: 'Came early' }],
    })
    update({ sessionUpdate: 'session_info_update', title: 'Early title' })
    send({ id, result: { sessionId: 'early-1' } })
  },
  'session/prompt'(id, { prompt }) {
    update(text(`echo: ${prompt.map((block) => block.text).join('')}`))
    send({ id, result: { stopReason: 'end_turn' } })
  },
}

let rest = ''
process.stdin.setEncoding('utf8')
process.stdin.on('data', (chunk) => {
  const lines = (rest + chunk).split('\n')
  rest = lines.pop()
  for (const line of lines) receive(JSON.parse(line))
})
process.stdin.on('end', () => process.exit(0))

function receive({ id, method, params }) {
  if (id === undefined) return
  if (METHODS[method]) METHODS[method](id, params)
  else send({ id, error: { code: -32601, message: 'Method not found' } })
}
