// The life of one tool call: prepared, shown, allowed or refused, run, told. Gives the agent loop a result in every case;
// never rejects but with CANCELLED. What tools there are for whom is tool-box.ts.

import { CancelledError } from '../../../src/base/errors.ts'
import type { JsonObject } from '../../../src/base/json.ts'
import type { ModeId } from '../session/modes.ts'
import { type CallView, failedView, finishedView, preparedFields } from './call-view.ts'
import type { Ground } from './ground.ts'
import type { PermissionGate, Verdict } from './permission-gate.ts'
import { type PreparedCall, type Tool, ToolFailure, type ToolOutcome } from './tool.ts'

export interface ToolRunnerPorts {
  readonly ground: Ground
  readonly gate: PermissionGate
  readonly mode: () => ModeId
  readonly update: (update: JsonObject) => void
}

export interface CallRequest {
  /** The client's name of the call. */
  readonly toolCallId: string
  readonly args: JsonObject
}

export interface CallResult {
  /** For the model. */
  readonly text: string
  readonly images: readonly { readonly data: string; readonly mimeType: string }[]
  readonly view: CallView
  readonly endsTurn: boolean
}

type Titled = PreparedCall & { readonly title: string }

export class ToolRunner {
  readonly #ports: ToolRunnerPorts

  constructor(ports: ToolRunnerPorts) {
    this.#ports = ports
  }

  async run(tool: Tool, { toolCallId, args }: CallRequest, signal: AbortSignal): Promise<CallResult> {
    const tell = (fields: JsonObject): void => {
      if (tool.isSilent !== true) this.#ports.update({ sessionUpdate: 'tool_call_update', toolCallId, ...fields })
    }
    let prepared: Titled = { title: tool.title(args), run: () => Promise.reject(new CancelledError('tool')) }
    try {
      prepared = { ...prepared, ...(await tool.prepare(args, this.#ports.ground)) }
      const outcome = await this.#carryOut({ toolCallId, tool, prepared, tell }, signal)
      return finished(finishedView(tool, prepared, outcome), outcome, tell)
    } catch (error) {
      const why = failureText(error, signal)
      const result = finished(failedView(tool, prepared, why), { text: why }, tell)
      if (signal.aborted) throw new CancelledError('tool')
      return result
    }
  }

  async #carryOut({ toolCallId, tool, prepared, tell }: Call, signal: AbortSignal): Promise<ToolOutcome> {
    const { effect } = prepared
    const fields = preparedFields(prepared)
    this.#assertOffered(tool)
    if (effect !== undefined) {
      tell(fields)
      const asked = { toolCallId, kind: tool.kind, status: 'pending', ...fields }
      const verdict = await this.#judge(effect, asked, signal)
      if (verdict !== 'allowed') throw new ToolFailure(REFUSALS[verdict])
      this.#assertOffered(tool)
    }
    signal.throwIfAborted()
    tell(effect === undefined ? { ...fields, status: 'in_progress' } : { status: 'in_progress' })
    return prepared.run((content) => tell({ content: [...(prepared.content ?? []), ...content] }), signal)
  }

  /** The mode may have changed since the model was offered the tool, and while somebody thought about the question. */
  #assertOffered({ offeredIn }: Tool): void {
    if (this.#ports.mode() === 'plan' && offeredIn === 'unlessPlanning') throw new ToolFailure(PLANNING)
  }

  #judge(effect: NonNullable<PreparedCall['effect']>, toolCall: JsonObject, signal: AbortSignal): Promise<Verdict> {
    const { gate, mode } = this.#ports
    return gate.judge(effect, toolCall, mode(), signal)
  }
}

interface Call {
  readonly toolCallId: string
  readonly tool: Tool
  readonly prepared: Titled
  readonly tell: (fields: JsonObject) => void
}

const PLANNING = 'The session only plans now: nothing is changed. Present a plan with finish_plan.'

const REFUSALS: Readonly<Record<Exclude<Verdict, 'allowed'>, string>> = {
  rejected:
    'The user did not allow this. Do not try it in another way; say what you wanted to do, or do something else.',
  cancelled: 'The question was withdrawn before it was answered. Nothing was done.',
}

function finished(view: CallView, outcome: ToolOutcome, tell: (fields: JsonObject) => void): CallResult {
  const { status, content, rawOutput } = view
  tell({ status, content: [...content], ...(rawOutput === undefined ? {} : { rawOutput }) })
  return { text: outcome.text, images: outcome.images ?? [], view, endsTurn: outcome.endsTurn === true }
}

/** Only sentences that were written for a reader leave here. */
function failureText(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return 'Cancelled.'
  if (error instanceof ToolFailure) return error.message
  return `It failed (${(error as NodeJS.ErrnoException).code ?? 'internal error'}).`
}
