// When a turn of ACP v2 is over: the answer to a prompt means that it was inserted, and `state_update` says when the foreground
// work has ended. Pure, for one session. A turn ends once, whatever the order of the two; a repeated idle ends nothing.

import { RPC_CODES } from '../../acp/rpc.ts'
import type { RpcErrorBody } from '../../acp/rpc.ts'
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json.ts'

export type ForegroundEnd =
  | { readonly kind: 'stopped'; readonly stopReason: string; readonly usage: JsonObject | undefined }
  | { readonly kind: 'failed'; readonly error: RpcErrorBody; readonly raw: Json }

interface OutPrompt {
  isInserted: boolean
  /** Foreground work has begun, or the message was echoed, since the prompt was sent. */
  hasBegun: boolean
  /** The agent has said something of its own since the prompt was inserted. */
  hasSpoken: boolean
  /** It was asked to stop. */
  isCancelled: boolean
  /** What an idle before it may have said is known. */
  readonly isOfThisLife: boolean
  /** The end of work that may be the prompt's: known when it turns out to be inserted. */
  held: ForegroundEnd | undefined
}

/** Modes: no prompt out, prompt sent, prompt inserted. A state that is not known counts as busy, as the protocol asks. */
export class ForegroundTurn {
  #state = 'idle'
  /** Of the last idle. */
  #reason: Json | undefined
  #out: OutPrompt | undefined

  get isOut(): boolean {
    return this.#out !== undefined
  }

  sent(): void {
    this.#out = { ...PROMPT, isOfThisLife: true }
  }

  /** A prompt that an earlier life has sent: whether its answer was read is not known, so no end waits for it. */
  resume(hasSpoken: boolean): void {
    this.#out = { ...PROMPT, isInserted: true, hasBegun: true, hasSpoken, isOfThisLife: false }
  }

  /** The agent's answer to the prompt. Gives the end if it was told before. */
  inserted(): ForegroundEnd | undefined {
    if (this.#out === undefined) return undefined
    this.#out.isInserted = true
    const { held } = this.#out
    return held === undefined ? undefined : this.#end(held)
  }

  /** The prompt came back as a message of the conversation. */
  echoed(): void {
    if (this.#out !== undefined) this.#out.hasBegun = true
  }

  /** A message or thought of the agent. */
  spoke(): void {
    if (this.#out?.isInserted === true) this.#out.hasSpoken = true
  }

  /** `session/cancel` was sent. */
  cancelled(): void {
    if (this.#out !== undefined) this.#out.isCancelled = true
  }

  /** The prompt was refused, or the connection is gone. */
  dropped(): void {
    this.#out = undefined
  }

  /** One `state_update`. Gives the end of the turn if this is it. */
  report(update: JsonObject): ForegroundEnd | undefined {
    const { state, stopReason } = update
    const [before, reason] = [this.#state, this.#reason]
    this.#state = typeof state === 'string' ? state : 'unknown'
    if (this.#state === 'idle') this.#reason = stopReason
    const out = this.#out
    if (out === undefined) return undefined
    if (this.#state !== 'idle') {
      out.hasBegun ||= before === 'idle'
      out.held = undefined
      return undefined
    }
    if (before === 'idle' && isSnapshot(out, { stopReason, reason })) return undefined
    const end = endOf(update)
    if (out.isInserted) return this.#end(end)
    if (out.hasBegun || out.isCancelled) out.held = end
    return undefined
  }

  #end(end: ForegroundEnd): ForegroundEnd {
    this.#out = undefined
    return end
  }
}

const PROMPT = { isInserted: false, hasBegun: false, hasSpoken: false, isCancelled: false, held: undefined } as const

/**
 * An idle right after an idle is one that is told again, unless something says that the agent left out that it was running: it has
 * spoken, it obeyed a cancel, or it names another reason than before.
 */
function isSnapshot(
  out: OutPrompt,
  { stopReason, reason }: Record<'stopReason' | 'reason', Json | undefined>,
): boolean {
  if (out.hasSpoken || (out.isCancelled && stopReason === 'cancelled')) return false
  const isOther = typeof stopReason === 'string' && stopReason !== reason
  return !(isOther && out.isInserted && out.isOfThisLife)
}

/** An agent need not say why it stopped; then it is the usual reason. */
function endOf({ stopReason, error, usage }: JsonObject): ForegroundEnd {
  if (stopReason !== 'error') {
    const reason = typeof stopReason === 'string' ? stopReason : 'end_turn'
    return { kind: 'stopped', stopReason: reason, usage: isJsonObject(usage) ? usage : undefined }
  }
  const { code, message, data } = isJsonObject(error) ? error : {}
  const body = {
    code: typeof code === 'number' && Number.isSafeInteger(code) ? code : RPC_CODES.internalError,
    message: typeof message === 'string' ? message : 'the turn ended with an error that is not described',
    ...(data !== undefined && { data }),
  }
  return { kind: 'failed', error: body, raw: error ?? null }
}
