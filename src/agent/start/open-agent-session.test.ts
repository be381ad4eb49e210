// Which conversation an agent is given, for each way to lose one, and which options; the agent is a table of answers.

import { describe, expect, test } from 'vitest'

import type { AgentCapabilities } from '../../acp/initialize.ts'
import { RPC_CODES } from '../../acp/rpc.ts'
import { NO_CONTROLS } from '../../acp/session-controls.ts'
import { systemClock } from '../../base/clock.ts'
import { DeadlineError, HoldfastError } from '../../base/errors.ts'
import type { AgentSessionId } from '../../base/ids.ts'
import type { Json, JsonObject } from '../../base/json.ts'
import { fromRpcFailure } from '../agent-errors.ts'
import { UNEQUIPPED } from '../equipment.ts'
import type { AgentLink } from '../link/agent-link.ts'
import { applyOptions } from './apply-options.ts'
import type { WhenLost } from '../connection.ts'
import { openAgentSession } from './open-agent-session.ts'

type Answer = Json | Error

const lost = (code: number): Error => fromRpcFailure('fake', { code, message: 'no' })

/** Answers by method; what is not in the table is answered with an empty object. */
class Answers {
  readonly agent = 'fake'
  readonly asked: string[] = []
  readonly params: JsonObject[] = []
  readonly #answers: Readonly<Record<string, Answer>>

  constructor(answers: Readonly<Record<string, Answer>>) {
    this.#answers = { 'session/new': { sessionId: 's-new' }, ...answers }
  }

  async call(method: string, params: JsonObject): Promise<Json> {
    this.asked.push(method)
    this.params.push(params)
    const answer = this.#answers[method] ?? {}
    if (answer instanceof Error) throw answer
    return answer
  }

  openSession(method: string, params: JsonObject): Promise<Json> {
    return this.call(method, params)
  }

  warn(): void {}

  takeHistory(): undefined {}

  get link(): AgentLink {
    return this as unknown as AgentLink
  }
}

const NOTHING: AgentCapabilities = {
  loadSession: false,
  resume: false,
  close: false,
  list: false,
  fork: false,
  delete: false,
  additionalDirectories: false,
  mcp: { http: false, sse: false },
  prompt: { image: false, audio: false, embeddedContext: false },
}
const ALL: AgentCapabilities = { ...NOTHING, loadSession: true, resume: true, fork: true }
const signal = new AbortController().signal
const WAITS = { begunAt: undefined, clock: systemClock, ms: 1_000, signal }

function open(answers: Answers, capabilities: AgentCapabilities, whenLost: WhenLost = 'fail', resume = 's-old') {
  const to = {
    cwd: '/work',
    equipment: UNEQUIPPED,
    resume: resume as AgentSessionId,
    whenLost,
    capabilities,
    ...WAITS,
  }
  return openAgentSession(answers.link, to)
}

describe('a conversation that is there', () => {
  test.each([
    [ALL, {}, 'resumed', ['session/resume']],
    [{ ...ALL, resume: false }, {}, 'loaded', ['session/load']],
    [ALL, { 'session/resume': lost(RPC_CODES.methodNotFound) }, 'loaded', ['session/resume', 'session/load']],
    [ALL, { 'session/resume': lost(RPC_CODES.resourceNotFound) }, 'loaded', ['session/resume', 'session/load']],
  ])('is gone on with as the agent can (%#)', async (capabilities, answers, continuity, asked) => {
    const agent = new Answers(answers)
    await expect(open(agent, capabilities)).resolves.toMatchObject({ agentSessionId: 's-old', continuity })
    expect(agent.asked).toEqual(asked)
  })
})

describe('a fork', () => {
  const fork = (answers: Answers, capabilities: AgentCapabilities) => {
    const to = { cwd: '/work', equipment: UNEQUIPPED, resume: 's-old' as AgentSessionId, ...WAITS }
    return openAgentSession(answers.link, { ...to, isFork: true, whenLost: 'fresh', capabilities })
  }

  test('is made by the agent, and nothing takes its place', async () => {
    const agent = new Answers({ 'session/fork': { sessionId: 's-fork' } })
    await expect(fork(agent, ALL)).resolves.toMatchObject({ agentSessionId: 's-fork', continuity: 'forked' })
    const gone = new Answers({ 'session/fork': lost(RPC_CODES.resourceNotFound) })
    await expect(fork(gone, ALL)).rejects.toMatchObject({ code: 'AGENT_CONVERSATION_LOST' })
    const unable = new Answers({})
    await expect(fork(unable, { ...ALL, fork: false })).rejects.toMatchObject({ code: 'AGENT_UNSUPPORTED' })
    expect([agent.asked, gone.asked, unable.asked]).toEqual([['session/fork'], ['session/fork'], []])
  })
})

describe('a conversation that is lost', () => {
  const gone = lost(RPC_CODES.resourceNotFound)
  const never = { 'session/resume': gone, 'session/load': gone }

  test.each([RPC_CODES.resourceNotFound, RPC_CODES.invalidParams, RPC_CODES.methodNotFound])(
    'is recognised by the code %i',
    async (code) => {
      const refusal = open(new Answers({ 'session/load': lost(code) }), { ...NOTHING, loadSession: true })
      await expect(refusal).rejects.toMatchObject({
        code: 'AGENT_CONVERSATION_LOST',
        details: { conversation: 's-old', reason: 'refused', raw: { code } },
      })
    },
  )

  test('is not what an internal error, a missing login or silence says: it may be there at the next try', async () => {
    const failures = [lost(RPC_CODES.internalError), lost(RPC_CODES.authRequired), new DeadlineError('session/load', 1)]
    const codes = ['AGENT_ERROR', 'AGENT_AUTH_REQUIRED', 'DEADLINE']
    for (const [index, failure] of failures.entries()) {
      const agent = new Answers({ 'session/load': failure })
      await expect(open(agent, { ...NOTHING, loadSession: true }, 'fresh')).rejects.toMatchObject({
        code: codes[index],
      })
      expect(agent.asked).toEqual(['session/load'])
    }
  })

  test.each<[WhenLost, AgentCapabilities, Record<string, Answer>, string]>([
    ['fresh', NOTHING, {}, 'fresh s-new'],
    ['fresh', ALL, never, 'fresh s-new'],
    ['fork', ALL, { ...never, 'session/fork': { sessionId: 's-fork' } }, 'forked s-fork'],
    ['fork', { ...NOTHING, fork: true }, { 'session/fork': { sessionId: 's-fork' } }, 'forked s-fork'],
    ['fork', ALL, { ...never, 'session/fork': gone }, 'AGENT_CONVERSATION_LOST'],
    ['fork', { ...ALL, fork: false }, never, 'AGENT_CONVERSATION_LOST'],
    ['fail', ALL, never, 'AGENT_CONVERSATION_LOST'],
    ['fail', NOTHING, {}, 'AGENT_CONVERSATION_LOST'],
  ])('with %s (%#) ends as wanted', async (whenLost, capabilities, answers, end) => {
    const agent = new Answers(answers)
    const ended = await open(agent, capabilities, whenLost).then(
      ({ continuity, agentSessionId }) => `${continuity} ${agentSessionId}`,
      (error: HoldfastError) => error.code,
    )
    expect(ended).toBe(end)
    expect(agent.asked.includes('session/new')).toBe(end.startsWith('fresh'))
  })
})

describe('options at the start', () => {
  const session = {
    agentSessionId: 's1' as AgentSessionId,
    controls: { ...NO_CONTROLS, modes: { current: 'ask', available: ['ask', 'code'].map((id) => ({ id, name: id })) } },
  }
  const code = { option: 'mode', value: 'code' }
  const apply = (agent: Answers, ...wanted: { option: string; value: string }[]) =>
    applyOptions(agent.link, session, { wanted, ms: 1_000, signal })

  test('what the agent takes holds; what is set already is not sent; what it does not offer is told', async () => {
    const agent = new Answers({})
    const taken = await apply(agent, code, code, { option: 'model', value: 'big' })
    expect(taken.controls.modes?.current).toBe('code')
    expect(agent.params).toEqual([{ sessionId: 's1', modeId: 'code' }])
    expect(taken.refused).toEqual([{ option: 'model', value: 'big', reason: 'not_advertised', advertised: ['mode'] }])
  })

  test('a refusal is told with what the agent answered, and fails nothing', async () => {
    const { refused, controls } = await apply(new Answers({ 'session/set_mode': lost(-32_602) }), code)
    expect(refused).toMatchObject([{ ...code, reason: 'refused', error: { details: { raw: { code: -32_602 } } } }])
    expect(controls.modes?.current).toBe('ask')
  })

  test('an agent that does not answer is asked nothing more', async () => {
    const agent = new Answers({ 'session/set_mode': new DeadlineError('session/set_mode', 1) })
    const { refused } = await apply(agent, code, code)
    expect(refused.map(({ reason }) => reason)).toEqual(['deadline', 'deadline'])
    expect(agent.asked).toHaveLength(1)
  })

  test('the end of the agent ends the start', async () => {
    const gone = new HoldfastError('AGENT_EXITED', { agent: 'fake' })
    await expect(apply(new Answers({ 'session/set_mode': gone }), code)).rejects.toBe(gone)
  })
})
