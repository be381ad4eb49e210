// Server-sent events of one streamed answer, and the words or slow tokens that fill it.
// Stops when the client goes away; every wait ends with the stream.

import type { ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import type { Json } from '../../../src/base/json.ts'
import type { Answer } from './script.ts'

export class SseStream {
  readonly #response: ServerResponse

  constructor(response: ServerResponse) {
    this.#response = response
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  }

  get open(): boolean {
    return !this.#response.destroyed && !this.#response.writableEnded
  }

  send(data: Json, event?: string): void {
    if (!this.open) return
    this.#response.write(`${event ? `event: ${event}\n` : ''}data: ${JSON.stringify(data)}\n\n`)
  }

  end(last?: string): void {
    if (this.open) this.#response.end(last ? `data: ${last}\n\n` : undefined)
  }
}

/** Streams the text of an answer piece by piece and returns what was sent. Ends early when the client is gone. */
export async function streamText(stream: SseStream, answer: Answer, piece: (text: string) => void): Promise<string> {
  let sent = ''
  const emit = (text: string): void => {
    sent += text
    piece(text)
  }
  if (answer.kind === 'text') for (const word of wordsOf(answer.text)) emit(word)
  if (answer.kind === 'slow') {
    for (let n = 1; n <= answer.tokensMax && stream.open; n++) {
      emit(`tok${n} `)
      await wait(answer.everyMs)
    }
  }
  return sent
}

/** The whole text of an answer for a request without streaming; a slow answer is not waited for. */
export function plainText(answer: Answer): string {
  return answer.kind === 'text' ? answer.text : ''
}

function wordsOf(text: string): string[] {
  return text.match(/\S+\s*/g) ?? []
}
