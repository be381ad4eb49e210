// The simulator's verdicts: the honest reducer breaks nothing in many schedules; each planted bug is found.

import { expect, test } from 'vitest'
import type { SessionModel } from '../../src/session/state.ts'
import type { AttachedAgent, Input } from '../../src/session/input.ts'
import type { SessionWrite } from '../../src/store/store.ts'
import { InvariantBroken } from './invariant.ts'
import type { Mutation } from './mutation.ts'
import { World } from './world.ts'
import { SESSIONS } from './worlds.ts'

const SCHEDULES = Number(process.env['HOLDFAST_SIM_SCHEDULES'] ?? 20_000)
const FIRST_SEED = Number(process.env['HOLDFAST_SIM_SEED'] ?? 1)

test(`no invariant breaks in ${SCHEDULES} schedules`, { timeout: 600_000 }, () => {
  const outcomes = new Set<string>()
  let steps = 0
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SCHEDULES; seed++) {
    const world = new World(seed)
    try {
      world.run()
    } catch (error) {
      throw new Error(`seed ${seed} (HOLDFAST_SIM_SEED=${seed} HOLDFAST_SIM_SCHEDULES=1): ${String(error)}`, {
        cause: error,
      })
    }
    steps += world.steps
    for (const outcome of world.store.outcomes.values()) outcomes.add(`${outcome.state}/${outcome.delivery}`)
  }
  expect(steps / SCHEDULES).toBeGreaterThan(20)
  // A simulator that never reaches an outcome proves nothing about it.
  expect([...outcomes]).toEqual(expect.arrayContaining([...SESSIONS.reaches]))
})

const isFromAgent = (input: Input): input is Extract<Input, { generation: number }> => 'generation' in input

const isImport = (write: SessionWrite): boolean =>
  write.kind === 'event' && write.event.type === 'conversation.imported'

const isWaiting = (write: SessionWrite): boolean => write.kind === 'session.terms' && write.terms.login !== undefined

const isReady = (write: SessionWrite): boolean => write.kind === 'event' && write.event.type === 'agent.ready'

function attachedWith(input: Input, parts: Partial<AttachedAgent>): Input {
  if (input.kind !== 'opened' || input.attached === undefined) return input
  return { ...input, attached: { ...input.attached, ...parts } }
}

function withoutValues(input: Input): Input {
  const untold = input.kind === 'opened' ? (input.attached?.elicitations?.untold ?? []) : []
  const emptied = untold.map((one) => ({ ...one, content: undefined }))
  return attachedWith(input, { elicitations: { untold: emptied, awaited: [] } })
}

const PLANTED: Readonly<Record<string, { mutation: Mutation; breaks: RegExp }>> = {
  'the generation fence is removed': {
    mutation: {
      input: (input: Input, state: SessionModel) =>
        isFromAgent(input) && state.agent.kind !== 'none' ? { ...input, generation: state.agent.generation } : input,
    },
    breaks: /^S/,
  },
  'a turn that may have been delivered is queued again': {
    mutation: {
      input: (input: Input) =>
        input.kind === 'opened'
          ? { ...input, turns: input.turns.map((turn) => ({ ...turn, delivery: 'no' as const })) }
          : input,
    },
    breaks: /^S(5|8|11|12)/,
  },
  'the cancel grace is forgotten': { mutation: { forgets: 'cancel_grace' }, breaks: /^S(6|17|22)/ },
  'the second way to ask for the end of a turn is forgotten': {
    mutation: { forgets: 'cancel_withdraw' },
    breaks: /^S29/,
  },
  'the start deadline is forgotten': { mutation: { forgets: 'agent_start' }, breaks: /^S(6|17)/ },
  'the silence deadline is forgotten': { mutation: { forgets: 'silence' }, breaks: /^S6|^N1/ },
  'the permission deadline is forgotten': { mutation: { forgets: 'permission' }, breaks: /^S(6|9)/ },
  'the deadline of the whole turn is forgotten': { mutation: { forgets: 'turn' }, breaks: /^S6/ },
  'the position in the output is not stored with what was read': {
    mutation: { loses: (write, all) => write.kind === 'agent.line' && !all.some(isReady) },
    breaks: /^S13/,
  },
  'the position is stored without what was read': {
    mutation: { loses: (write) => write.kind === 'event' && write.event.type === 'update' },
    breaks: /^S13/,
  },
  'a session that waits for a login is not held by it': {
    mutation: {
      loses: (write, all) =>
        write.kind === 'session.patch' && write.patch.blockedBy !== undefined && all.some(isWaiting),
    },
    breaks: /^S(6|31)/,
  },
  'an answer is written again after a take-over': { mutation: { forgetsFrames: true }, breaks: /^S14/ },
  'the outcome of a request that was closed in the last moment is not passed on': {
    mutation: { input: (input) => attachedWith(input, { untold: [] }) },
    breaks: /^S14/,
  },
  'a prompt that was written is sent again': {
    mutation: {
      input: (input) =>
        input.kind === 'opened' && input.attached !== undefined
          ? { ...input, turns: input.turns.map((turn) => ({ ...turn, delivery: 'no' as const })) }
          : input,
    },
    breaks: /^S(5|8|11|12)/,
  },
  'a line is stored with the dispatch that comes before it': {
    mutation: { promptsLate: true, deathChance: 0.1 },
    breaks: /^S11/,
  },
  'a permission request becomes void although who asked is here': {
    mutation: {
      input: (input) =>
        input.kind === 'opened'
          ? { ...input, openPermissions: input.openPermissions.map((one) => ({ ...one, generation: 0 })) }
          : input,
    },
    breaks: /^S14/,
  },
  'a turn is interrupted although its agent is here': {
    mutation: {
      input: (input) =>
        input.kind === 'opened' ? { ...input, turns: input.turns.map((one) => ({ ...one, generation: 0 })) } : input,
    },
    breaks: /^S15/,
  },
  'a conversation is replaced without a word': {
    mutation: { loses: (write) => write.kind === 'event' && write.event.type === 'conversation.replaced' },
    breaks: /^S16/,
  },
  'a prompt goes into another conversation than the row says': {
    mutation: {
      input: (input) =>
        input.kind === 'agent.ready' ? { ...input, agentSessionId: 'another' as typeof input.agentSessionId } : input,
    },
    breaks: /^S16/,
  },
  'the deadline of a change is forgotten': { mutation: { forgets: 'control' }, breaks: /^S(6|17)/ },
  'a change that the agent refuses is said to hold': {
    mutation: {
      input: (input) =>
        input.kind === 'agent.controlled' ? { ...input, answer: { kind: 'accepted', result: {} } } : input,
    },
    breaks: /^S17/,
  },
  'a late answer is taken for that of another change': {
    mutation: {
      input: (input, { controlNo }) => (input.kind === 'agent.controlled' ? { ...input, no: controlNo } : input),
    },
    breaks: /^S17/,
  },
  'the quiet time of the agent is forgotten': { mutation: { forgets: 'agent_quiet' }, breaks: /^S6/ },
  'the pause after a failed start is never over': { mutation: { forgets: 'agent_start_pause' }, breaks: /^S(6|22)/ },
  'a changed place is not stored': {
    mutation: { loses: (write) => write.kind === 'turn.amend' && write.amendment.place !== undefined },
    breaks: /^S(12|20)/,
  },
  'a pass that was given back lets a turn out': {
    mutation: {
      input: (input, { lanePassNo }) => (input.kind === 'lane.passed' ? { ...input, no: lanePassNo } : input),
    },
    breaks: /^S22/,
  },
  'a prompt that was written counts as unsent': {
    mutation: {
      input: (input, { active }) => (input.kind === 'agent.lost' ? { ...input, unsent: active?.turnId } : input),
    },
    breaks: /^S(5|8|11)/,
  },
  'a changed mode is not stored': {
    mutation: { loses: (write) => write.kind === 'session.patch' && write.patch.permissionMode !== undefined },
    breaks: /^S2[45]/,
  },
  'the ruling of a request is read the wrong way round': {
    mutation: {
      input: (input) =>
        input.kind === 'agent.permission' && input.ruling?.effect === 'deny'
          ? { ...input, ruling: { ...input.ruling, effect: 'allow' } }
          : input,
    },
    breaks: /^S24/,
  },
  'the ruling of a request is forgotten': {
    mutation: { input: (input) => (input.kind === 'agent.permission' ? { ...input, ruling: undefined } : input) },
    breaks: /^S2[45]/,
  },
  'the use of a rule is not counted': { mutation: { loses: ({ kind }) => kind === 'rule.hit' }, breaks: /^S25/ },
  'a client that is there counts as none': {
    mutation: { input: (input) => (input.kind === 'agent.permission' ? { ...input, isAttended: false } : input) },
    breaks: /^S26/,
  },
  'that a conversation is ours is not stored with its history': {
    mutation: { loses: (write, all) => write.kind === 'session.terms' && all.some(isImport) },
    breaks: /^S28/,
  },
  'the deadline of a question is forgotten': { mutation: { forgets: 'elicitation' }, breaks: /^S(6|9)/ },
  'the answer to a question is not passed on by the next life': {
    mutation: { input: (input) => attachedWith(input, { elicitations: { untold: [], awaited: [] } }) },
    breaks: /^S14/,
  },
  'a question is closed although who asked is here': {
    mutation: {
      input: (input) =>
        input.kind === 'opened'
          ? { ...input, elicitations: input.elicitations.map((one) => ({ ...one, generation: 0 })) }
          : input,
    },
    breaks: /^S14/,
  },
  'the values of an answer are given up before the agent has them': {
    mutation: { input: withoutValues, deathChance: 0.05 },
    breaks: /^S30/,
  },
  'the values of an answer are kept': {
    mutation: { loses: ({ kind }) => kind === 'elicitation.forget' },
    breaks: /^S30/,
  },
  'effects leave before the commit': { mutation: { effectsFirst: true }, breaks: /^S(1|3|5)/ },
}

for (const [bug, { mutation, breaks }] of Object.entries(PLANTED)) {
  test(`a planted bug is found: ${bug}`, { timeout: 120_000 }, () => {
    expect(firstBreak(mutation, 20_000)).toMatch(breaks)
  })
}

/** The message of the first broken invariant within `schedules`, or an empty string. */
function firstBreak(mutation: Mutation, schedules: number): string {
  for (let seed = 1; seed <= schedules; seed++) {
    try {
      new World(seed, mutation).run()
    } catch (error) {
      if (error instanceof InvariantBroken) return error.message
      throw error
    }
  }
  return ''
}
