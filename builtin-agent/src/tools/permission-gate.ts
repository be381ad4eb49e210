// Whether an effect may happen: asks the client by the session's mode, and remembers answers for good as long as this process has
// the session. Anything but a clear permission is none.

import type { DeadlineOptions } from '../../../src/base/deadline.ts'
import { isJsonObject, type Json, type JsonObject } from '../../../src/base/json.ts'
import { PERSON_MS } from '../client/client.ts'
import type { ModeId } from '../session/modes.ts'
import type { Effect } from './tool.ts'

export type Verdict = 'allowed' | 'rejected' | 'cancelled'

/** Asks the client; the answer as it came. */
export type AskClient = (params: JsonObject, options: DeadlineOptions) => Promise<Json>

const ALLOW_ONCE = { optionId: 'allow', name: 'Allow once', kind: 'allow_once' }
const REJECT_ONCE = { optionId: 'reject', name: 'Reject', kind: 'reject_once' }

export class PermissionGate {
  readonly #ask: AskClient
  readonly #remembered = new Map<string, 'allowed' | 'rejected'>()

  constructor(ask: AskClient) {
    this.#ask = ask
  }

  /** `mode`: `ask` never remembers; `code` offers to; `plan` lets nothing happen but leaving it. Never rejects but with CANCELLED. */
  async judge(effect: Effect, toolCall: JsonObject, mode: ModeId, signal: AbortSignal): Promise<Verdict> {
    const known = mode === 'code' ? this.#remembered.get(effect.key) : undefined
    if (known !== undefined) return known
    const options = mode === 'code' ? lasting(effect) : [ALLOW_ONCE, REJECT_ONCE]
    const answer = await this.#ask({ toolCall, options }, { ms: PERSON_MS, stage: 'permission', signal }).catch(
      (error: unknown) => {
        if (signal.aborted) throw error
        return null // an error of the client is no permission
      },
    )
    return this.#read(answer, options, effect)
  }

  #read(answer: Json, options: readonly JsonObject[], effect: Effect): Verdict {
    const outcome = isJsonObject(answer) && isJsonObject(answer['outcome']) ? answer['outcome'] : {}
    if (outcome['outcome'] === 'cancelled') return 'cancelled'
    if (outcome['outcome'] !== 'selected') return 'rejected'
    const kind = options.find((option) => option['optionId'] === outcome['optionId'])?.['kind']
    const verdict = kind === 'allow_once' || kind === 'allow_always' ? 'allowed' : 'rejected'
    if (kind === 'allow_always' || kind === 'reject_always') this.#remembered.set(effect.key, verdict)
    return verdict
  }
}

function lasting({ scope }: Effect): JsonObject[] {
  return [
    ALLOW_ONCE,
    {
      optionId: 'allow-always',
      name: `Always allow ${scope} in this session, while the agent runs`,
      kind: 'allow_always',
    },
    REJECT_ONCE,
    {
      optionId: 'reject-always',
      name: `Always reject ${scope} in this session, while the agent runs`,
      kind: 'reject_always',
    },
  ]
}
