// A turn whose gateway is killed while it runs: one round, at a random moment, and everything that must be true at its end.
// Used by the test (some rounds) and by `npm run survival` (as many as you like).

import { setTimeout as sleep } from 'node:timers/promises'

import type { EventView } from '../../../src/wire/event.ts'
import type { TurnView } from '../../../src/wire/turn.ts'
import type { Random } from '../../model/random.ts'
import { until } from '../../_support/until.ts'
import type { TestGateway } from '../../_support/test-gateway.ts'

export interface SurvivalRound {
  readonly gateway: TestGateway
  readonly session: string
  readonly random: Random
  readonly prompt: string
  /** What the agent's text must be, exactly; undefined where only the agent knows. */
  readonly text: string | undefined
  /** Lives of the gateway that are ended in this round. */
  readonly kills: number
  /** The moments of the kills lie within this time after the prompt was accepted. */
  readonly withinMs: number
}

export interface Survived {
  readonly turn: TurnView
  readonly events: readonly EventView[]
  /** Whether the turn was running at each kill. */
  readonly hits: number
}

const TURN_MS_MAX = 60_000
const ANSWER_MS = 20

/** Rejects with the first promise that was broken. */
export async function surviveRound(round: SurvivalRound): Promise<Survived> {
  const { gateway, session, prompt, text } = round
  const after = (await gateway.client.getSession(session)).last_seq
  const { turn } = await gateway.client.prompt(session, { prompt })
  const over = new AbortController()
  const events: EventView[] = []
  const reading = follow(round, { after, events, signal: over.signal })
  const answering = answerPermissions(round, over.signal)
  try {
    const hits = await killNowAndThen(round, turn.id)
    const ended = await gateway.ended(session, turn.id, TURN_MS_MAX)
    const isTold = (): boolean => events.some((event) => event.type === 'turn.ended' && event.turn_id === turn.id)
    await until(isTold, { ms: 15_000, what: () => `the reader was told the end of ${turn.id}` })
    if (ended.state !== 'completed')
      throw new Error(`turn ${turn.id} is ${ended.state}: ${JSON.stringify(ended.outcome)}`)
    assertGapless(events, after)
    assertText(events, text)
    return { turn: ended, events, hits }
  } finally {
    over.abort()
    await Promise.allSettled([reading, answering])
  }
}

/** One reader over all lives, with its cursor. */
async function follow(
  { gateway, session }: SurvivalRound,
  { after, events, signal }: { after: number; events: EventView[]; signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    try {
      const cursor = events.at(-1)?.seq ?? after
      for await (const event of gateway.client.events(session, { after: cursor, signal })) events.push(event)
    } catch {
      await sleep(ANSWER_MS)
    }
  }
}

/** Says yes to everything that is asked, in whatever life the question is open. */
async function answerPermissions({ gateway, session }: SurvivalRound, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const { permissions } = await gateway.client.listPermissions({ session, state: 'open' })
      for (const { id } of permissions) await gateway.client.answerPermission(id, { option_id: 'yes' })
    } catch {
      // The gateway is away, or the answer of an earlier life has counted: the next look tells.
    }
    await sleep(ANSWER_MS)
  }
}

async function killNowAndThen(round: SurvivalRound, turnId: string): Promise<number> {
  const { gateway, session, random, kills, withinMs } = round
  let hits = 0
  for (let i = 0; i < kills; i++) {
    await sleep(random.int(withinMs))
    const { outcome } = await gateway.client.getTurn(session, turnId)
    if (outcome === null) hits++
    await gateway.kill()
    await gateway.start()
  }
  return hits
}

function assertGapless(events: readonly EventView[], after: number): void {
  for (const [i, { seq }] of events.entries()) {
    if (seq !== after + i + 1) throw new Error(`event ${seq} stands at the place of ${after + i + 1}`)
  }
}

function assertText(events: readonly EventView[], text: string | undefined): void {
  const told = events.map(({ data }) => textOf(data)).join('')
  if (text !== undefined && told !== text) throw new Error(`told: ${told}\nexpected: ${text}`)
}

function textOf(data: unknown): string {
  const update = data as { sessionUpdate?: string; content?: { text?: string } }
  return update.sessionUpdate === 'agent_message_chunk' ? (update.content?.text ?? '') : ''
}
