// The process that takes over, as it sees itself: it says that it stands by, waits for its turn, and says when it serves.
// The gateway that started it is heard until then; when that one is gone without a word, it is our turn too.

import type { Readable, Writable } from 'node:stream'

import { firstOf, ignore, whenAborted } from '../base/deadline.ts'
import { onWords } from '../process/words.ts'
import type { Requests } from './requests.ts'
import { GO, READY, STANDING_BY, STOP } from './successor.ts'

export interface Pipes {
  readonly input: Readable
  readonly output: Writable
}

/** Modes: standing by, taking over, done. A stop is heard until the last. */
export class Standby {
  readonly #requests: Requests
  readonly #pipes: Pipes
  readonly #listening: Disposable
  readonly #turn = Promise.withResolvers<void>()
  #isDone = false

  constructor({ input, output }: Pipes, requests: Requests) {
    this.#pipes = { input, output }
    this.#requests = requests
    output.on('error', ignore('who started us is gone; nobody waits for the word'))
    this.#listening = onWords(input, (word) => this.#hear(word))
  }

  /** Resolves when the lock is free for us, or when we are to stop: true when there is something to serve. */
  async turn(): Promise<boolean> {
    this.#say(STANDING_BY)
    await firstOf([this.#turn.promise, whenAborted(this.#requests.stopped)])
    return !this.#requests.stopped.aborted
  }

  /** We serve. Idempotent. The pipes stay: what is opened next must not get the numbers of the standard streams. */
  ready(): void {
    if (this.#isDone) return
    this.#isDone = true
    this.#say(READY)
    this.#listening[Symbol.dispose]()
  }

  #hear(word: string | undefined): void {
    if (word === STOP) this.#requests.stop('the gateway before this one was stopped')
    else if (word === GO || word === undefined) this.#turn.resolve()
  }

  #say(word: string): void {
    if (this.#pipes.output.writable) this.#pipes.output.write(`${word}\n`)
  }
}
