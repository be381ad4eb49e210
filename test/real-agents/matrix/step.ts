// One step of an agent through the gateway, and what was seen of it.

import type { TestGateway } from '../../_support/test-gateway.ts'
import { until } from '../../_support/until.ts'

/** `no`: not advertised, or not done by this agent. */
export type Verdict = 'yes' | 'no' | 'failed'

/** A day of work, in this order, in one session. */
export const DAY_STEPS = ['start', 'prompt', 'allowed', 'denied', 'cancel', 'restart', 'list', 'close'] as const
/** Each in a session of its own. */
export const FURTHER_STEPS = ['mcp', 'directory', 'fork', 'delete', 'files', 'version', 'login'] as const

export type Step = (typeof DAY_STEPS)[number] | (typeof FURTHER_STEPS)[number]

export interface StepResult {
  readonly step: Step
  readonly verdict: Verdict
  readonly detail: string
  readonly ms: number
}

export type Seen = Pick<StepResult, 'verdict' | 'detail'>

export const yes = (detail: string): Seen => ({ verdict: 'yes', detail })
export const no = (detail: string): Seen => ({ verdict: 'no', detail })
export const failed = (detail: string): Seen => ({ verdict: 'failed', detail })

/** Of a turn, a start of the agent included. */
export const TURN_MS = 60_000
const DETAIL_CHARS = 300

/** Never rejects: what goes wrong is a step that failed. */
export async function timed(step: Step, work: () => Promise<Seen>): Promise<StepResult> {
  const startedAt = performance.now()
  const seen = await work().catch((error: unknown) => failed(explain(error)))
  return { step, ...seen, ms: Math.round(performance.now() - startedAt) }
}

function explain(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.replaceAll(/\s+/g, ' ').slice(0, DETAIL_CHARS)
}

export interface AskedTurn {
  readonly session: string
  readonly turn: string
  readonly answer: 'allow' | 'reject'
}

/** Answers every permission request until the turn has ended; resolves with how many there were. */
export async function answerUntilEnd({ client }: TestGateway, { session, turn, answer }: AskedTurn): Promise<number> {
  let asked = 0
  const hasEnded = async (): Promise<boolean> => {
    for (const { id, options } of (await client.listPermissions({ state: 'open' })).permissions) {
      const offered = options as { optionId: string; kind: string }[]
      const option =
        offered.find(({ kind }) => kind === `${answer}_once`) ?? offered.find(({ kind }) => kind.startsWith(answer))
      if (option === undefined) throw new Error(`no option to ${answer} with: ${JSON.stringify(offered)}`)
      await client.answerPermission(id, { option_id: option.optionId })
      asked += 1
    }
    return (await client.getTurn(session, turn)).outcome !== null
  }
  await until(hasEnded, { ms: TURN_MS, what: () => 'the turn with a tool ended' })
  return asked
}
