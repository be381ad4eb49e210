// session/set_mode, session/set_config_option and the older session/set_model: options of the session, whoever set them. A living agent
// has taken them when the answer comes; for any other they hold from its start.

import type { Json, JsonObject } from '../base/json.ts'
import type { SessionStatus } from '../session/service.ts'
import { changeOf, valueOf } from './choices.ts'
import type { ChoicesView } from './choices.ts'
import type { Editor, Outcome } from './methods.ts'
import { choicesFor } from './open-session.ts'
import { sessionIdParam, textParam } from './params.ts'
import { invalidParams, sessionNotFound } from './rpc-errors.ts'

/** F-26 */
export async function setMode(editor: Editor, params: JsonObject): Promise<Outcome> {
  const { status, choices } = await readSession(editor, params)
  const mode = textParam(params, 'modeId')
  const offered = (choices.modes?.['availableModes'] ?? []) as JsonObject[]
  if (!offered.some(({ id }) => id === mode))
    throw invalidParams('modeId is not one of the modes', { offered: ids(offered, 'id') })
  await change(editor, status, { mode })
  return { kind: 'answer', result: {} }
}

export async function setModel(editor: Editor, params: JsonObject): Promise<Outcome> {
  const { status, choices } = await readSession(editor, params)
  const option = choices.configOptions?.find(({ category }) => category === 'model')
  const model = option && valueOf(option, textParam(params, 'modelId'))
  if (model === undefined) throw invalidParams('modelId is not one of the models')
  await change(editor, status, { model })
  return { kind: 'answer', result: {} }
}

/** F-27 */
export async function setConfigOption(editor: Editor, params: JsonObject): Promise<Outcome> {
  const { status, choices } = await readSession(editor, params)
  const configId = textParam(params, 'configId')
  const option = choices.configOptions?.find(({ id }) => id === configId)
  if (option === undefined) {
    throw invalidParams('configId is not one of the options', { offered: ids(choices.configOptions ?? [], 'id') })
  }
  if (option['type'] === 'boolean' && params['type'] !== 'boolean') throw invalidParams('type is not boolean')
  const value = valueOf(option, params['value'])
  if (value === undefined) throw invalidParams('value is not one of the option')
  const after = await change(editor, status, changeOf(option, value))
  return { kind: 'answer', result: { configOptions: after.configOptions ?? [] } }
}

async function readSession(
  editor: Editor,
  params: JsonObject,
): Promise<{ readonly status: SessionStatus; readonly choices: ChoicesView }> {
  const id = sessionIdParam(params)
  const status = await editor.service.get(id)
  if (status.session.state !== 'open') throw sessionNotFound(id)
  return { status, choices: await choicesFor(editor, status) }
}

async function change(editor: Editor, { session }: SessionStatus, options: JsonObject): Promise<ChoicesView> {
  const status = await editor.service.change(session.id, { options })
  const choices = await choicesFor(editor, status)
  editor.sessions.get(session.id)?.state.wasTold(choices)
  return choices
}

function ids(items: readonly JsonObject[], name: string): Json {
  return items.map((item) => item[name] ?? null)
}
