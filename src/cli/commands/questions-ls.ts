// `holdfast questions ls`: what agents ask of people, in all sessions or one, as it is, as it comes, or with everything that is over.

import type { HoldfastClient } from '../../client/client.ts'
import type { InboxStep } from '../../client/inbox-stream.ts'
import type { ElicitationView } from '../../wire/elicitation.ts'
import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { follow } from '../follow.ts'
import { openGateway } from '../gateway.ts'
import type { Screen } from '../output/screen.ts'
import { terminalLine } from '../output/terminal-text.ts'
import { questionHistory, questionTable, stateText } from '../questions/question-text.ts'

export interface QuestionsOptions {
  readonly session?: string
  readonly follow?: boolean
  readonly history?: boolean
  readonly limit: number
}

const SHOWN_MAX = 200

export async function questionsLs(context: CommandContext, options: QuestionsOptions): Promise<number> {
  const { screen } = context
  using gateway = await openGateway(context)
  const { client } = gateway
  if (options.follow === true) return await followAll(context, client, options.session)
  const of = options.session === undefined ? {} : { session: options.session }
  const isHistory = options.history === true
  const which = isHistory ? { limit: options.limit } : { state: 'open' as const, limit: SHOWN_MAX }
  const { elicitations } = await client.listElicitations({ ...of, ...which })
  if (screen.json) for (const question of elicitations) screen.record(question)
  else if (isHistory) screen.print(questionHistory(elicitations, screen.style))
  else showOpen(screen, elicitations)
  return EXIT.done
}

function showOpen(screen: Screen, questions: readonly ElicitationView[]): void {
  if (questions.length === 0) return screen.note('no agent waits for an answer')
  screen.print(questionTable(questions, screen.style, Date.now()))
  screen.note('answer with: holdfast answer QUESTION')
}

/** Until Ctrl-C. With --json one object a line: what was told, and the question. */
async function followAll(context: CommandContext, client: HoldfastClient, idOrKey?: string): Promise<number> {
  const { screen } = context
  const session = idOrKey === undefined ? undefined : (await client.getSession(idOrKey)).id
  return await follow(
    context,
    (options) => client.followInbox(options),
    (step) => {
      for (const { kind, elicitation } of questionsOf(step)) {
        if (session !== undefined && elicitation.session_id !== session) continue
        if (screen.json) screen.record({ event: `elicitation.${kind}`, elicitation })
        else screen.print(lineOf(kind, elicitation, screen))
      }
    },
  )
}

interface Told {
  readonly kind: 'requested' | 'closed' | 'completed'
  readonly elicitation: ElicitationView
}

/** What is open at the beginning, and again after a reconnect, is told as requested. */
function questionsOf(step: InboxStep): Told[] {
  if (step.kind === 'snapshot')
    return step.elicitations.toReversed().map((elicitation) => ({ kind: 'requested', elicitation }))
  return 'elicitation' in step ? [step] : []
}

function lineOf(kind: Told['kind'], question: ElicitationView, { style }: Screen): string {
  const { id, session_id: session, message, answered_by: by } = question
  const asks = `${style.yellow('asks')}  ${terminalLine(message, 300)}`
  const end = `${style.dim(terminalLine(stateText(question), 300))}${by === null ? '' : `  by ${terminalLine(by, 100)}`}`
  return `${id}  ${session}  ${kind === 'requested' ? asks : end}\n`
}
