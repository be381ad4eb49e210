// Asks the model for the summary of a part of the conversation, with the words of the library. Gives up at an abort of the signal,
// also when the provider does not.

import type { Models } from '@earendil-works/pi-ai'

import { deadline } from '../../../src/base/deadline.ts'
import { CancelledError } from '../../../src/base/errors.ts'
import type { AgentLibrary } from '../models/library.ts'
import type { ModelChoice } from '../models/model-choice.ts'
import type { Message } from '../session/entries.ts'
import { RETRIES_MAX } from '../session/model-requests.ts'
import { cutText } from '../tools/cut-text.ts'

export interface SummaryRequest {
  readonly messages: readonly Message[]
  /** Of what came before. */
  readonly earlier: string | undefined
  /** What the user wants to be kept above all. */
  readonly focus: string | undefined
  /** For the summary, in tokens. */
  readonly reserveTokens: number
  /** A single message that is longer is shown by its beginning and end. */
  readonly charsMax: number
}

/** A compaction that came to nothing; the transcript is as it was. The sentence is for people. */
export class CompactionFailed extends Error {
  override readonly name = 'CompactionFailed'
}

export interface SummaryWait {
  readonly signal: AbortSignal
  readonly ms: number
}

/** Rejects with CompactionFailed, DEADLINE, CANCELLED. */
export async function summarise(
  library: AgentLibrary,
  choice: ModelChoice,
  request: SummaryRequest,
  { signal, ms }: SummaryWait,
): Promise<string> {
  const abort = new AbortController()
  const context = library.withAbortSignal(AbortSignal.any([signal, abort.signal]), library.BACKGROUND_CONTEXT)
  const { messages, earlier, focus, reserveTokens, charsMax } = request
  const work = library.generateSummary(
    messages.map((message) => shortened(message, charsMax)),
    modelsOf(library, choice),
    choice.model,
    reserveTokens,
    focus,
    earlier,
    'off',
    undefined,
    undefined,
    context,
  )
  try {
    const result = await deadline(work, { ms, stage: 'compaction', signal })
    if (signal.aborted) throw new CancelledError('compaction')
    if (!result.ok) throw new CompactionFailed(`The model did not summarise it: ${result.error.message}`)
    if (result.value.trim() === '') throw new CompactionFailed('The model gave an empty summary.')
    return result.value
  } finally {
    abort.abort()
  }
}

/** The part of a collection of providers that a summary needs: this one model. */
function modelsOf({ normalizeContext }: AgentLibrary, { stream, apiKey }: ModelChoice): Models {
  const completeSimple: Models['completeSimple'] = async (model, context, options) => {
    const answer = await stream(model, normalizeContext(context), {
      ...options,
      maxRetries: RETRIES_MAX,
      ...(apiKey ? { apiKey } : {}),
    })
    return answer.result()
  }
  return { completeSimple } as Models
}

function shortened(message: Message, charsMax: number): Message {
  if (message.role !== 'user' && message.role !== 'assistant') return message
  if (typeof message.content === 'string')
    return { ...message, content: cutText(message.content, { charsMax }) } as Message
  const content = message.content.map((block) =>
    block.type === 'text' && block.text.length > charsMax
      ? { ...block, text: cutText(block.text, { charsMax }) }
      : block,
  )
  return { ...message, content } as Message
}
