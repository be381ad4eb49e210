// `holdfast answer`: answers one question of an agent; at a terminal field by field, else as the options say.

import { readForm } from '../../base/form/fields.ts'
import type { Json, JsonObject } from '../../base/json.ts'
import { HoldfastError } from '../../base/errors.ts'
import type { ElicitationAnswer, ElicitationView } from '../../wire/elicitation.ts'
import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { openGateway } from '../gateway.ts'
import { terminalLine } from '../output/terminal-text.ts'
import { askQuestion } from '../questions/ask-question.ts'
import type { QuestionAsked } from '../questions/ask-question.ts'
import { contentOf } from '../questions/form-values.ts'
import { stateText, urlText } from '../questions/question-text.ts'
import { UsageError } from '../usage-error.ts'

export interface AnswerOptions {
  readonly accept?: boolean
  readonly decline?: boolean
  readonly cancel?: boolean
  /** `name=value`. */
  readonly set?: readonly string[]
}

export async function answer(context: CommandContext, options: AnswerOptions, id: string): Promise<number> {
  const { screen } = context
  using gateway = await openGateway(context)
  const { client } = gateway
  const question = await client.getElicitation(id)
  if (question.state !== 'open') throw closedError(question)
  const chosen = answerByOptions(options, question)
  const isAsked = chosen === undefined
  const body = chosen ?? (await askAtTerminal(context, question))
  if (body === undefined) {
    screen.note('not answered; the question is still open')
    return EXIT.interrupted
  }
  if (question.url !== null && !isAsked && body.action === 'accept') screen.err.write(urlText(question.url))
  const answered = await client.answerElicitation(id, { ...body, answered_by: 'cli' })
  if (screen.json) screen.record(answered)
  else screen.print(`${terminalLine(answered.id)} ${terminalLine(stateText(answered))}\n`)
  return EXIT.done
}

function answerByOptions(options: AnswerOptions, question: ElicitationView): ElicitationAnswer | undefined {
  const { accept = false, decline = false, cancel = false, set = [] } = options
  const isAccepted = accept || set.length > 0
  if ([isAccepted, decline, cancel].filter(Boolean).length > 1)
    throw new UsageError('An answer is one thing.', 'Give one of --accept (or --set), --decline and --cancel.')
  if (decline) return { action: 'decline' }
  if (cancel) return { action: 'cancel' }
  if (!isAccepted) return undefined
  if (question.mode === 'form') return { action: 'accept', content: contentOf(readForm(schemaOf(question)), set) }
  if (set.length > 0) throw new UsageError('A page takes no values.', 'Answer with: --accept')
  return { action: 'accept' }
}

/** Undefined when the input ends first. */
async function askAtTerminal(
  { deps, screen }: CommandContext,
  question: ElicitationView,
): Promise<ElicitationAnswer | undefined> {
  const { terminal } = deps
  if (!terminal.stdinIsTty || !terminal.stderrIsTty)
    throw new UsageError('Say what to answer.', 'Give --accept, --set FIELD=VALUE, --decline or --cancel.')
  const leave = new AbortController()
  using _ = deps.onInterrupt(() => leave.abort('left'))
  return await askQuestion(terminal, screen, askedIn(question), leave.signal)
}

function askedIn(question: ElicitationView): QuestionAsked {
  const { message, url } = question
  return url === null ? { mode: 'form', message, requestedSchema: schemaOf(question) } : { mode: 'url', message, url }
}

function schemaOf({ requested_schema: schema }: ElicitationView): JsonObject {
  return (schema ?? {}) as Record<string, Json>
}

function closedError({ id, state, action, answered_by, closed_at: at }: ElicitationView): HoldfastError {
  return new HoldfastError('ELICITATION_CLOSED', { elicitation: id, state, action, answered_by, at })
}
