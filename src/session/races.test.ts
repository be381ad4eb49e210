// What close, cancel, evict and a prompt do to each other when they meet: 500 rounds each on the real store, the interleaving of
// each round chosen by its seed.

import { expect, test } from 'vitest'

import { racingConnector, stepAside } from '../../test/_support/racing-agents.ts'
import type { RacingConnector } from '../../test/_support/racing-agents.ts'
import { TestSessions } from '../../test/_support/test-sessions.ts'
import { seededRandom } from '../../test/model/random.ts'
import type { Random } from '../../test/model/random.ts'
import { systemClock } from '../base/clock.ts'
import { isHoldfastError } from '../base/errors.ts'
import type { SessionId, TurnId } from '../base/ids.ts'
import { AgentSlots } from './agents/agent-slots.ts'

const ROUNDS = 500
const LANES = 10
/** Seconds are enough; a machine that does other things gets more. */
const PLAY_MS = 90_000
const HELLO = [{ type: 'text', text: 'hello' }]
/** What a call may be told that came too late. */
const TOO_LATE = new Set(['SESSION_CLOSED', 'PERMISSION_CLOSED'])

/** One set of sessions, its agents, and the dice that move them. */
interface Lane extends AsyncDisposable {
  readonly at: TestSessions
  readonly agents: RacingConnector
  readonly slots: AgentSlots
  readonly random: Random
}

interface Sess {
  readonly id: SessionId
  readonly no: number
}

async function openLane(seed: number, { asks = 0, liveMax = 8 }: { asks?: number; liveMax?: number }): Promise<Lane> {
  const random = seededRandom(seed)
  const agents = racingConnector(random, { asks })
  const slots = new AgentSlots({ liveMax, startingMax: 4, waitMs: 60_000 }, systemClock)
  const limits = { cancelGraceMs: 10_000, silenceMs: 30_000 }
  const at = await TestSessions.start(limits, { connector: agents, slots })
  return { at, agents, slots, random, [Symbol.asyncDispose]: () => at[Symbol.asyncDispose]() }
}

/** Plays the rounds, a share of them in each lane, and looks at what every lane is left with. Resolves with their number. */
async function race(setup: { asks?: number; liveMax?: number }, round: (lane: Lane) => Promise<void>): Promise<number> {
  let played = 0
  const play = async (seed: number): Promise<void> => {
    await using lane = await openLane(seed, setup)
    for (let i = 0; i < ROUNDS / LANES; i++, played++) {
      await round(lane).catch((cause: unknown) => {
        throw new Error(`round ${i} of seed ${seed}`, { cause })
      })
    }
    expect([lane.agents.live.size, lane.slots.live]).toEqual([0, 0])
    expect(lane.agents.started.every(({ prompts }) => new Set(prompts).size === prompts.length)).toBe(true)
  }
  await Promise.all(Array.from({ length: LANES }, (_, lane) => play(lane + 1)))
  return played
}

async function newSession({ at }: Lane): Promise<Sess> {
  const { status } = await at.service.ensure({ agent: 'fake', cwd: '/tmp' })
  return status.session
}

async function prompt({ at }: Lane, { id }: Sess): Promise<TurnId> {
  return (await at.service.prompt(id, { prompt: HELLO })).turn.id
}

/** Does it at a moment of its own; being told that it came too late is a fair answer. */
async function sometime(lane: Lane, act: () => Promise<unknown>): Promise<void> {
  await stepAside(lane.random)
  await act().catch((error: unknown) => {
    if (!isHoldfastError(error) || !TOO_LATE.has(error.code)) throw error
  })
}

/**
 * Nothing of it lives, it was closed once and nothing happened to it afterwards; each of its turns has ended once, and is
 * completed only if the agent has said so.
 */
async function expectClosed({ at, agents }: Lane, { id, no }: Sess): Promise<void> {
  expect([...agents.live].filter(({ sessionId }) => sessionId === id)).toEqual([])
  const history = await at.history(no)
  expect(history.filter((name) => name === 'session.closed')).toHaveLength(1)
  expect(history.at(-1)).toBe('session.closed')
  const turns = await at.service.turns(id, { limit: 100 })
  expect(history.filter((name) => name === 'turn.queued')).toHaveLength(turns.length)
  expect(history.filter((name) => name.startsWith('turn.ended'))).toHaveLength(turns.length)
  for (const { id: turnId, outcome, state } of turns) {
    expect(outcome?.state).toBe(state)
    const answered = agents.started.some(({ answers }) => answers.get(turnId) === 'end_turn')
    if (state === 'completed') expect(answered).toBe(true)
  }
  expect((await at.service.get(id)).live).toMatchObject({ activity: 'closed', agentPid: undefined })
  await expect(at.service.prompt(id, { prompt: HELLO })).rejects.toMatchObject({ code: 'SESSION_CLOSED' })
}

async function waitEnded({ at }: Lane, { id }: Sess, turnId: TurnId): Promise<string> {
  for (;;) {
    const { outcome } = await at.service.turn(id, turnId)
    if (outcome !== undefined) return outcome.state
    await new Promise((resolve) => setImmediate(resolve))
  }
}

test(
  'a close that meets the end of a turn closes once, and the agent does not go back to the pool (P4)',
  async () => {
    const played = await race({}, async (lane) => {
      const session = await newSession(lane)
      await prompt(lane, session)
      if (lane.random.chance(0.5)) await prompt(lane, session)
      await Promise.all([1, 2].map(() => sometime(lane, () => lane.at.service.close(session.id))))
      await expectClosed(lane, session)
    })
    expect(played).toBe(ROUNDS)
  },
  PLAY_MS,
)

test(
  'a prompt that meets the eviction of its agent is answered, by this process or the next one',
  async () => {
    const played = await race({ liveMax: 1 }, async (lane) => {
      const [first, second] = [await newSession(lane), await newSession(lane)]
      await waitEnded(lane, first, await prompt(lane, first))
      const ends = [first, second, first].map(async (session) => {
        await stepAside(lane.random)
        return waitEnded(lane, session, await prompt(lane, session))
      })
      expect(await Promise.all(ends)).toEqual(['completed', 'completed', 'completed'])
      expect(lane.agents.liveMost).toBe(1)
      for (const session of [first, second]) {
        await lane.at.service.close(session.id)
        await expectClosed(lane, session)
      }
    })
    expect(played).toBe(ROUNDS)
  },
  PLAY_MS,
)

test(
  'a close that meets a start leaves no process, also when the start succeeds after it was given up',
  async () => {
    const played = await race({ liveMax: 2 }, async (lane) => {
      const sessions = await Promise.all([newSession(lane), newSession(lane), newSession(lane)])
      const fates = sessions.map(async (session) => {
        const asked = sometime(lane, () => prompt(lane, session))
        await Promise.all([asked, sometime(lane, () => lane.at.service.close(session.id))])
        await lane.at.service.close(session.id)
        await expectClosed(lane, session)
      })
      await Promise.all(fates)
    })
    expect(played).toBe(ROUNDS)
  },
  PLAY_MS,
)

test(
  'cancel, close, the answer of a person and the answer of the agent at once end each turn once',
  async () => {
    const played = await race({ asks: 0.7 }, async (lane) => {
      const { service } = lane.at
      const session = await newSession(lane)
      await prompt(lane, session)
      await prompt(lane, session)
      const answer = async (): Promise<void> => {
        const [open] = await service.permissions({ sessionId: session.id, state: 'open' }, 1)
        if (open !== undefined) await service.answerPermission(open.id, { optionId: 'y', answeredBy: 'test' })
      }
      const acts = [answer, () => service.cancel(session.id), answer, () => service.close(session.id)]
      await Promise.all(acts.map((act) => sometime(lane, act)))
      await expectClosed(lane, session)
      expect(await service.permissions({ sessionId: session.id, state: 'open' }, 1)).toEqual([])
    })
    expect(played).toBe(ROUNDS)
  },
  PLAY_MS,
)
