// One prompt turn: runs the directives of the text in order, then answers as they have decided.
// A cancel ends the running directive and skips the rest, unless a directive is deaf to it.

import { directivesOf, DIRECTIVES } from './directives.mjs'
import { NO_ANSWER, Refusal } from './refusal.mjs'

export function startTurn(agent, { sessionId, prompt = [] }, id) {
  const { journal, sessions } = agent
  const text = prompt.map((block) => block.text ?? '').join('\n')
  journal('recv', { id, sessionId, text: text.slice(0, 2000), chars: text.length })
  const session = sessions.get(sessionId)
  if (!session) throw new Refusal(-32002, 'Resource not found', { sessionId })
  if (session.turns.size > 0) journal('overlap', { id, sessionId })
  const turn = new Turn(agent, session, id)
  session.turns.add(turn)
  sessions.remember(session, 'user', text)
  void run(turn, text)
  return NO_ANSWER
}

export function cancelTurns({ journal, sessions }, { sessionId }) {
  const turns = [...(sessions.get(sessionId)?.turns ?? [])]
  journal('cancel', { sessionId, turns: turns.map((turn) => turn.id) })
  for (const turn of turns) turn.cancel()
}

async function run(turn, text) {
  const found = directivesOf(text)
  for (const { name, args } of found) {
    if (!DIRECTIVES[name]) turn.journal('directive-unknown', { id: turn.id, name, args })
  }
  const directives = found.filter(({ name }) => DIRECTIVES[name])
  if (directives.length === 0) await DIRECTIVES.echo(turn, [text])
  for (const { name, args } of directives) {
    if (turn.cancelled) break
    turn.journal('directive', { id: turn.id, name, args })
    await DIRECTIVES[name](turn, args)
  }
  turn.end()
}

export class Turn {
  /** How the answer is given: `once`, `twice`, `never` or `wrong-id`. */
  answer = 'once'
  stopReason = 'end_turn'
  error = undefined
  updatesAfter = 0
  #said = ''
  #abort = new AbortController()

  constructor(agent, session, id) {
    this.wire = agent.wire
    this.journal = agent.journal
    this.agent = agent
    this.session = session
    this.id = id
  }

  get cancelled() {
    return this.#abort.signal.aborted
  }

  get signal() {
    return this.#abort.signal
  }

  cancel() {
    this.#abort.abort()
  }

  /** Waits; true when the time passed, false when the turn was cancelled. */
  wait(ms) {
    return new Promise((resolve) => {
      if (this.cancelled) return resolve(false)
      const timer = setTimeout(() => resolve(true), ms)
      const stop = () => {
        clearTimeout(timer)
        resolve(false)
      }
      this.signal.addEventListener('abort', stop, { once: true })
    })
  }

  say(text) {
    this.#said += text.length > 10_000 ? '…' : text
    return this.update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } })
  }

  update(update) {
    return this.wire.notify('session/update', { sessionId: this.session.id, update })
  }

  call(method, params) {
    return this.wire.call(method, { sessionId: this.session.id, ...params })
  }

  end() {
    this.agent.sessions.remember(this.session, 'agent', this.#said)
    this.session.turns.delete(this)
    if (this.cancelled && this.stopReason === 'end_turn') this.stopReason = 'cancelled'
    this.journal('reply', { id: this.id, answer: this.answer, stopReason: this.stopReason })
    if (this.answer === 'once' || this.answer === 'twice') this.#reply(this.id)
    if (this.answer === 'twice') this.#reply(this.id)
    if (this.answer === 'wrong-id') this.#reply(`wrong-${this.id}`)
    for (let n = 1; n <= this.updatesAfter; n++) void this.say(`after ${n} `)
  }

  #reply(id) {
    if (this.error) this.wire.fail(id, this.error.code, this.error.message)
    else this.wire.respond(id, { stopReason: this.stopReason })
  }
}
