// new, load (with replay), resume (without), fork (of anything), close, modes and config options of a session.

import { NO_ANSWER, Refusal } from './refusal.mjs'
import { cancelTurns } from './turn.mjs'

export function newSession({ flags, journal, sessions, login }, { cwd }) {
  if (flags.new === 'hang') return NO_ANSWER
  if (flags.new === 'error') throw new Refusal(-32603, 'session/new failed on purpose')
  if (flags.new === 'auth') throw new Refusal(-32000, 'Please log in first')
  login.require()
  const session = sessions.create(cwd)
  journal('new', { sessionId: session.id, cwd })
  return { sessionId: session.id, ...options(flags, session) }
}

export function loadSession(agent, params) {
  const { wire, flags, journal } = agent
  agent.login.require()
  if (flags['no-load']) throw new Refusal(-32601, 'Method not found')
  if (flags.load === 'hang') return NO_ANSWER
  if (flags.load === 'error') throw new Refusal(-32603, 'session/load failed on purpose')
  const session = reopen(agent, params)
  journal('load', { sessionId: session.id, messages: session.history.length })
  for (const { role, text } of session.history) {
    const sessionUpdate = role === 'user' ? 'user_message_chunk' : 'agent_message_chunk'
    const update = { sessionUpdate, content: { type: 'text', text } }
    void wire.notify('session/update', { sessionId: session.id, update })
  }
  return options(flags, session)
}

export function resumeSession(agent, params) {
  const { flags, journal } = agent
  if (!flags.resume) throw new Refusal(-32601, 'Method not found')
  const session = reopen(agent, params)
  journal('resume', { sessionId: session.id, messages: session.history.length })
  return options(flags, session)
}

export function forkSession(agent, params) {
  const { flags, journal, sessions } = agent
  if (!flags.fork) throw new Refusal(-32601, 'Method not found')
  const source = reopen(agent, params)
  const session = sessions.create(params.cwd)
  for (const { role, text } of source.history) sessions.remember(session, role, text)
  journal('fork', { from: params.sessionId, sessionId: session.id })
  return { sessionId: session.id, ...options(flags, session) }
}

/** Two to a page. */
export function listSessions({ flags, sessions }, { cursor }) {
  if (!flags.list) throw new Refusal(-32601, 'Method not found')
  const from = cursor === undefined ? 0 : Number(cursor)
  const all = sessions.known()
  const next = from + 2 < all.length ? { nextCursor: String(from + 2) } : {}
  return { sessions: all.slice(from, from + 2), ...next }
}

export function closeSession(agent, { sessionId }) {
  const { flags, journal, sessions } = agent
  if (flags['no-close']) throw new Refusal(-32601, 'Method not found')
  cancelTurns(agent, { sessionId })
  if (!sessions.close(sessionId)) throw unknown(sessionId)
  journal('close', { sessionId })
  return {}
}

/** Of any session, also of one that never was. */
export function deleteSession({ flags, journal, sessions }, { sessionId }) {
  if (!flags.delete) throw new Refusal(-32601, 'Method not found')
  if (flags.delete === 'keeps') return {}
  if (!sessions.remove(sessionId)) throw unknown(sessionId)
  journal('delete', { sessionId })
  return {}
}

export function setMode({ flags, sessions }, { sessionId, modeId }) {
  const session = sessions.get(sessionId)
  if (!session) throw unknown(sessionId)
  if (!flags.modes || !['ask', 'code'].includes(modeId)) throw new Refusal(-32602, 'Unknown mode')
  session.mode = modeId
  return {}
}

export function setConfigOption({ flags, sessions }, { sessionId, configId, value }) {
  const session = sessions.get(sessionId)
  if (!session) throw unknown(sessionId)
  const known = flags.config && configId === 'model' && ['small', 'large'].includes(value)
  if (!known) throw new Refusal(-32602, 'Unknown config option or value')
  session.model = value
  return { configOptions: configOptions(session) }
}

export function unknown(sessionId) {
  return new Refusal(-32002, 'Resource not found', { sessionId })
}

function reopen({ sessions }, { sessionId, cwd }) {
  const session = sessions.reopen(sessionId, cwd)
  if (!session) throw unknown(sessionId)
  return session
}

function options(flags, session) {
  const modes = ['ask', 'code'].map((mode) => ({ id: mode, name: mode }))
  return {
    ...(flags.modes ? { modes: { currentModeId: session.mode, availableModes: modes } } : {}),
    ...(flags.config ? { configOptions: configOptions(session) } : {}),
  }
}

function configOptions({ model }) {
  const choices = ['small', 'large'].map((value) => ({ value, name: value }))
  return [{ id: 'model', name: 'Model', category: 'model', type: 'select', currentValue: model, options: choices }]
}
