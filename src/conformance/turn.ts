// One prompt of a report: sent, listened to, its permission requests answered, perhaps cancelled in the middle.

import { narrowPermissionRequest } from '../acp/permission-request.ts'
import type { OfferedOption } from '../acp/permission-request.ts'
import { narrowPromptAnswer } from '../acp/session-results.ts'
import { narrowSessionUpdate } from '../acp/session-update.ts'
import { pause } from '../base/deadline.ts'
import { HoldfastError } from '../base/errors.ts'
import { isJsonObject } from '../base/json.ts'
import type { JsonObject } from '../base/json.ts'
import type { AgentEar, AskOptions, TestedAgent } from './tested-agent.ts'

export interface TurnRequest {
  readonly sessionId: string
  readonly prompt: readonly JsonObject[]
  /** The kind of option to choose; without one of it the outcome is cancelled. */
  readonly choose?: 'allow_once' | 'reject_once'
  /** Called at the first word of the agent. */
  readonly onWord?: () => void
}

export interface TurnSeen {
  readonly stopReason: string
  /** Everything that it said in message chunks. */
  readonly text: string
  /** The kinds of options of each permission request. */
  readonly asked: readonly (readonly string[])[]
  /** The kind of option that was chosen last; undefined when none was. */
  readonly chosen: string | undefined
  readonly toolCalls: number
}

/** What was said beside the answer, in another process of the agent, may come a moment later. */
const LATE_MS = 300

/** Rejects as `TestedAgent.ask`; AGENT_PROTOCOL_ERROR when the answer has no stop reason. */
export async function runTurn(
  agent: Pick<TestedAgent, 'ask' | 'ear'>,
  request: TurnRequest,
  options: AskOptions,
): Promise<TurnSeen> {
  const ear = new TurnEar(request)
  agent.ear = ear
  try {
    const params = { sessionId: request.sessionId, prompt: [...request.prompt] }
    const answer = narrowPromptAnswer(await agent.ask('session/prompt', params, options))
    if (answer.kind === 'malformed')
      throw new HoldfastError('AGENT_PROTOCOL_ERROR', { agent: 'agent', reason: answer.reason })
    if (ear.text === '') await pause(LATE_MS, options.signal)
    const { text, asked, chosen, toolCalls } = ear
    return { stopReason: answer.value.stopReason, text, asked, chosen, toolCalls }
  } finally {
    agent.ear = undefined
  }
}

class TurnEar implements AgentEar {
  text = ''
  chosen: string | undefined
  readonly asked: string[][] = []
  readonly #request: TurnRequest
  readonly #calls = new Set<string>()

  constructor(request: TurnRequest) {
    this.#request = request
  }

  get toolCalls(): number {
    return this.#calls.size
  }

  update(params: JsonObject): void {
    const narrowed = narrowSessionUpdate(params)
    if (narrowed.kind !== 'known' || narrowed.sessionId !== this.#request.sessionId) return
    const { content, toolCallId } = narrowed.update as JsonObject
    if (typeof toolCallId === 'string') this.#calls.add(toolCallId)
    if (!narrowed.variant.startsWith('agent_')) return
    if (narrowed.variant === 'agent_message_chunk' && isJsonObject(content) && typeof content['text'] === 'string')
      this.text += content['text']
    this.#request.onWord?.()
  }

  permission(params: JsonObject): JsonObject {
    const narrowed = narrowPermissionRequest(params)
    if (narrowed.kind === 'malformed') return { outcome: 'cancelled' }
    this.asked.push(narrowed.options.map(kindOf))
    const { choose } = this.#request
    const option = narrowed.options.find((each) => kindOf(each) === choose)
    if (option === undefined) return { outcome: 'cancelled' }
    this.chosen = kindOf(option)
    return { outcome: 'selected', optionId: option.optionId }
  }
}

function kindOf({ kind }: OfferedOption): string {
  return typeof kind === 'string' ? kind : 'none'
}
