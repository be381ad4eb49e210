// `holdfast explain`: what a session waits for, since when, what ends the wait by itself, and what you can do.

import type { ExplanationView } from '../../wire/insight.ts'
import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { openGateway } from '../gateway.ts'
import { terminalLine } from '../output/terminal-text.ts'
import { age } from '../output/time.ts'

type Wait = ExplanationView['waits'][number]

export async function explain(context: CommandContext, _: object, idOrKey: string): Promise<number> {
  const { screen } = context
  using gateway = await openGateway({ ...context, mayStart: false })
  const view = await gateway.client.explainSession(idOrKey)
  if (screen.json) screen.record(view)
  else screen.print(explanationText(view, Date.now()))
  return EXIT.done
}

/** A few sentences, each on its line. */
export function explanationText(view: ExplanationView, now: number): string {
  const name = terminalLine(view.key ?? view.session_id, 80)
  const lines = [`${name} is ${view.activity}${view.queued === 0 ? '' : `, ${view.queued} queued`}.`]
  for (const wait of view.waits) lines.push(waitText(wait, now))
  if (view.login !== null && view.login.reason !== null) lines.push(`It says: ${terminalLine(view.login.reason, 300)}`)
  if (view.waits.length === 0) lines.push('It waits for nothing.')
  if (view.deadline !== null) {
    const left = Math.max(0, Math.round((Date.parse(view.deadline.at) - now) / 1000))
    lines.push(
      `By itself: ${(DEADLINES[view.deadline.kind] ?? `${view.deadline.kind} ${WHEN}`).replace(WHEN, `in ${left} s`)}.`,
    )
  }
  const commands = view.frees.flatMap((operation) => COMMANDS[operation]?.(view) ?? [])
  if (view.waits.length > 0 && commands.length > 0) lines.push('You can:', ...commands.map((text) => `  ${text}`))
  return `${lines.join('\n')}\n`
}

function waitText({ kind, since, subject }: Wait, now: number): string {
  const what = WAITS[kind] ?? `It waits (${kind})`
  const of = subject === null ? '' : ` (${terminalLine(subject, 80)})`
  return `${what}${of}${since === null ? '' : `, for ${age(since, now)}`}.`
}

const WAITS: Readonly<Record<string, string>> = {
  decision: 'It waits for your decision about an interrupted turn',
  conversation: 'It waits for your decision, because its agent cannot go on with the conversation',
  login: 'It waits for a login to its agent',
  permission: 'It waits for an answer to a permission request',
  elicitation: 'It waits for an answer to a question of its agent',
  control: 'Its agent was asked to change an option and has not answered',
  agent_start: 'Its agent is being started',
  agent: 'Its agent works and has said nothing',
  cancel: 'Its agent was asked to cancel and has not ended the turn yet',
  agent_stop: 'Its agent is being ended, and every process of it',
  slot: 'Its agent waits for a place: as many agents live or start as may',
  memory: 'Its agent waits for memory to be free',
  lane: 'Its prompt waits for a place in its lane',
  damage: 'Its log is damaged: nothing is written to it and no prompt is taken any more',
  safe_mode: 'Its prompts wait for the end of safe mode (holdfast safe-mode)',
}

/** What the API offers for each kind of hold. */
function actionsOf(waits: readonly Wait[]): readonly (readonly [action: string, effect: string])[] {
  const isFor = (wanted: string): boolean => waits.some(({ kind }) => kind === wanted)
  if (isFor('login')) return AFTER_A_LOGIN
  return isFor('conversation') ? AFTER_A_LOSS : AFTER_AN_INTERRUPTION
}

const DISCARD = ['discard', 'cancel the prompts that wait'] as const
const AFTER_A_LOSS = [
  ['fresh', 'go on in another conversation'],
  ['retry', 'try the old conversation again'],
  DISCARD,
] as const
const AFTER_A_LOGIN = [['retry', 'start the agent again; after a login of your own'], DISCARD] as const
const AFTER_AN_INTERRUPTION = [
  ['continue', 'leave it; the prompts that wait go on'],
  ['retry', 'send its prompt again, before those that wait'],
  DISCARD,
] as const

const WHEN = '{when}'

const DEADLINES: Readonly<Record<string, string>> = {
  queue_expiry: 'a queued prompt expires {when}',
  agent_start: 'the start fails {when}',
  agent_stop: 'the agent counts as stuck {when}, and the session goes on',
  permission: 'the request is refused {when}',
  elicitation: 'the question is dismissed {when}',
  agent_quiet: 'the work that the agent began by itself counts as done {when}',
  agent_start_pause: 'the agent is started again {when}',
  silence: 'the turn is cancelled {when}, if nothing is heard until then',
  turn: 'the turn is cancelled {when}, at its deadline',
  cancel_grace: 'the agent is ended by force {when}',
  drain: 'the turn is cut {when}, because the gateway stops',
  control: 'the change of the option is given up {when}',
}

const COMMANDS: Readonly<Record<string, (view: ExplanationView) => string[]>> = {
  resumeSession: ({ session_id: id, waits, login }) => [
    ...(login === null || login.elsewhere ? [] : [`${terminalLine(login.command)}   # what waits goes on after it`]),
    ...actionsOf(waits).map(([action, effect]) => `holdfast resume ${id} --action ${action.padEnd(8)}  # ${effect}`),
  ],
  answerPermission: ({ waits }) =>
    waits.filter(({ kind }) => kind === 'permission').map(({ subject }) => `holdfast approve ${subject} [--deny]`),
  answerElicitation: ({ waits }) =>
    waits.filter(({ kind }) => kind === 'elicitation').map(({ subject }) => `holdfast answer ${subject}`),
  cancel: ({ session_id: id }) => [`holdfast cancel ${id}`],
  exportSession: ({ session_id: id }) => [`holdfast sessions export ${id} FILE`],
  closeSession: ({ session_id: id }) => [`holdfast sessions close ${id}`],
}
