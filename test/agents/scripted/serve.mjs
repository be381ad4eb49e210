// Which method does what. Every message is journalled before anything is done about it.

import { initialize } from './handshake.mjs'
import {
  closeSession,
  deleteSession,
  forkSession,
  listSessions,
  loadSession,
  newSession,
  resumeSession,
  setConfigOption,
  setMode,
} from './lifecycle.mjs'
import { NO_ANSWER, Refusal } from './refusal.mjs'
import { Login } from './login.mjs'
import { Sessions } from './sessions.mjs'
import { cancelTurns, startTurn } from './turn.mjs'

/** Each is `(agent, params, id) => result`, may be async, throws a Refusal for an error answer. */
const METHODS = {
  initialize,
  'session/new': newSession,
  'session/load': loadSession,
  'session/resume': resumeSession,
  'session/fork': forkSession,
  'session/close': closeSession,
  'session/delete': deleteSession,
  'session/list': listSessions,
  'session/set_mode': setMode,
  'session/set_config_option': setConfigOption,
  'session/prompt': startTurn,
  authenticate,
  logout: ({ login }) => login.logOut(),
}

function authenticate({ flags, login }, { methodId }) {
  if (flags.auth === 'hang') return NO_ANSWER
  if (flags.auth === 'error') throw new Refusal(-32603, 'the page said no')
  return login.authenticate(methodId)
}

export function serve(wire, flags, journal) {
  const agent = { wire, flags, journal, sessions: new Sessions(flags.state), login: new Login(flags) }
  wire.onUnasked = ({ id }) => journal('unasked', { id })
  wire.listen(({ id, method, params = {} }) => {
    if (method === 'session/cancel') cancelTurns(agent, params)
    else if (method !== 'session/prompt') journal('message', { id, method, params })
    if (id !== undefined) void answer(agent, id, method, params)
  })
}

/** An answer of a method that is not async leaves before the next message is looked at. */
async function answer(agent, id, method, params) {
  try {
    const run = METHODS[method]
    if (!run) throw new Refusal(-32601, 'Method not found', { method })
    const pending = run(agent, params, id)
    const result = pending instanceof Promise ? await pending : pending
    if (result !== NO_ANSWER) agent.wire.respond(id, result)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    agent.wire.fail(id, error.code, error.message, error.data)
  }
}
