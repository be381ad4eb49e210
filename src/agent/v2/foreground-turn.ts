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
  /** The end of work that may be the prompt's: known when it turns out to be inserted. */
  held: ForegroundEnd | undefined
}

/** Modes: no prompt out, prompt sent, prompt inserted. A state that is not known counts as busy, as the protocol asks. */
export class ForegroundTurn {
  #state = 'idle'
  #out: OutPrompt | undefined

  get isOut(): boolean {
    return this.#out !== undefined
  }

  sent(): void {
    this.#out = { isInserted: false, hasBegun: false, hasSpoken: false, held: undefined }
  }

  /** A prompt that an earlier life has sent: whether its answer was read is not known, so no end waits for it. */
  resume(hasSpoken: boolean): void {
    this.#out = { isInserted: true, hasBegun: true, hasSpoken, held: undefined }
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

  /** The prompt was refused, or the connection is gone. */
  dropped(): void {
    this.#out = undefined
  }

  /** One `state_update`. Gives the end of the turn if this is it. */
  report(update: JsonObject): ForegroundEnd | undefined {
    const { state } = update
    const before = this.#state
    this.#state = typeof state === 'string' ? state : 'unknown'
    const out = this.#out
    if (out === undefined) return undefined
    if (this.#state !== 'idle') {
      out.hasBegun ||= before === 'idle'
      out.held = undefined
      return undefined
    }
    // Without a state in between this is a snapshot that is told again, unless the agent left out that it was running.
    if (before === 'idle' && !out.hasSpoken) return undefined
    const end = endOf(update)
    if (out.isInserted) return this.#end(end)
    if (out.hasBegun) out.held = end
    return undefined
  }

  #end(end: ForegroundEnd): ForegroundEnd {
    this.#out = undefined
    return end
  }
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
