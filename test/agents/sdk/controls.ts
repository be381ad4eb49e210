// What can be chosen in a session: modes, and config options of every type, one of them in groups.

import { RequestError } from '@agentclientprotocol/sdk/unstable'
import type { AgentRequestHandler, SessionConfigOption, SessionModeState } from '@agentclientprotocol/sdk/unstable'
import type { SetSessionConfigOptionRequest, SetSessionConfigOptionResponse } from '@agentclientprotocol/sdk/unstable'
import type { SetSessionModeRequest } from '@agentclientprotocol/sdk/unstable'

import type { KeptSession, KeptSessions } from './kept-sessions.ts'

const MODES = ['ask', 'code']
const CHOICES: Readonly<Record<string, readonly string[]>> = { model: ['small', 'large'], effort: ['low', 'high'] }

const named = (value: string) => ({ value, name: value.toUpperCase(), description: null })

export function modesOf({ mode }: KeptSession): SessionModeState {
  return { currentModeId: mode, availableModes: MODES.map((id) => ({ id, name: id.toUpperCase(), description: null })) }
}

export function configOf({ model, effort, web }: KeptSession): SessionConfigOption[] {
  const groups = [
    { group: 'cheap', name: 'Cheap', options: [named('small')] },
    { group: 'dear', name: 'Dear', options: [named('large')] },
  ]
  const efforts = ['low', 'high'].map(named)
  return [
    { type: 'select', id: 'model', name: 'Model', category: 'model', currentValue: model, options: groups },
    { type: 'select', id: 'effort', name: 'Effort', category: 'thought_level', currentValue: effort, options: efforts },
    { type: 'boolean', id: 'web', name: 'Web', description: null, category: null, currentValue: web },
  ]
}

export class Controls {
  readonly #sessions: KeptSessions

  constructor(sessions: KeptSessions) {
    this.#sessions = sessions
  }

  readonly setMode: AgentRequestHandler<SetSessionModeRequest, void> = ({ params }) => {
    const session = this.#sessions.get(params.sessionId)
    if (!MODES.includes(params.modeId)) throw RequestError.invalidParams({ modeId: params.modeId })
    session.mode = params.modeId
    this.#sessions.keep(session)
  }

  readonly setOption: AgentRequestHandler<SetSessionConfigOptionRequest, SetSessionConfigOptionResponse> = ({
    params,
  }) => {
    const session = this.#sessions.get(params.sessionId)
    const { configId, value } = params
    if (configId === 'web' && typeof value === 'boolean') session.web = value
    else if (CHOICES[configId]?.includes(String(value)) === true)
      session[configId as 'model' | 'effort'] = String(value)
    else throw RequestError.invalidParams({ configId })
    this.#sessions.keep(session)
    return { configOptions: configOf(session) }
  }
}
