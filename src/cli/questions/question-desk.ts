// Answers the questions of one turn: by asking the person at the terminal, or by the policy for nobody there. The gateway's first answer
// wins; nothing is ever filled in for a person.

import { ignore } from '../../base/deadline.ts'
import type { JsonObject } from '../../base/json.ts'
import { isJsonObject } from '../../base/json.ts'
import type { ElicitationAnswer } from '../../wire/elicitation.ts'
import { codeOf } from '../error-code.ts'
import type { QuestionAsked } from './ask-question.ts'

export interface QuestionPorts {
  /** Absent when nobody is at the terminal. Resolves with undefined when `signal` aborted or no answer came. */
  readonly ask: ((asked: QuestionAsked, signal: AbortSignal) => Promise<ElicitationAnswer | undefined>) | undefined
  answer(elicitationId: string, answer: ElicitationAnswer): Promise<void>
  /** Whether the question still waits for an answer. */
  isOpen(elicitationId: string): Promise<boolean>
  /** Gives the turn up: a question could not be answered and the policy says so. */
  giveUp(): void
  note(text: string): void
}

interface OpenQuestion {
  readonly id: string
  readonly asked: QuestionAsked
  readonly closed: AbortController
}

export class QuestionDesk {
  readonly #ports: QuestionPorts
  readonly #whenAlone: 'deny' | 'fail'
  readonly #open = new Map<string, OpenQuestion>()

  constructor(whenAlone: 'deny' | 'fail', ports: QuestionPorts) {
    this.#whenAlone = whenAlone
    this.#ports = ports
  }

  /** An `elicitation.requested` event of the turn. Returns at once; the answer is sent when it is known. */
  requested(data: JsonObject): void {
    const { elicitation_id: id } = data
    const asked = askedIn(data)
    if (typeof id !== 'string' || asked === undefined) return
    const question = { id, asked, closed: new AbortController() }
    this.#open.set(id, question)
    void this.#take(question).catch(ignore('what fails is said'))
  }

  /** An `elicitation.closed` event of the turn: a question that is still on the screen ends. */
  closed({ elicitation_id: id, state }: JsonObject): void {
    const question = typeof id === 'string' ? this.#open.get(id) : undefined
    if (question === undefined) return
    this.#open.delete(question.id)
    question.closed.abort(state === 'answered' ? 'answered elsewhere' : 'no longer asked')
  }

  /** The turn is over: no question stays on the screen. */
  close(): void {
    for (const question of this.#open.values()) question.closed.abort('no longer asked')
    this.#open.clear()
  }

  async #take(question: OpenQuestion): Promise<void> {
    const { ask, isOpen, note, giveUp } = this.#ports
    const { id, asked, closed } = question
    // The gateway may have decided it: what the turn wants while nobody is there.
    const isWaiting = await isOpen(id).catch(() => true)
    if (!isWaiting || closed.signal.aborted) return
    let answer = await ask?.(asked, closed.signal)
    while (answer !== undefined && !(await this.#answer(question, answer))) answer = await ask?.(asked, closed.signal)
    if (answer !== undefined || closed.signal.aborted) return
    if (this.#whenAlone === 'fail') {
      note('the agent has a question and nobody can be asked; cancelling the turn')
      return giveUp()
    }
    note('question declined: nobody to ask (see: holdfast questions, --non-interactive-permissions)')
    await this.#answer(question, { action: 'decline' })
  }

  /** False when another answer is needed. */
  async #answer({ id, closed }: OpenQuestion, answer: ElicitationAnswer): Promise<boolean> {
    try {
      await this.#ports.answer(id, answer)
    } catch (error) {
      // Somebody else was first: their answer arrives as an event.
      if (closed.signal.aborted || codeOf(error) === 'ELICITATION_CLOSED') return true
      this.#ports.note(
        `question ${id} could not be answered: ${error instanceof Error ? error.message : String(error)}`,
      )
      return codeOf(error) !== 'ELICITATION_INVALID'
    }
    return true
  }
}

function askedIn({ message, mode, requested_schema: schema, url }: JsonObject): QuestionAsked | undefined {
  if (typeof message !== 'string') return undefined
  if (mode === 'form' && isJsonObject(schema)) return { mode, message, requestedSchema: schema }
  return mode === 'url' && typeof url === 'string' ? { mode, message, url } : undefined
}
