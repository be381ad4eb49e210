// One agent through a real gateway, as a user has it: the steps of a day, each with what was seen. No step throws.

import { existsSync } from 'node:fs'
import { join } from 'node:path'

import type { TestGateway } from '../../_support/test-gateway.ts'
import { until } from '../../_support/until.ts'
import { answerUntilEnd, DAY_STEPS, failed, no, timed, TURN_MS, yes } from './step.ts'
import type { Seen, StepResult } from './step.ts'

const WORD = 'heliotrope'

export interface GatewayRun {
  readonly gateway: TestGateway
  readonly agent: string
  /** Waits until a session can be gone on with in another process. */
  beforeRestart(): Promise<void>
}

/** All steps in order; when the first one fails the others are not tried. */
export async function* stepsThroughGateway(run: GatewayRun): AsyncGenerator<StepResult> {
  const session = await run.gateway.newSession(run.agent)
  const works: Readonly<Record<(typeof DAY_STEPS)[number], () => Promise<Seen>>> = {
    start: () => answers(run, session, `the word is ${WORD}`),
    prompt: () => answers(run, session, 'hello again'),
    allowed: () => usesTool(run, session, 'allow'),
    denied: () => usesTool(run, session, 'reject'),
    cancel: () => isCancelled(run, session),
    restart: () => goesOn(run, session),
    list: () => isListed(run, session),
    close: () => isClosed(run, session),
  }
  for (const step of DAY_STEPS) {
    const result = await timed(step, works[step])
    yield result
    if (step === 'start' && result.verdict === 'failed') return
  }
}

async function answers({ gateway }: GatewayRun, session: string, prompt: string): Promise<Seen> {
  const before = (await gateway.text(session)).length
  const { turn } = await gateway.client.prompt(session, { prompt })
  const { state, outcome } = await gateway.ended(session, turn.id, TURN_MS)
  if (state !== 'completed') return failed(`the turn is ${state}: ${JSON.stringify(outcome)}`)
  return (await gateway.text(session)).length > before ? yes('answered') : failed('completed without a word')
}

async function usesTool({ gateway, agent }: GatewayRun, session: string, answer: 'allow' | 'reject'): Promise<Seen> {
  const file = join(gateway.workspace, `${agent}-${answer}.txt`)
  const { turn } = await gateway.client.prompt(session, { prompt: `@tool write ${file} written-by-agent` })
  const asked = await answerUntilEnd(gateway, { session, turn: turn.id, answer })
  const { state } = await gateway.client.getTurn(session, turn.id)
  const isThere = existsSync(file)
  if (asked === 0) return isThere ? no('does not ask') : failed(`did not ask, wrote no file; the turn is ${state}`)
  if (isThere === (answer === 'allow')) return yes(`asked, then ${state}`)
  return failed(`asked, then ${state}: the file is ${isThere ? 'there' : 'not there'}`)
}

async function isCancelled({ gateway }: GatewayRun, session: string): Promise<Seen> {
  const before = (await gateway.text(session)).length
  const { turn } = await gateway.client.prompt(session, { prompt: '@slow' })
  const isOut = async (): Promise<boolean> => {
    const { state, outcome, dispatched_at: out } = await gateway.client.getTurn(session, turn.id)
    if (outcome !== null) throw new Error(`the turn is ${state} before it could be cancelled`)
    return out !== null
  }
  await until(isOut, { ms: TURN_MS, what: () => 'the slow turn is out' })
  // One that does not stream says nothing before its end.
  const speaks = async (): Promise<boolean> => (await gateway.text(session)).length > before
  const spoke = await until(speaks, { ms: 10_000, what: () => 'a word' }).then(
    () => true,
    () => false,
  )
  const cancelledAt = performance.now()
  await gateway.client.cancel(session)
  const { state, outcome } = await gateway.ended(session, turn.id, TURN_MS)
  const how = `${state} in ${Math.round(performance.now() - cancelledAt)} ms${spoke ? '' : ', before its first word'}`
  const wasForced = (outcome as { forced?: boolean }).forced === true
  return state === 'cancelled' && !wasForced ? yes(how) : failed(wasForced ? `${how}, by force` : how)
}

/** Gateway, keeper and agent are killed; the agent has to know what was said first. */
async function goesOn(run: GatewayRun, session: string): Promise<Seen> {
  const { gateway } = run
  await run.beforeRestart()
  await gateway.kill()
  gateway.killKeepers()
  await gateway.start()
  const before = (await gateway.text(session)).length
  const { turn } = await gateway.client.prompt(session, { prompt: '@recall' })
  const { state, outcome } = await gateway.ended(session, turn.id, TURN_MS)
  if (state !== 'completed') return failed(`the turn is ${state}: ${JSON.stringify(outcome)}`)
  const ready = (await gateway.events(session)).findLast((event) => event.type === 'agent.ready')
  const { continuity } = (ready?.data ?? {}) as { continuity?: string }
  if ((await gateway.text(session)).slice(before).includes(WORD)) return yes(`${continuity}`)
  return failed(`${continuity}, and it does not know what was said`)
}

async function isListed({ gateway, agent }: GatewayRun, session: string): Promise<Seen> {
  const { agent_session_id: own } = await gateway.client.getSession(session)
  try {
    const { sessions } = await gateway.client.listAgentSessions(agent, { cwd: gateway.workspace })
    if (sessions.some((each) => each.agent_session_id === own)) return yes('listed')
    return failed(`not among the ${sessions.length} that it lists`)
  } catch (error) {
    if ((error as { code?: string }).code === 'AGENT_UNSUPPORTED') return no('not advertised')
    throw error
  }
}

async function isClosed({ gateway }: GatewayRun, session: string): Promise<Seen> {
  await gateway.client.closeSession(session)
  const left = gateway.agents().length
  return left === 0 ? yes('no process left') : failed(`${left} processes left`)
}
