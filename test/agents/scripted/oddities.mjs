// Directives that send every kind of update, known and unknown, correct and hostile.

const PLAN = ['Look around', 'Change the file', 'Say what was done']

export const oddities = {
  thought: (turn, words) => turn.update(chunk('agent_thought_chunk', words.join(' '))),

  /** @plan [DONE]: a plan of three entries, the first so many completed. */
  plan(turn, [done = '0']) {
    const status = (n) => (n < Number(done) ? 'completed' : n === Number(done) ? 'in_progress' : 'pending')
    const entries = PLAN.map((content, n) => ({ content, priority: 'medium', status: status(n) }))
    return turn.update({ sessionUpdate: 'plan', entries })
  },

  /** @tool TITLE: a tool call that runs and completes with a diff. */
  async tool(turn, words) {
    const toolCallId = `tool-${turn.id}`
    const title = words.join(' ') || 'Edit notes.txt'
    await turn.update({ sessionUpdate: 'tool_call', toolCallId, title, kind: 'edit', status: 'in_progress' })
    const content = [{ type: 'diff', path: `${turn.session.cwd}/notes.txt`, oldText: null, newText: 'notes\n' }]
    await turn.update({ sessionUpdate: 'tool_call_update', toolCallId, status: 'completed', content })
  },

  /** A tool call that is never finished. */
  'tool-open': (turn) =>
    turn.update({
      sessionUpdate: 'tool_call',
      toolCallId: `open-${turn.id}`,
      title: 'Run tests',
      kind: 'execute',
      status: 'in_progress',
    }),

  usage: (turn, [used = '100', size = '1000']) =>
    turn.update({ sessionUpdate: 'usage_update', used: Number(used), size: Number(size) }),

  title: (turn, words) => turn.update({ sessionUpdate: 'session_info_update', title: words.join(' ') }),

  commands: (turn, names) =>
    turn.update({
      sessionUpdate: 'available_commands_update',
      availableCommands: names.map((name) => ({ name, description: `Runs ${name}` })),
    }),

  /** An update variant and enum values of a later protocol version. */
  async unknown(turn) {
    await turn.update({ sessionUpdate: 'hologram_update', shape: 'cube', _meta: { kept: true } })
    await turn.update({
      sessionUpdate: 'tool_call',
      toolCallId: `new-${turn.id}`,
      title: 'T',
      kind: 'teleport',
      status: 'paused',
    })
  },

  /** Updates without their essentials, and one for a session that does not exist. */
  async malformed(turn) {
    await turn.wire.notify('session/update', { update: { sessionUpdate: 'plan', entries: [] } })
    await turn.wire.notify('session/update', { sessionId: turn.session.id, update: 'text' })
    await turn.wire.notify('session/update', { sessionId: 'nobody', update: chunk('agent_message_chunk', 'lost ') })
  },

  /** Keys that pollute prototypes in careless readers. */
  async proto(turn) {
    const poison = '{"__proto__":{"polluted":"yes"},"constructor":{"prototype":{"polluted":"yes"}}}'
    const update = `{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"proto "},"_meta":${poison},"__proto__":{"polluted":"yes"}}`
    const params = `{"__proto__":{"polluted":"yes"},"sessionId":${JSON.stringify(turn.session.id)},"update":${update}}`
    await turn.wire.raw(`{"jsonrpc":"2.0","method":"session/update","params":${params}}\n`)
  },

  /** Invalid UTF-8 within a correct line; then NUL, lone surrogates and line separators, escaped. */
  async 'bad-utf8'(turn) {
    const [head, tail] = JSON.stringify(message(turn, 'bad >|< utf8 ')).split('|')
    await turn.wire.raw(
      Buffer.concat([Buffer.from(head), Buffer.from([0xff, 0xc3, 0x28, 0xed, 0xa0, 0x80]), Buffer.from(`${tail}\n`)]),
    )
    await turn.say('nul \u0000 lone \ud800 low \udc00 sep \u2028 ')
  },

  /** Escape sequences, HTML and bidi controls in text, title and file name. */
  async evil(turn) {
    const text = '\u001b[31mred\u001b[0m \u001b]52;c;b3duZWQ=\u0007 <script>alert(1)</script> \u202egnp.exe '
    await turn.say(text)
    const locations = [{ path: `${turn.session.cwd}/${text.trim()}` }]
    await turn.update({
      sessionUpdate: 'tool_call',
      toolCallId: `evil-${turn.id}`,
      title: text,
      kind: 'edit',
      status: 'completed',
      locations,
    })
  },

  /** Half a line, then silence for ever. */
  async half(turn) {
    await turn.wire.raw(JSON.stringify(message(turn, 'half')).slice(0, 60))
    await new Promise(() => {})
  },

  /** A request that no client knows. */
  async 'unknown-request'(turn) {
    const { error } = await turn.call('_scripted/unknown', {})
    await turn.say(`unknown request: ${error?.code ?? 'answered'} `)
  },
}

function chunk(sessionUpdate, text) {
  return { sessionUpdate, content: { type: 'text', text } }
}

function message(turn, text) {
  const params = { sessionId: turn.session.id, update: chunk('agent_message_chunk', text) }
  return { jsonrpc: '2.0', method: 'session/update', params }
}
