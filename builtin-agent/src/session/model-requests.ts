// The requests of one turn to its model: how often each is tried, what is told of that, and what a failure is called.
// The library gives reasons as texts; what they are is decided by the status, never by the text.

import type { AssistantMessage } from '@earendil-works/pi-ai'

import type { ModelChoice } from '../models/model-choice.ts'
import { SILENCE } from '../models/watched-stream.ts'
import { TurnFailed, type TurnFailure } from './turn-failed.ts'

/** Beyond the first try, for what may be gone the next time: 408, 409, 429, 5xx, and no connection. */
export const RETRIES_MAX = 2
/** A provider that asks for a longer pause is not waited for. */
export const RETRY_DELAY_MS_MAX = 30_000

/** A status, `none` before the first answer of a request, `unreachable` when there was none. */
type Reached = number | 'none' | 'unreachable'

export class ModelRequests {
  readonly #choice: ModelChoice
  readonly #warn: (text: string) => void
  #tries = 0
  #reached: Reached = 'none'

  /** `warn`: for people, while the turn goes on. */
  constructor(choice: ModelChoice, warn: (text: string) => void) {
    this.#choice = choice
    this.#warn = warn
  }

  /** Before each request; its tries count anew. */
  begin(): void {
    this.#tries = 0
    this.#reached = 'none'
  }

  /** In place of the global one, for providers that take it. */
  readonly fetch: typeof fetch = async (input, init) => {
    if (this.#tries > 0)
      this.#warn(`${this.#choice.id} ${wordsFor(this.#reached)}; trying again (${this.#tries} of ${RETRIES_MAX}).`)
    this.#tries += 1
    this.#reached = 'unreachable'
    const response = await fetch(input, init)
    this.#reached = response.status
    return response
  }

  /** What the turn failed with: a kind, and a sentence that says what to do. */
  failed({ errorMessage, rawStopReason }: AssistantMessage): TurnFailed {
    const kind = rawStopReason === SILENCE ? 'silent' : kindOf(this.#reached)
    const reason = errorMessage === undefined || errorMessage === '' ? 'no reason given' : errorMessage
    return new TurnFailed(kind, `${this.#sentence(kind)} The reason: ${reason}`)
  }

  #sentence(kind: ModelFailure): string {
    const { id, description, model } = this.#choice
    const tries = this.#tries > 1 ? ` after ${this.#tries} tries` : ''
    switch (kind) {
      case 'keyRefused':
        return `${id} refused the key (${description}). Set one that it takes where the agent is started, then start it anew.`
      case 'limited':
        return `${id} takes no more requests for now${tries}. Try again later, or choose another model with /model.`
      case 'unavailable':
        return `${id} does not work at the moment${tries}. Try again later, or choose another model with /model.`
      case 'unreachable':
        return `${id} cannot be reached at ${model.baseUrl}${tries}. See that it runs, and that address and network are right.`
      case 'brokenOff':
        return `The answer of ${id} broke off. Send the prompt again, or ask it to go on.`
      case 'silent':
        return `${id} was given up, because it said nothing any more. Try again, or choose another model with /model.`
      case 'modelFailed':
        return `${id} did not take the request.`
      default:
        return kind satisfies never
    }
  }
}

type ModelFailure = Exclude<TurnFailure, 'contextFull' | 'takenOver' | 'noAnswer'>

function kindOf(reached: Reached): ModelFailure {
  if (reached === 'unreachable') return 'unreachable'
  if (reached === 'none') return 'modelFailed' // its provider does not let us watch
  if (reached === 401 || reached === 403) return 'keyRefused'
  if (reached === 429) return 'limited'
  if (reached >= 500 || reached === 408 || reached === 409) return 'unavailable'
  return reached < 300 ? 'brokenOff' : 'modelFailed'
}

function wordsFor(reached: Reached): string {
  return typeof reached === 'number' ? `answered with status ${reached}` : 'did not answer'
}
