// One client of one session for one life of the gateway: prompts with keys, repeats them, cancels, answers, looks, resumes.
// Tells the history everything that it was told. An answer that never came is no fault; a wrong one is.

import { setTimeout as sleep } from 'node:timers/promises'

import type { ErrorCode } from '../../../src/base/errors.ts'
import { ApiError } from '../../../src/client/api-error.ts'
import type { HoldfastClient } from '../../../src/client/client.ts'
import type { SessionView } from '../../../src/wire/session.ts'
import type { Random } from '../../model/random.ts'
import type { History } from './history.ts'
import { hangs, promptText } from './script.ts'

/** What a client may be told at any time while others do the same and the gateway comes and goes. */
const EXPECTED: ReadonlySet<ErrorCode> = new Set(['QUEUE_FULL', 'PERMISSION_CLOSED', 'GATEWAY_DRAINING'])

const QUEUE_WISHED = 5
const KEYS_REMEMBERED = 40
const STEP_MS = 50
const HURRY_MS = 12

interface Sent {
  readonly key: string
  readonly text: string
}

export interface ClientSetup {
  readonly session: string
  readonly history: History
  readonly random: Random
  /** Keeps this client's words apart from those of every other. */
  readonly name: string
}

export class TorturedClient {
  readonly #setup: ClientSetup
  /** Prompts sent with a key, newest last, answered or not: what may be repeated. */
  readonly #sent: Sent[] = []
  #sentCount = 0

  constructor(setup: ClientSetup) {
    this.#setup = setup
  }

  /** Acts until `signal` aborts; every request is bounded, so it ends soon after. */
  async run(client: HoldfastClient, signal: AbortSignal): Promise<void> {
    const { random } = this.#setup
    while (!signal.aborted) {
      await this.#guard(() => this.#step(client, signal))
      await sleep(random.int(STEP_MS))
    }
  }

  async #step(client: HoldfastClient, signal: AbortSignal): Promise<void> {
    const { random, session } = this.#setup
    const view = await client.getSession(session, { signal })
    if (view.blocked_by !== null && random.chance(0.6))
      await client.resume(session, random.pick(['continue', 'retry', 'discard']), { signal })
    else if (random.chance(0.4) && view.activity === 'awaiting_permission') await this.#answer(client, signal)
    else if (random.chance(0.12)) await this.#cancel(client, view, signal)
    else if (random.chance(0.15)) await this.#look(client, signal)
    else if (random.chance(0.2) && this.#sent.length > 0) await this.#repeat(client, signal)
    else if (view.queued.length < QUEUE_WISHED) await this.#prompt(client, signal)
  }

  async #prompt(client: HoldfastClient, signal: AbortSignal): Promise<void> {
    const { random, name } = this.#setup
    const key = `${name}-${++this.#sentCount}`
    const sent = { key, text: promptText(random, key) }
    this.#sent.push(sent)
    if (this.#sent.length > KEYS_REMEMBERED) this.#sent.shift()
    // Some clients leave before the answer: the prompt may be stored or not, the key finds out.
    const isHurried = random.chance(0.08)
    const turnId = await this.#send(client, sent, isHurried ? AbortSignal.timeout(random.int(HURRY_MS)) : signal)
    if (!hangs(sent.text) || random.chance(0.2)) return
    await sleep(random.int(250))
    await this.#cancelTurn(client, turnId, signal)
  }

  /** One or both of two repeats may find the turn; they must find the same. */
  async #repeat(client: HoldfastClient, signal: AbortSignal): Promise<void> {
    const sent = this.#setup.random.pick(this.#sent as [Sent, ...Sent[]])
    const times = this.#setup.random.chance(0.3) ? 2 : 1
    await Promise.all(Array.from({ length: times }, () => this.#guard(() => this.#send(client, sent, signal))))
  }

  async #send(client: HoldfastClient, { key, text }: Sent, signal: AbortSignal): Promise<string> {
    const { session, history } = this.#setup
    const { turn } = await client.prompt(session, { prompt: text, idempotency_key: key }, { signal })
    history.accepted.push({ session, key, turnId: turn.id, text })
    return turn.id
  }

  async #cancel(client: HoldfastClient, view: SessionView, signal: AbortSignal): Promise<void> {
    const ids = [view.active_turn, ...view.queued].filter((id) => id !== null)
    const target = ids[this.#setup.random.int(ids.length)]
    if (target !== undefined) await this.#cancelTurn(client, target, signal)
  }

  async #cancelTurn(client: HoldfastClient, turnId: string, signal: AbortSignal): Promise<void> {
    const { session, history } = this.#setup
    const { outcome, turns } = await client.cancel(session, turnId, { signal })
    if (outcome === 'ended') history.endedByCancel.push(...turns)
  }

  async #answer(client: HoldfastClient, signal: AbortSignal): Promise<void> {
    const { session, history, random } = this.#setup
    const { permissions } = await client.listPermissions({ session, state: 'open' }, { signal })
    const [open] = permissions
    // One that holds for ever is kept as a rule, and the agent gets the one that holds once.
    const once = open?.options.filter(({ kind }) => String(kind).endsWith('_once')) ?? []
    const options = once.map(({ optionId }) => String(optionId))
    const optionId = options[random.int(options.length)]
    if (open === undefined || optionId === undefined) return
    await client.answerPermission(open.id, { option_id: optionId }, { signal })
    history.answered.push({ permissionId: open.id, optionId })
  }

  /** A turn that was accepted must be found for ever, and its end with it. */
  async #look(client: HoldfastClient, signal: AbortSignal): Promise<void> {
    const { session, history, random } = this.#setup
    const mine = history.accepted.filter((accepted) => accepted.session === session)
    const known = mine[random.int(mine.length)]
    if (known !== undefined) history.end(await client.getTurn(session, known.turnId, { signal }))
  }

  async #guard(act: () => Promise<unknown>): Promise<void> {
    try {
      await act()
    } catch (error) {
      if (!(error instanceof ApiError) || EXPECTED.has(error.code)) return // the gateway is gone, or we left
      const { name, history } = this.#setup
      history.problem(`${name} was told ${error.status} ${error.code} ${error.message}`)
    }
  }
}
