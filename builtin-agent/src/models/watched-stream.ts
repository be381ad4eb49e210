// A model's stream that ends in any case, and whose errors can be shown: silence has a bound, the key is in no text, no text is endless.
// Everything that asks a model goes through here: turns and summaries.

import type { StreamFn } from '@earendil-works/pi-agent-core'
import type { Api, AssistantMessage, AssistantMessageEventStream, Model } from '@earendil-works/pi-ai'

import { deadline } from '../../../src/base/deadline.ts'
import { HoldfastError } from '../../../src/base/errors.ts'

export interface StreamWatch {
  /** Is in no error text, whoever echoes it. */
  readonly apiKey: string | undefined
  /** Longest time without any event, in milliseconds. */
  readonly silenceMs: number
}

/** The stop reason, in the provider's place, of an answer that was given up because nothing came any more. */
export const SILENCE = 'holdfast_silence'

const REASON_CHARS_MAX = 600
const HIDDEN = '[key]'
/** Shorter ones are words such as `none`, which are no secret and may stand anywhere. */
const KEY_CHARS_MIN = 6

export function watched(stream: StreamFn, watch: StreamWatch): StreamFn {
  return async (model, context, options) => {
    const { createAssistantMessageEventStream } = await import('@earendil-works/pi-ai/utils/event-stream')
    const giveUp = new AbortController()
    const signal = AbortSignal.any([giveUp.signal, ...(options?.signal ? [options.signal] : [])])
    const outer = createAssistantMessageEventStream()
    const inner = await stream(model, context, { ...options, signal })
    void forward(inner, outer, { ...watch, model }).then(() => giveUp.abort())
    return outer
  }
}

/** Settles when the outer stream has its end, which it gets in any case. Never rejects. */
async function forward(
  inner: AssistantMessageEventStream,
  outer: AssistantMessageEventStream,
  { model, apiKey, silenceMs }: StreamWatch & { readonly model: Model<Api> },
): Promise<void> {
  const events = inner[Symbol.asyncIterator]()
  let message = emptyAnswer(model)
  const fail = (fields: Partial<AssistantMessage>): void =>
    outer.push({ type: 'error', reason: 'error', error: { ...message, ...fields, stopReason: 'error' } })
  try {
    for (;;) {
      const { value: event, done } = await deadline(events.next(), { ms: silenceMs, stage: 'model' })
      if (done === true) return fail({ errorMessage: 'the stream had no end' })
      if ('partial' in event) message = event.partial
      if (event.type === 'error') event.error.errorMessage = shown(event.error.errorMessage, apiKey)
      outer.push(event)
      if (event.type === 'error' || event.type === 'done') return
    }
  } catch (error) {
    const isSilent = error instanceof HoldfastError && error.code === 'DEADLINE'
    const seconds = Math.round(silenceMs / 1_000)
    if (isSilent) fail({ errorMessage: `nothing came for ${seconds} s`, rawStopReason: SILENCE })
    else fail({ errorMessage: shown(String(error), apiKey) })
  }
}

/** A provider may answer with what it was sent, and with a page for a browser. */
function shown(reason: string | undefined, apiKey: string | undefined): string {
  const isSecret = apiKey !== undefined && apiKey.length >= KEY_CHARS_MIN
  const text = isSecret ? (reason ?? '').replaceAll(apiKey, HIDDEN) : (reason ?? '')
  return text.length > REASON_CHARS_MAX ? `${text.slice(0, REASON_CHARS_MAX).toWellFormed()}…` : text
}

function emptyAnswer({ api, provider, id: model }: Model<Api>): AssistantMessage {
  const cost = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, total: 0 }
  const usage = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, totalTokens: 0, cost }
  return { role: 'assistant', content: [], api, provider, model, usage, stopReason: 'error', timestamp: Date.now() }
}
