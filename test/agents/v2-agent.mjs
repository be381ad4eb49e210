// An agent of ACP v2 on the official SDK, a peer that knows nothing of us. `@tool`, `@stream N MS`, `@fail` in the prompt say what it does.
// Keeps its sessions in `--state=DIR`, so that a later process can go on with them.

import { readFileSync, writeFileSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'

import { agent, ndJsonStream, RequestError } from '@agentclientprotocol/sdk/experimental/v2'

const STATE = process.argv.find((word) => word.startsWith('--state='))?.slice('--state='.length) ?? '.'
const OPTIONS = [
  { value: 'small', name: 'Small' },
  { value: 'large', name: 'Large' },
]
/** By id: what was said, and the model. */
const sessions = new Map()
const cancels = new Map()

const file = (id) => join(STATE, `v2-${id}.json`)
const text = (words) => ({ type: 'text', text: words })
const base64 = (words) => Buffer.from(words).toString('base64')

function save(id) {
  writeFileSync(file(id), JSON.stringify(sessions.get(id)))
}

function load(id) {
  if (sessions.has(id)) return sessions.get(id)
  try {
    sessions.set(id, JSON.parse(readFileSync(file(id), 'utf8')))
  } catch {
    throw RequestError.resourceNotFound(id)
  }
  return sessions.get(id)
}

function configOptions({ model }) {
  return [
    { configId: 'model', name: 'Model', category: 'model', type: 'select', currentValue: model, options: OPTIONS },
  ]
}

/** What one turn says, in the order of the protocol: inserted, running, work, idle. */
class Turn {
  constructor(client, sessionId, prompt) {
    this.client = client
    this.sessionId = sessionId
    this.prompt = prompt
    this.messageId = randomUUID()
    this.abort = new AbortController()
  }

  tell(sessionUpdate, fields) {
    return this.client.notify('session/update', { sessionId: this.sessionId, update: { sessionUpdate, ...fields } })
  }

  say(words) {
    this.said = (this.said ?? '') + words
    return this.tell('agent_message_chunk', { messageId: `${this.messageId}-a`, content: text(words) })
  }

  async run() {
    const words = this.prompt.map((block) => block.text ?? '').join('')
    await this.tell('user_message', { messageId: this.messageId, content: this.prompt })
    await this.tell('state_update', { state: 'running' })
    try {
      await this.work(words)
      await this.end({ stopReason: 'end_turn' })
    } catch (error) {
      if (this.abort.signal.aborted) await this.end({ stopReason: 'cancelled' })
      else await this.end({ stopReason: 'error', error: { code: -32603, message: String(error.message) } })
    }
  }

  async end(state) {
    sessions.get(this.sessionId).said.push(this.said ?? '')
    save(this.sessionId)
    await this.tell('agent_message', { messageId: `${this.messageId}-a`, content: [text(this.said ?? '')] })
    await this.tell('state_update', { state: 'idle', ...state })
    await this.tell('state_update', { state: 'idle', ...state })
  }

  async work(words) {
    const [, count, ms] = /@stream (\d+) (\d+)/.exec(words) ?? []
    if (words.includes('@fail')) throw new Error('the model is away')
    if (words.includes('@tool')) await this.useTool()
    else if (words.includes('@recall')) await this.say(sessions.get(this.sessionId).said.join('|'))
    else if (count === undefined) await this.say(`You said: ${words}`)
    else await this.stream(Number(count), Number(ms))
  }

  async stream(count, ms) {
    for (let no = 1; no <= count; no++) {
      await this.say(`chunk ${no} `)
      await pause(ms, undefined, { signal: this.abort.signal })
    }
  }

  async useTool() {
    const toolCallId = `${this.messageId}-t`
    const update = (fields) => this.tell('tool_call_update', { toolCallId, ...fields })
    await update({ title: 'Run ls', kind: 'execute', status: 'pending', rawInput: { command: 'ls' } })
    await this.tell('state_update', { state: 'requires_action' })
    const { outcome } = await this.client.request('session/request_permission', {
      sessionId: this.sessionId,
      title: 'Run ls?',
      description: 'To see what is there.',
      subject: { type: 'tool_call', toolCall: { toolCallId } },
      options: [
        { optionId: 'yes', name: 'Yes', kind: 'allow_once' },
        { optionId: 'no', name: 'No', kind: 'reject_once' },
      ],
    })
    await this.tell('state_update', { state: 'running' })
    if (outcome.outcome !== 'selected' || outcome.optionId !== 'yes') {
      await update({ status: 'cancelled' })
      await this.say('not allowed')
      return
    }
    await update({ status: 'in_progress', content: [{ type: 'terminal', terminalId: 'term' }] })
    await this.tell('terminal_output_chunk', { terminalId: 'term', data: base64('a.txt\n') })
    await this.tell('terminal_update', { terminalId: 'term', exitStatus: { exitCode: 0 } })
    await update({ status: 'completed' })
    await this.say('listed')
  }
}

/** A current state goes before every answer to a resume. */
async function resume({ params, client }) {
  const { sessionId, replayFrom } = params
  const session = load(sessionId)
  const tell = (update) => client.notify('session/update', { sessionId, update })
  const said = replayFrom == null ? [] : session.said
  for (const [no, words] of said.entries())
    await tell({ sessionUpdate: 'agent_message', messageId: `old-${no}`, content: [text(words)] })
  await tell({ sessionUpdate: 'state_update', state: 'idle', stopReason: 'end_turn' })
  return { configOptions: configOptions(session) }
}

agent({ name: 'v2-agent' })
  .onRequest('initialize', () => ({
    protocolVersion: 2,
    info: { name: 'v2-agent', version: '1.0.0' },
    capabilities: { session: {} },
  }))
  .onRequest('session/new', () => {
    const sessionId = randomUUID()
    sessions.set(sessionId, { said: [], model: 'small' })
    save(sessionId)
    return { sessionId, configOptions: configOptions(sessions.get(sessionId)) }
  })
  .onRequest('session/resume', resume)
  .onRequest('session/list', () => ({ sessions: [] }))
  .onRequest('session/close', () => ({}))
  .onRequest('session/set_config_option', ({ params }) => {
    const session = load(params.sessionId)
    if (!OPTIONS.some(({ value }) => value === params.value)) throw RequestError.invalidParams()
    session.model = params.value
    save(params.sessionId)
    return { configOptions: configOptions(session) }
  })
  .onRequest('session/prompt', ({ params, client }) => {
    const turn = new Turn(client, params.sessionId, params.prompt)
    cancels.set(params.sessionId, turn.abort)
    setImmediate(() => turn.run())
    return { messageId: turn.messageId }
  })
  .onNotification('session/cancel', ({ params }) => cancels.get(params.sessionId)?.abort())
  .connect(ndJsonStream(Writable.toWeb(process.stdout), Readable.toWeb(process.stdin)))
