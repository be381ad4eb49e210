// C 45 to 56: every way in which an agent can end its turn, or fail to. One real gateway for all.

import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { TestGateway } from '../_support/test-gateway.ts'

const SILENCE_MS = 1_500
const ENDS_IN_MS = 15_000

let gateway: TestGateway
beforeAll(async () => {
  const chatty = [process.execPath, join(import.meta.dirname, '../agents/scripted-agent.mjs'), '--banner'] as const
  const deadlines = { silenceMs: SILENCE_MS, cancelGraceMs: 300 }
  gateway = await TestGateway.start({ agents: { chatty: { command: chatty } }, config: { deadlines } })
})
afterAll(() => gateway[Symbol.asyncDispose]())

interface End {
  readonly title: string
  readonly prompt: string
  readonly agent?: string
  readonly turn: object
  /** What is in the conversation of the turn. */
  readonly text?: string
  /** Whether the next prompt finds the same process. */
  readonly isSameProcess: boolean
}

const exited = (details: object, delivery = 'yes'): object => ({
  state: 'failed',
  delivery,
  outcome: { delivery, error: { code: 'AGENT_EXITED', details } },
})
const silent = { state: 'timed_out', outcome: { error: { code: 'TURN_TIMED_OUT' } } }
const stopped = (reason: string): object => ({
  state: 'completed',
  outcome: { stop_reason: reason, error: null, forced: false },
})

const ENDS: readonly End[] = [
  { title: 'C 45: no answer is silence', prompt: '@no-reply', turn: silent, isSameProcess: false },
  {
    title: 'C 48: two answers end the turn once',
    prompt: '@reply-twice',
    turn: stopped('end_turn'),
    isSameProcess: true,
  },
  {
    title: 'C 49: an answer under an id that nobody gave is no answer',
    prompt: '@reply-wrong-id',
    turn: silent,
    isSameProcess: false,
  },
  {
    title: 'C 51: a crash before any output: delivery unknown',
    prompt: '@crash',
    turn: exited({ code: 1, signal: null }, 'unknown'),
    isSameProcess: false,
  },
  {
    title: 'C 52: a kill after output: what was said is kept',
    prompt: '@chunks 3 @kill9',
    turn: exited({ signal: 'SIGKILL' }),
    text: 'chunk 1 chunk 2 chunk 3 ',
    isSameProcess: false,
  },
  {
    title: 'C 53: an exit with code 0 is a failure too (T8)',
    prompt: '@say bye @exit0',
    turn: exited({ code: 0, signal: null }),
    text: 'bye',
    isSameProcess: false,
  },
  {
    title: 'C 54: an agent that closes its output and stays is ended (T8)',
    prompt: '@close-stdout',
    turn: { state: 'failed', outcome: { error: { code: 'AGENT_PROTOCOL_ERROR' } } },
    isSameProcess: false,
  },
  {
    title: 'X-32 an agent that closes its input and stays is ended',
    prompt: '@close-stdin',
    turn: {
      state: 'failed',
      outcome: { error: { code: 'AGENT_PROTOCOL_ERROR', details: { reason: 'it closed its stdin' } } },
    },
    isSameProcess: false,
  },
  {
    title: 'C 55: an error is passed on, its code and its text',
    prompt: '@error -32603 no luck today',
    turn: {
      state: 'failed',
      delivery: 'yes',
      outcome: { error: { code: 'AGENT_ERROR', details: { raw: { code: -32603, message: 'no luck today' } } } },
    },
    isSameProcess: true,
  },
  {
    title: 'C 55: the error that means a login has a code of its own',
    prompt: '@say hm @error -32000 who are you',
    text: 'hm',
    turn: {
      state: 'failed',
      outcome: { error: { code: 'AGENT_AUTH_REQUIRED', details: { raw: { code: -32000, message: 'who are you' } } } },
    },
    isSameProcess: false,
  },
  { title: 'C 56: refusal', prompt: '@stop refusal', turn: stopped('refusal'), isSameProcess: true },
  { title: 'C 56: max_tokens', prompt: '@stop max_tokens', turn: stopped('max_tokens'), isSameProcess: true },
  {
    title: 'C 56: a reason that nobody knows ends the turn and is passed on',
    prompt: '@stop nonsense',
    turn: stopped('nonsense'),
    isSameProcess: true,
  },
  {
    title: 'E 97: lines that are no messages harm no turn',
    prompt: '@junk @say done',
    agent: 'chatty',
    turn: stopped('end_turn'),
    text: 'done',
    isSameProcess: true,
  },
]

describe.concurrent('the turn is told as it ended, once, and the session can be used again', () => {
  test.each(ENDS)('$title', async ({ prompt, agent, turn, text = '', isSameProcess }) => {
    const session = await gateway.newSession(agent)
    const asked = await gateway.client.prompt(session, { prompt })
    const ended = await gateway.ended(session, asked.turn.id, ENDS_IN_MS)
    expect(ended).toMatchObject(turn)
    expect(await gateway.text(session)).toBe(text)
    expect((await gateway.ask(session, 'and now')).state).toBe('completed')
    const events = await gateway.events(session)
    expect(events.filter(({ type, turn_id: of }) => type === 'turn.ended' && of === ended.id)).toHaveLength(1)
    expect(events.filter(({ type }) => type === 'agent.ready')).toHaveLength(isSameProcess ? 1 : 2)
    const received = (await gateway.received('recv')).filter(({ id }) => id === ended.id)
    if (agent === undefined) expect(received).toHaveLength(1)
    expect(await gateway.client.getTurn(session, ended.id)).toEqual(ended)
  })
})

test('C 54: of all agents that were ended none is left', async () => {
  const { sessions } = await gateway.client.listSessions()
  const pids = sessions.map(({ agent_pid: pid }) => pid).filter((pid) => pid !== null)
  const agents = (): number[] =>
    gateway
      .agents()
      .filter(({ command }) => command.includes('scripted-agent'))
      .map(({ pid }) => pid)
  await expect.poll(agents, { timeout: 5_000 }).toHaveLength(pids.length)
  expect(new Set(agents())).toEqual(new Set(pids))
})
