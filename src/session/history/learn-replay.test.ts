// What a replay adds to the log, for any conversation and any place at which ours ends. C-25: docs/acp-client.md.

import { array, assert, boolean, constantFrom, nat, property, record, tuple } from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { JsonObject } from '../../base/json.ts'
import { learnReplay } from './learn-replay.ts'
import type { KnownConversation } from './learn-replay.ts'
import { saidBy, toolOf } from './telling.ts'

interface Message {
  readonly voice: 'user' | 'agent' | 'thought' | 'tool'
  readonly text: string
  /** Where its text is cut into chunks in the log, and in the replay. */
  readonly cuts: readonly [number, number]
}

interface Style {
  readonly hasIds: boolean
  /** The log, or the replay. */
  readonly isReplay: boolean
}

const VARIANTS = { user: 'user_message_chunk', agent: 'agent_message_chunk', thought: 'agent_thought_chunk' }

function updatesOf({ voice, text, cuts }: Message, index: number, { hasIds, isReplay }: Style): JsonObject[] {
  if (voice === 'tool') {
    const update = { sessionUpdate: 'tool_call_update', toolCallId: `t${index}`, status: 'completed' }
    return [{ sessionUpdate: 'tool_call', toolCallId: `t${index}`, title: text }, update]
  }
  const at = cuts[isReplay ? 1 : 0] % (text.length + 1)
  const chunks = [text.slice(0, at), text.slice(at)].filter((chunk) => chunk !== '')
  // The log has prompts as they were sent; ids without ones of the agent's are ours.
  const own = hasIds && (isReplay || voice !== 'user') ? `id-${index}` : `m1.${isReplay ? 500 + index : index}`
  return chunks.map((chunk) => ({
    sessionUpdate: VARIANTS[voice],
    content: { type: 'text', text: chunk },
    messageId: own,
  }))
}

function logOf(messages: readonly Message[], hasIds: boolean, isWhole = true): KnownConversation {
  const updates = messages.flatMap((message, index) => updatesOf(message, index, { hasIds, isReplay: false }))
  return {
    isWhole,
    tell: (telling, isWanted) => {
      for (const update of updates) {
        const said = saidBy(update)
        const tool = toolOf(update)
        if (said !== undefined && isWanted(said.voice)) telling.say(said)
        if (tool !== undefined) telling.callTool(tool.id, tool.isBeginning)
      }
    },
  }
}

function replayOf(messages: readonly Message[], hasIds: boolean, from = 0): JsonObject[] {
  return messages.slice(from).flatMap((message, at) => updatesOf(message, at + from, { hasIds, isReplay: true }))
}

const asTexts = (updates: readonly JsonObject[]): string[] => updates.map((update) => JSON.stringify(update))

function learned(log: KnownConversation, replay: readonly JsonObject[], leftOut = 0): unknown[] | string {
  const found = learnReplay(log, { updates: asTexts(replay), leftOut })
  if (found === undefined) return []
  return found.kind === 'news' ? found.updates.map((text) => JSON.parse(text) as JsonObject) : 'unmatched'
}

const voices = constantFrom('user' as const, 'agent' as const, 'thought' as const, 'tool' as const)
/** So few words that most of what is said was said before. */
const words = constantFrom('a', 'b', 'ab', 'a b', 'ba ')
const messages = array(record({ voice: voices, text: words, cuts: tuple(nat(5), nat(5)) }), { maxLength: 12 })

/** No voice speaks twice in a row, with tool calls in between or without. */
function inTurns(drawn: readonly Message[]): Message[] {
  const spoken: Message[] = []
  for (const one of drawn) {
    const last = spoken.findLast(({ voice }) => voice !== 'tool')
    if (one.voice === 'tool' || one.voice !== last?.voice) spoken.push(one)
  }
  return spoken
}

describe('C-25 for every conversation that our log has up to some message', () => {
  test('exactly what comes after it is learned: with ids and without, however it is cut into chunks', () => {
    assert(
      property(messages, nat(12), boolean(), (conversation, split, hasIds) => {
        const log = logOf(conversation.slice(0, split), hasIds)
        expect(learned(log, replayOf(conversation, hasIds))).toEqual(replayOf(conversation, hasIds, split))
      }),
      { numRuns: 3_000 },
    )
  })

  test('and after it was learned, the same replay has nothing new', () => {
    assert(
      property(messages, boolean(), (conversation, hasIds) => {
        expect(learned(logOf(conversation, hasIds), replayOf(conversation, hasIds))).toEqual([])
      }),
    )
  })

  test('of a replay whose beginning is missing, exactly what comes after it is learned, if no two messages are the same', () => {
    assert(
      property(messages, nat(12), nat(12), boolean(), (drawn, split, dropped, hasIds) => {
        const conversation = inTurns(drawn).map((one, index) => ({ ...one, text: `${index}: ${one.text} (${index})` }))
        const known = conversation.slice(0, split)
        const lastKnown = known.findLastIndex(({ voice }) => voice !== 'tool')
        if (lastKnown < 0) return
        const from = Math.min(dropped, lastKnown)
        const replay = replayOf(conversation, hasIds, from)
        expect(learned(logOf(known, hasIds), replay, 1)).toEqual(replayOf(conversation, hasIds, split))
      }),
    )
  })
})

const say = (voice: 'user' | 'agent' | 'thought', text: string): Message => ({ voice, text, cuts: [3, 5] })
const HELLO = [say('user', 'hello'), say('agent', 'good morning')]

test('C-25 a replay of something else brings nothing, and that is said with numbers', () => {
  const other = [say('user', 'who are you'), say('agent', 'a program')]
  expect(learnReplay(logOf(HELLO, false), { updates: asTexts(replayOf(other, false)), leftOut: 2 })).toEqual({
    kind: 'unmatched',
    replayed: replayOf(other, false).length,
    leftOut: 2,
  })
})

test('an agent that keeps no thoughts is understood all the same', () => {
  const log = logOf([...HELLO, say('thought', 'hm'), say('agent', 'and more')], false)
  const replay = replayOf([...HELLO, say('agent', ' and more'), say('user', 'next')], false)
  expect(learned(log, replay)).toEqual(replay.slice(-1))
})

test('the rest of a message that our log has the beginning of is learned, and blanks make no difference', () => {
  const log = logOf([say('user', 'hello'), say('agent', 'good  mor')], false)
  const [, , ...rest] = replayOf(HELLO, false)
  const news = learned(log, [...replayOf(HELLO, false).slice(0, 2), ...rest]) as { content: { text: string } }[]
  expect(news.map(({ content }) => content.text).join('')).toBe('ning')
})

test('ids that a process gives anew to something else are no ids', () => {
  const ids = (updates: JsonObject[], id: string): JsonObject[] => updates.map((one) => ({ ...one, messageId: id }))
  const [hello, answer, next] = [say('user', 'hello'), say('agent', 'yes'), say('agent', 'later')]
  const replay = [
    ...ids(replayOf([hello], false), 'id-1'),
    ...ids(replayOf([answer], false), 'id-2'),
    ...ids(replayOf([next], false), 'id-3'),
  ]
  expect(learned(logOf([hello, answer], true), replay)).toEqual(ids(replayOf([next], false), 'id-3'))
})

test('what only says how things are is no news', () => {
  const usage = { sessionUpdate: 'usage_update', used: 1, size: 2 }
  expect(learned(logOf(HELLO, false), [...replayOf(HELLO, false), usage])).toEqual([])
})
