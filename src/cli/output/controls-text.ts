// What an agent offers to choose from, as people read it: one line for each name that `sessions set` takes.

import type { ControlsView, ConfigOptionView } from '../../wire/options.ts'
import type { SessionDetail } from '../../wire/session.ts'
import { sessionFacts } from './session-text.ts'
import type { Style } from './style.ts'
import { table } from './table.ts'

/** A session with its controls, if there are any. */
export function sessionDetail(session: SessionDetail, style: Style): string {
  const rows = session.controls === null ? [] : controlRows(session.controls)
  return `${sessionFacts(session, style)}${rows.length === 0 ? '' : `\n${table(['OPTION', 'NOW', 'OFFERED'], rows, style)}`}`
}

/** An agent may say its modes and models twice, for clients of before and of now: the options are what counts. */
function controlRows({ modes, models, config }: ControlsView): string[][] {
  const rows = config.map(configRow)
  const isNew = ([name]: string[]): boolean => !rows.some(([known]) => known === name)
  return [...[...choiceRow('mode', modes), ...choiceRow('model', models)].filter(isNew), ...rows]
}

function choiceRow(name: string, choices: ControlsView['modes']): string[][] {
  if (choices === null) return []
  return [[name, choices.current ?? '-', choices.available.map(({ id }) => id).join(' ')]]
}

const NAMES: Readonly<Record<string, string>> = { mode: 'mode', model: 'model', thought_level: 'thinking' }

function configRow({ id, category, type, current, available }: ConfigOptionView): string[] {
  const name = NAMES[category ?? ''] ?? `config.${id}`
  return [name, String(current), type === 'boolean' ? 'true false' : available.map((choice) => choice.id).join(' ')]
}
