// What is agreed between a session and its agent, to wire: options, controls, conversation.

import { equipmentView } from '../session/equipment/change-equipment.ts'
import { LOGIN_ACTIONS, loginCommand } from '../session/terms/login.ts'
import { offersOf } from '../session/terms/offers.ts'
import type { SessionStatus } from '../session/service.ts'
import type { EquipmentView } from '../wire/equipment.ts'
import type { ControlsView, OptionsView } from '../wire/options.ts'
import type { NeededLogin, SessionDetail, SessionView } from '../wire/session.ts'

type SessionRecord = SessionStatus['session']
type TermsView = Pick<
  SessionView,
  | 'agent_session_id'
  | 'agent_session_state'
  | 'agent_session_source'
  | 'title'
  | 'continuity'
  | 'options'
  | 'blocked'
  | keyof EquipmentView
>

export function termsView(session: SessionRecord): TermsView {
  const { continuity, title, options, conversation } = session.terms
  const id = conversation.anew === undefined ? session.agentSessionId : undefined
  return {
    agent_session_id: id ?? null,
    agent_session_state: id === undefined ? 'pending' : 'resolved',
    agent_session_source: id === undefined || conversation.source === 'forking' ? null : (conversation.source ?? null),
    title: title ?? null,
    continuity,
    options: optionsView(options),
    ...equipmentView(session.terms.equipment),
    blocked: blockedView(session),
  }
}

/** Null: it waits for no login. */
export function neededLoginView({ id, agent, terms }: SessionRecord): NeededLogin | null {
  if (terms.login === undefined) return null
  const { methods, reason, isElsewhere } = terms.login
  const command = loginCommand({ agent, sessionId: id, isElsewhere })
  return { agent, methods: [...methods], reason: reason ?? null, elsewhere: isElsewhere, command }
}

/** What somebody has to decide, and what can be decided. */
function blockedView(session: SessionRecord): SessionView['blocked'] {
  const { blockedBy, terms } = session
  if (blockedBy === undefined) return null
  const login = neededLoginView(session)
  if (login !== null) return { turn_id: blockedBy, reason: 'login_required', actions: [...LOGIN_ACTIONS], login }
  if (!terms.conversation.isLost)
    return { turn_id: blockedBy, reason: 'interrupted', actions: ['continue', 'retry', 'discard'] }
  return { turn_id: blockedBy, reason: 'conversation_lost', actions: ['fresh', 'retry', 'discard'] }
}

function optionsView({
  mode,
  model,
  thinking,
  config,
  turnTimeoutSeconds,
}: SessionRecord['terms']['options']): OptionsView {
  return {
    mode: mode ?? null,
    model: model ?? null,
    thinking: thinking ?? null,
    config: { ...config },
    turn_timeout_seconds: turnTimeoutSeconds ?? null,
  }
}

/** Null until an agent of the session has said what it offers. */
export function controlsView(session: SessionRecord): SessionDetail['controls'] {
  const offers = offersOf(session)
  if (offers === undefined) return null
  const { modes, models, config = [] } = offers
  return { modes: choicesView(modes), models: choicesView(models), config: config.map(configView) }
}

type Offers = NonNullable<ReturnType<typeof offersOf>>

function choicesView(choices: Offers['modes']): ControlsView['modes'] {
  return choices === undefined ? null : { current: choices.current ?? null, available: [...choices.available] }
}

function configView(option: NonNullable<Offers['config']>[number]): ControlsView['config'][number] {
  const { id, name, category, type, current } = option
  const available = option.type === 'select' ? [...option.available] : []
  return { id, name, category: category ?? null, type, current, available }
}
