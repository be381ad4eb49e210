// One prompt turn: the prompt is stored, the loop of the library runs on it, what happens is stored and told, and it has one outcome.
// Owns the attempt on the transcript; when `run` settles nothing of the turn is left.

import type { AgentContext, AgentLoopConfig, AgentLoopTurnUpdate } from '@earendil-works/pi-agent-core'
import type { UserMessage } from '@earendil-works/pi-ai'

import { firstOf, ignore, pause, whenAborted } from '../../../src/base/deadline.ts'
import { isHoldfastError } from '../../../src/base/errors.ts'
import { newId } from '../../../src/base/ids.ts'
import type { JsonObject } from '../../../src/base/json.ts'
import type { Client } from '../client/client.ts'
import { Compactor } from '../compaction/compactor.ts'
import { CompactionFailed } from '../compaction/summarise.ts'
import { type AgentLibrary, loadLibrary } from '../models/library.ts'
import type { ModelChoice, ThinkingLevel } from '../models/model-choice.ts'
import type { ToolBox } from '../tools/tool-box.ts'
import type { ToolRunner } from '../tools/tool-runner.ts'
import type { AttemptLock, Transcript } from '../transcript/port.ts'
import { conversationOf, messagesOf } from './conversation.ts'
import { warningUpdate } from './aside.ts'
import { messageEntry, spentUsd } from './entries.ts'
import { ModelRequests, RETRIES_MAX, RETRY_DELAY_MS_MAX } from './model-requests.ts'
import type { ModeId } from './modes.ts'
import { TurnUpdates } from './turn-updates.ts'
import { TurnFailed } from './turn-failed.ts'

export type StopReason = 'end_turn' | 'max_tokens' | 'max_turn_requests' | 'refusal' | 'cancelled'

export interface TurnParts {
  readonly transcript: Transcript
  readonly client: Client
  readonly choice: ModelChoice
  readonly thinking: ThinkingLevel
  readonly mode: () => ModeId
  readonly toolBox: ToolBox
  readonly runner: ToolRunner
  readonly instructions: string
  /** For each request of a compaction, in milliseconds. */
  readonly compactionMs: number
  /** Told when a compaction begins and when it ends. */
  readonly onCompacting: (isCompacting: boolean) => void
}

/** Requests to the model in one turn. */
const REQUESTS_MAX = 200
/** From an abort until a provider or tool that does not listen is left to itself. */
const ABORT_MS = 3_000
/** What providers call it when the model, or a filter before it, does not want to answer. */
const REFUSALS = new Set(['refusal', 'content_filter', 'SAFETY', 'PROHIBITED_CONTENT', 'BLOCKLIST'])

export class Turn {
  readonly #parts: TurnParts
  readonly #updates: TurnUpdates
  readonly #attempt: AttemptLock
  readonly #compactor: Compactor
  readonly #library: AgentLibrary
  /** Ends the turn: a cancel, or another process that has taken the conversation over. */
  readonly #signal: AbortSignal
  readonly #modelRequests: ModelRequests
  #requests = 0
  #toolsOf: ModeId
  /** What still comes from a body that hangs is heard no more. */
  #isOver = false

  private constructor(parts: TurnParts, library: AgentLibrary, attempt: AttemptLock, signal: AbortSignal) {
    this.#parts = parts
    this.#library = library
    this.#attempt = attempt
    this.#signal = AbortSignal.any([signal, attempt.signal])
    this.#toolsOf = parts.mode()
    const { transcript, client, choice, toolBox } = parts
    const requestMs = parts.compactionMs
    this.#compactor = new Compactor({ library, choice, transcript, attempt, client, requestMs })
    const update = (fields: JsonObject): void => (this.#isOver ? undefined : client.update(transcript.id, fields))
    this.#modelRequests = new ModelRequests(choice, (text) => update(warningUpdate(client, text)))
    this.#updates = new TurnUpdates({
      toolBox,
      update,
      append: async (entry) => void (await attempt.append([entry])),
      contextWindow: choice.model.contextWindow,
      spentUsd: spentUsd(transcript.entries),
    })
  }

  /** Claims the conversation. `close` must be called in the outermost finaliser. Errors of Transcript.begin. */
  static async open(parts: TurnParts, signal: AbortSignal): Promise<Turn> {
    const library = await loadLibrary()
    return new Turn(parts, library, await parts.transcript.begin({ signal }), signal)
  }

  /** Rejects with TurnFailed, or with an error of the transcript. A cancel is no failure. */
  async answer(prompt: UserMessage): Promise<StopReason> {
    await this.#attempt.append([messageEntry(newId('msg'), prompt)])
    try {
      await this.#loop()
      if (this.#isOverflown()) {
        await this.#makeRoom()
        await this.#loop()
      }
    } catch (error) {
      throw this.#isTakenOver(error) ? this.#takenOver() : error
    } finally {
      // Over, it has nothing to say to the disk, and what ended it is what the caller must hear.
      if (!this.#attempt.signal.aborted) await this.#attempt.sync()
    }
    return this.#outcome()
  }

  /** Only makes room; false when there is nothing to summarise. Rejects with CompactionFailed, CANCELLED. */
  async compact(focus: string | undefined): Promise<boolean> {
    if (!this.#compactor.isPossible) return false
    await this.#compact(focus)
    await this.#attempt.sync()
    return true
  }

  async #loop(): Promise<void> {
    const { choice } = this.#parts
    const context = this.#context()
    const emit = (event: Parameters<TurnUpdates['on']>[0]): Promise<void> => this.#updates.on(event)
    const loop = this.#library.runAgentLoopContinue(context, this.#config(), emit, this.#signal, choice.stream)
    await orAbandoned(loop, this.#signal)
  }

  /** Whatever hangs inside is abandoned: what it still says or writes changes nothing any more. */
  async close(): Promise<void> {
    this.#isOver = true
    await this.#attempt.cleanup('the turn has ended')
  }

  #context(): AgentContext {
    const { transcript, toolBox, runner, instructions } = this.#parts
    const tools = toolBox.forLoop(this.#toolsOf, (tool, id, args, signal) =>
      runner.run(tool, { toolCallId: this.#updates.toolCallId(id), args }, signal),
    )
    const toolsAdded = tools.map(({ name, description, parameters }) => ({ name, description, parameters }))
    const system = { role: 'system' as const, content: instructions, toolsAdded, timestamp: 0 }
    return { messages: [system, ...messagesOf(conversationOf(transcript.entries))], tools }
  }

  #config(): AgentLoopConfig {
    const { choice, thinking, transcript } = this.#parts
    return {
      model: choice.model,
      sessionId: transcript.id,
      toolExecution: 'sequential',
      convertToLlm: this.#library.convertToLlm,
      prepareRequest: () => this.#prepare(),
      finishTurn: () => (this.#signal.aborted || this.#requests >= REQUESTS_MAX ? { action: 'end' } : undefined),
      afterToolCall: async ({ result }) => ({ isError: isFailure(result.details) }),
      ...(choice.apiKey === undefined ? {} : { apiKey: choice.apiKey }),
      ...(thinking === 'off' ? {} : { reasoning: thinking }),
      maxRetries: RETRIES_MAX,
      maxRetryDelayMs: RETRY_DELAY_MS_MAX,
      ...(choice.takesFetch ? { fetch: this.#modelRequests.fetch } : {}),
    }
  }

  /** Before each request: room in the context, and the tools of the mode as it is now. */
  async #prepare(): Promise<Pick<AgentLoopTurnUpdate, 'context'> | undefined> {
    this.#requests += 1
    this.#modelRequests.begin()
    const mode = this.#parts.mode()
    const hasRoom = this.#signal.aborted || !this.#compactor.isNeeded()
    if (hasRoom && mode === this.#toolsOf) return undefined
    this.#toolsOf = mode
    if (!hasRoom) await this.#makeRoom()
    return { context: this.#context() }
  }

  /** A failure is told; the turn goes on when the conversation still fits. */
  async #makeRoom(): Promise<void> {
    try {
      await this.#compact()
    } catch (error) {
      if (this.#signal.aborted) return
      if (!(error instanceof CompactionFailed)) throw error
      if (this.#compactor.fits() && !this.#isOverflown()) return
      throw contextFull(error.message)
    }
  }

  async #compact(focus?: string): Promise<void> {
    const { onCompacting } = this.#parts
    onCompacting(true)
    try {
      await this.#compactor.compact(this.#signal, focus)
    } finally {
      onCompacting(false)
    }
  }

  #isOverflown(): boolean {
    const last = this.#updates.last
    return last !== undefined && this.#library.isContextOverflow(last, this.#parts.choice.model.contextWindow)
  }

  /** A hold that our own watchdog ended has the same code; the attempt goes on then. */
  #isTakenOver(error: unknown): boolean {
    return isHoldfastError(error) && error.code === 'TRANSCRIPT_TAKEN_OVER' && this.#attempt.signal.aborted
  }

  #takenOver(): TurnFailed {
    const why = String(this.#attempt.signal.reason)
    const sentence = `Another process has taken this conversation over (${why}).`
    return new TurnFailed('takenOver', `${sentence} It goes on there; the next prompt takes it back.`)
  }

  #noAnswer(): TurnFailed {
    const { id } = this.#parts.choice
    return new TurnFailed('noAnswer', `${id} gave no answer. Try again, or choose another model with /model.`)
  }

  #outcome(): StopReason {
    const last = this.#updates.last
    if (this.#attempt.signal.aborted) throw this.#takenOver()
    if (this.#signal.aborted) return 'cancelled'
    if (last === undefined) throw this.#noAnswer()
    if (this.#isOverflown()) throw contextFull('The summary did not help.')
    if (last.rawStopReason !== undefined && REFUSALS.has(last.rawStopReason)) return 'refusal'
    if (last.stopReason === 'error' || last.stopReason === 'aborted') throw this.#modelRequests.failed(last)
    if (last.stopReason === 'length') return 'max_tokens'
    // Behind a result of a tool an empty answer says that all is done; at once it says nothing.
    if (last.content.length === 0 && this.#requests === 1) throw this.#noAnswer()
    return last.stopReason === 'toolUse' && this.#requests >= REQUESTS_MAX ? 'max_turn_requests' : 'end_turn'
  }
}

function contextFull(why: string): TurnFailed {
  const sentence = 'The conversation is longer than the model takes, and it could not be shortened.'
  const advice = 'Choose a model that takes more, or begin a new session.'
  return new TurnFailed('contextFull', `${sentence} ${advice} The reason: ${why}`)
}

/** As `work`; when it does not end soon after an abort, it is left to itself. */
async function orAbandoned(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  work.catch(ignore('its caller is told, or has given it up'))
  const abandoned = whenAborted(signal).then(() => pause(ABORT_MS))
  await firstOf([work, abandoned])
}

function isFailure(details: unknown): boolean {
  const view = (details as { view?: JsonObject } | undefined)?.view
  return view?.['status'] === 'failed'
}
